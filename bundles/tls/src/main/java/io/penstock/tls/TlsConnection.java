// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.facet.TlsFacet;
import io.penstock.error.BrokenPipeException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tlschannel.TrackingAllocator;
import tlschannel.impl.TlsChannelImpl;

/**
 * What both directions of a connection share: the engine and the library that drives it, the lock,
 * and the way of encrypted bytes to the channel below.
 *
 * <p>There is one lock for both directions, because either may have to move the other's bytes. It
 * is held while records are encrypted or decrypted and handed to the channel below, never while a
 * thread waits or a callback runs. A thread that cannot have the lock at once and must not wait
 * leaves a signal, which is delivered when the lock is released.
 */
final class TlsConnection {
  /** As much as goes into one record of TLS 1.3, less what the engine keeps for itself. */
  static final int CHUNK = 16367;

  /** What a record adds to its bytes; estimated from above. */
  static final int OVERHEAD = 96;

  static final int SOURCE = 1;
  static final int SINK = 2;
  private static final int SERVE = 4;

  private static final Logger LOG = Messages.log("tls");
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  final SourceDriver belowSource;
  final SinkDriver belowSink;
  final SSLEngine engine;
  final Borrowed buffers;
  final TlsTransport transport;
  final TlsChannelImpl tls;

  private final ProviderContext context;
  private final ReentrantLock lock = new ReentrantLock();
  private final AtomicInteger signals = new AtomicInteger();
  private final AtomicBoolean flushing = new AtomicBoolean();
  private volatile Runnable sourceReady = () -> {};
  private volatile Runnable sinkReady = () -> {};
  private volatile Runnable onBelow = () -> {};
  private volatile String name;

  // Written under the lock.
  volatile @Nullable TlsFacet facet;
  volatile boolean released;
  volatile @Nullable IOException inFailure;
  volatile @Nullable IOException outFailure;
  // Guarded by the lock.
  boolean outEnded;

  /**
   * A connection above a channel from which nothing was read, and to which nothing was written.
   *
   * @param cut called when the connection holds more than there is memory for
   */
  TlsConnection(
      String name,
      ChannelDriver below,
      SSLEngine engine,
      BufferStock stock,
      ProviderContext context,
      Consumer<IOException> cut)
      throws IOException {
    SourceDriver in = below.source();
    SinkDriver out = below.sink();
    if (in == null || out == null) {
      throw new IOException(name + ": TLS needs a channel with both an input and an output");
    }
    this.name = name;
    this.context = context;
    this.belowSource = in;
    this.belowSink = out;
    this.engine = engine;
    this.buffers = new Borrowed(stock, context.memory(cut));
    this.transport = new TlsTransport(in, out, buffers, () -> this.name);
    TrackingAllocator allocator = new TrackingAllocator(buffers);
    this.tls =
        new TlsChannelImpl(
            transport,
            transport,
            engine,
            Optional.empty(),
            session -> {},
            true,
            allocator,
            allocator,
            true,
            false);
    in.onReady(this::belowReady);
    out.onReady(this::belowReady);
  }

  String name() {
    return name;
  }

  void rename(String value) {
    name = value;
  }

  // ---- being told

  void onSourceReady(Runnable callback) {
    sourceReady = callback;
  }

  void onSinkReady(Runnable callback) {
    sinkReady = callback;
  }

  /** Has a task told of every change below, while the handshake lasts. */
  void onBelow(Runnable task) {
    onBelow = task;
  }

  private void belowReady() {
    if (lock.isHeldByCurrentThread()) {
      signal(SERVE | SOURCE | SINK);
      return;
    }
    serve();
    sourceReady.run();
    sinkReady.run();
    onBelow.run();
  }

  void signal(int which) {
    signals.getAndUpdate(old -> old | which);
  }

  // ---- the lock

  void lock() {
    lock.lock();
  }

  /** Releases the lock, and then calls the callbacks that are due. */
  void unlock() {
    if (transport.publish()) {
      signal(SINK);
    }
    buffers.settle();
    lock.unlock();
    int due = signals.get() == 0 ? 0 : signals.getAndSet(0);
    if ((due & SERVE) != 0) {
      serve();
    }
    if ((due & SOURCE) != 0) {
      sourceReady.run();
      onBelow.run();
    }
    if ((due & SINK) != 0) {
      sinkReady.run();
    }
  }

  /**
   * Takes the lock without waiting. If it cannot, the holder of the lock will serve this call or
   * deliver its signal.
   */
  boolean tryLock(int otherwise) {
    if (lock.isHeldByCurrentThread()) {
      signal(otherwise);
      return false;
    }
    if (lock.tryLock()) {
      return true;
    }
    signal(otherwise);
    return lock.tryLock();
  }

  // ---- encrypted bytes on their way

  /** Hands on encrypted bytes that found no room before. Without a writer no other code does. */
  private void serve() {
    if (transport.unsent() > 0 && tryLock(SERVE)) {
      try {
        flushQuietly();
      } finally {
        unlock();
      }
    }
  }

  void flushQuietly() {
    try {
      flush();
    } catch (IOException e) {
      // The writer is told; a reader finds out the reason by itself.
      LOG.log(Level.DEBUG, "{0}: what was written could not be sent", name, e);
    }
  }

  /** Returns whether nothing is left; otherwise sees to it that the rest goes. */
  boolean flush() throws IOException {
    try {
      if (transport.flush()) {
        return true;
      }
    } catch (IOException e) {
      outFailure = e;
      signal(SINK);
      throw e;
    }
    SelectableChannel channel = belowSink.selectable();
    if (channel != null && !released && flushing.compareAndSet(false, true)) {
      context.select(
          channel,
          belowSink.interest(),
          () -> {
            flushing.set(false);
            // At once and on this thread means that the product stops: no later call will report
            // room.
            if (!lock.isHeldByCurrentThread()) {
              serve();
            }
          });
    }
    return false;
  }

  /** Sends the alert that says why, as far as there is room for it. */
  void tellPeer() {
    try {
      wrapLast(ByteBuffer.allocate(BufferStock.RECORD), false);
      flush();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the peer could not be told why", name, e);
    }
  }

  /** Sends the end of what we write. */
  void endOutput() throws IOException {
    engine.closeOutbound();
    ByteBuffer last = buffers.record();
    try {
      wrapLast(last, true);
    } catch (SSLException e) {
      BrokenPipeException why = broken(TlsFailures.reason(e));
      outFailure = why;
      throw why;
    } finally {
      buffers.free(last);
    }
    flush();
  }

  /** Wraps what the engine has to say: until its output is done, or while it asks for it. */
  private void wrapLast(ByteBuffer into, boolean untilDone) throws SSLException {
    for (int i = 0; i < 4 && hasToSay(untilDone); i++) {
      SSLEngineResult result = engine.wrap(NOTHING.duplicate(), into.clear());
      int unused = transport.append(into.flip());
      if (result.getStatus() != SSLEngineResult.Status.OK) {
        break;
      }
    }
  }

  private boolean hasToSay(boolean untilDone) {
    return untilDone
        ? !engine.isOutboundDone()
        : engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP;
  }

  // ---- what was agreed, and what went wrong

  /**
   * Whether the engine has agreed on anything. The engine also calls a handshake finished that the
   * peer, or an attacker on the way, has cut short by an alert "user cancelled" and a close. No
   * certificate was shown then.
   */
  boolean agreed() {
    return !tls.shutdownReceived() && !engine.getSession().getProtocol().equals("NONE");
  }

  boolean handshaking() {
    HandshakeStatus status = engine.getHandshakeStatus();
    return status == HandshakeStatus.NEED_UNWRAP || status == HandshakeStatus.NEED_TASK;
  }

  boolean modern() {
    TlsFacet agreed = facet;
    return agreed == null || agreed.protocol().equals("TLSv1.3");
  }

  /**
   * The engine asks for more of a record whose header claims more than a record may have, and the
   * buffers below grow no further.
   */
  IOException unreadable(Throwable cause) {
    return new IOException(
        name
            + ": the peer sent what is not TLS, such as a record of more than "
            + BufferStock.RECORD
            + " bytes",
        cause);
  }

  BrokenPipeException broken(String why) {
    return new BrokenPipeException(name, "the peer does not read any more: " + why, 0);
  }
}
