// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.Capability;
import io.penstock.channel.facet.TlsFacet;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.HandshakeException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Memory;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tlschannel.NeedsReadException;
import tlschannel.NeedsWriteException;
import tlschannel.TrackingAllocator;
import tlschannel.impl.TlsChannelImpl;

/**
 * TLS above a channel: the library drives the engine; this class does the rest.
 *
 * <p>There is one lock for both directions, because either may have to move the other's bytes. It
 * is held while records are encrypted or decrypted and handed to the channel below, never while a
 * thread waits or a callback runs. A thread that cannot have the lock at once and must not wait
 * leaves a signal, which is delivered when the lock is released.
 *
 * <p>Bytes that were decrypted but not asked for wait in a buffer of one record. After each read
 * that buffer has bytes, or an end is known, or only the channel below can bring more. So readiness
 * follows from these.
 */
final class TlsDriver implements ChannelDriver {
  private static final Logger LOG = Messages.log("tls");
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  /** As much as goes into one record of TLS 1.3, less what the engine keeps for itself. */
  private static final int CHUNK = 16367;

  private static final int CHUNKS = 16;
  private static final int OVERHEAD = 96;

  private static final int SOURCE = 1;
  private static final int SINK = 2;
  private static final int SERVE = 4;

  /** The condition for a handshake to go on. */
  enum Need {
    NOTHING,
    INPUT,
    ROOM
  }

  private final ProviderContext context;
  private final ChannelDriver below;
  private final SourceDriver belowSource;
  private final SinkDriver belowSink;
  private final Borrowed buffers;
  private final SSLEngine engine;
  private final TlsChannelImpl tls;
  private final Wire wire;
  private final Input source = new Input();
  private final Output sink = new Output();
  private final AtomicInteger signals = new AtomicInteger();
  private final AtomicBoolean flushing = new AtomicBoolean();
  private volatile Runnable onBelow = () -> {};
  private volatile String name;
  private volatile @Nullable TlsFacet facet;
  private volatile int peeked;
  private volatile boolean ended;
  private volatile boolean released;
  private volatile boolean readNeedsRoom;
  private volatile @Nullable IOException inFailure;
  private volatile @Nullable IOException outFailure;

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private @Nullable ByteBuffer peek;
  private long received;
  private boolean outEnded;
  private boolean sourceClosed;

  /** Takes a channel over, before anything was read from it or written to it. */
  TlsDriver(
      String name, ChannelDriver below, SSLEngine engine, Buffers buffers, ProviderContext context)
      throws IOException {
    SourceDriver in = below.source();
    SinkDriver out = below.sink();
    if (in == null || out == null) {
      throw new IOException(name + ": TLS needs a channel with both an input and an output");
    }
    this.name = name;
    this.context = context;
    this.below = below;
    this.belowSource = in;
    this.belowSink = out;
    this.engine = engine;
    this.buffers = new Borrowed(buffers, context.memory(this::cut));
    this.wire = new Wire(in, out, this.buffers, () -> this.name);
    TrackingAllocator allocator = new TrackingAllocator(this.buffers);
    this.tls =
        new TlsChannelImpl(
            wire,
            wire,
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

  /** An accepted connection gets its name, and memory of its own, when the program accepts it. */
  void accepted(ProviderContext own) {
    name = own.name();
    Memory memory = own.memory(this::cut);
    lock.lock();
    try {
      if (released) {
        memory.close();
      } else {
        buffers.countTo(memory);
      }
    } finally {
      unlock();
    }
  }

  // ---- being told

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
    source.ready.run();
    sink.ready.run();
    onBelow.run();
  }

  private void signal(int which) {
    signals.getAndUpdate(old -> old | which);
  }

  /** Releases the lock, and then calls the callbacks that are due. */
  private void unlock() {
    if (wire.publish()) {
      signal(SINK);
    }
    buffers.settle();
    lock.unlock();
    int due = signals.get() == 0 ? 0 : signals.getAndSet(0);
    if ((due & SERVE) != 0) {
      serve();
    }
    if ((due & SOURCE) != 0) {
      source.ready.run();
      onBelow.run();
    }
    if ((due & SINK) != 0) {
      sink.ready.run();
    }
  }

  /**
   * Takes the lock without waiting. If it cannot, the holder of the lock will serve this call or
   * deliver its signal.
   */
  private boolean tryLock(int otherwise) {
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

  /** Hands on encrypted bytes that found no room before. Without a writer no other code does. */
  private void serve() {
    if (wire.unsent() > 0 && tryLock(SERVE)) {
      try {
        flushQuietly();
      } finally {
        unlock();
      }
    }
  }

  private void flushQuietly() {
    try {
      flush();
    } catch (IOException e) {
      // The writer is told; a reader finds out the reason by itself.
      LOG.log(Level.DEBUG, name + ": what was written could not be sent", e);
    }
  }

  /** Returns whether nothing is left; otherwise sees to it that the rest goes. */
  private boolean flush() throws IOException {
    try {
      if (wire.flush()) {
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

  // ---- the handshake

  /**
   * Goes on with the handshake as far as possible.
   *
   * @throws IOException why it failed; the peer was told if it can be
   */
  Need handshake() throws IOException {
    lock.lock();
    try {
      IOException failure = inFailure;
      if (failure != null) {
        throw failure;
      }
      if (released) {
        throw new StreamClosedException(name);
      }
      wire.mayRead(true, Buffers.RECORD);
      Need need = Need.NOTHING;
      try {
        tls.handshake();
      } catch (NeedsReadException e) {
        need = Need.INPUT;
      } catch (NeedsWriteException e) {
        need = Need.ROOM;
      }
      boolean sent = flush();
      if (need == Need.NOTHING) {
        if (!agreed()) {
          throw new HandshakeException(
              name, "the peer closed the connection before the handshake was done", null);
        }
        facet = new Agreement(engine);
        lookAhead(false);
        return need;
      }
      return sent ? Need.INPUT : Need.ROOM;
    } catch (SSLException e) {
      tellPeer();
      throw Reasons.handshake(name, e);
    } catch (ClosedChannelException e) {
      if (e instanceof StreamClosedException) {
        throw e;
      }
      throw new HandshakeException(
          name, "the peer closed the connection before the handshake was done", e);
    } catch (RuntimeException | AssertionError e) {
      throw unreadable(e);
    } finally {
      unlock();
    }
  }

  /** How many bytes the peer has sent. */
  long heard() {
    lock.lock();
    try {
      return wire.heard();
    } finally {
      unlock();
    }
  }

  /**
   * Whether the engine has agreed on anything. The engine also calls a handshake finished that the
   * peer, or an attacker on the way, has cut short by an alert "user cancelled" and a close. No
   * certificate was shown then.
   */
  private boolean agreed() {
    return !tls.shutdownReceived() && !engine.getSession().getProtocol().equals("NONE");
  }

  /** Sends the alert that says why, as far as there is room for it. */
  private void tellPeer() {
    ByteBuffer alert = ByteBuffer.allocate(Buffers.RECORD);
    try {
      for (int i = 0; i < 4 && engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP; i++) {
        SSLEngineResult result = engine.wrap(NOTHING.duplicate(), alert.clear());
        int unused = wire.append(alert.flip());
        if (result.getStatus() != SSLEngineResult.Status.OK) {
          break;
        }
      }
      flush();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, name + ": the peer could not be told why", e);
    }
  }

  // ---- reading

  private int read(ByteBuffer dst) throws IOException {
    lock.lock();
    try {
      int n = fromPeek(dst);
      if (n == 0) {
        n = fresh(dst);
      } else if (peeked == 0 && dst.remaining() >= Buffers.RECORD) {
        n += Math.max(0, decrypt(dst, false));
      }
      if (n > 0) {
        lookAhead(false);
      }
      if (wire.blocked()) {
        // The engine had to answer.
        flushQuietly();
      }
      return n;
    } finally {
      unlock();
    }
  }

  private int fresh(ByteBuffer dst) throws IOException {
    readNeedsRoom = false;
    int n;
    if (dst.remaining() >= Buffers.RECORD) {
      n = decrypt(dst, true);
    } else {
      lookAhead(true);
      n = fromPeek(dst);
    }
    if (n > 0) {
      return n;
    }
    IOException failure = inFailure;
    if (failure != null) {
      throw failure;
    }
    if (released || sourceClosed) {
      throw new StreamClosedException(name);
    }
    return ended ? -1 : 0;
  }

  private int fromPeek(ByteBuffer dst) {
    ByteBuffer ahead = peek;
    if (ahead == null) {
      return 0;
    }
    int n = Math.min(ahead.remaining(), dst.remaining());
    dst.put(dst.position(), ahead, ahead.position(), n).position(dst.position() + n);
    ahead.position(ahead.position() + n);
    peeked = ahead.remaining();
    if (peeked == 0) {
      peek = null;
      buffers.free(ahead);
    }
    return n;
  }

  /** Fills the buffer of one record, if it is empty and there is something to fill it with. */
  private void lookAhead(boolean mayRead) {
    if (peek != null || over()) {
      return;
    }
    ByteBuffer ahead = buffers.record();
    wire.mayRead(mayRead, 2 * Buffers.RECORD);
    int n = decryptOne(ahead);
    if (n > 0) {
      peek = ahead.flip();
      peeked = n;
    } else {
      buffers.free(ahead);
    }
  }

  private int decrypt(ByteBuffer dst, boolean mayRead) {
    int total = 0;
    wire.mayRead(mayRead, dst.remaining() + dst.remaining() / CHUNK * OVERHEAD + OVERHEAD);
    while (!over() && dst.remaining() >= Buffers.RECORD) {
      int n = decryptOne(dst);
      if (n == 0) {
        break;
      }
      total += n;
      wire.mayRead(false, 0);
    }
    return total;
  }

  private boolean over() {
    return ended || released || sourceClosed || inFailure != null;
  }

  /** Returns 0 for nothing now, or when an end or a failure was found and is noted. */
  private int decryptOne(ByteBuffer dst) {
    try {
      int n = tls.read(dst);
      if (n >= 0) {
        received += n;
        return n;
      }
      if (tls.shutdownReceived()) {
        ended = true;
      } else {
        inFailure =
            new StreamTruncatedException(
                name,
                "the connection ended after "
                    + received
                    + " bytes without the end of the stream (close_notify): it may have been cut",
                received);
      }
    } catch (NeedsReadException e) {
      refuseRenegotiation();
    } catch (NeedsWriteException e) {
      readNeedsRoom = true;
    } catch (SSLException e) {
      tellPeer();
      inFailure = Reasons.broken(name, e);
    } catch (IOException e) {
      inFailure = e;
    } catch (RuntimeException | AssertionError e) {
      inFailure = unreadable(e);
    }
    return 0;
  }

  /**
   * The engine asks for more of a record whose header claims more than a record may have, and the
   * buffers below grow no further.
   */
  private IOException unreadable(Throwable cause) {
    return new IOException(
        name
            + ": the peer sent what is not TLS, such as a record of more than "
            + Buffers.RECORD
            + " bytes",
        cause);
  }

  /**
   * In TLS 1.2 a peer may ask for a second handshake. It would make writes depend on reads, and has
   * no use that is not dangerous.
   */
  private void refuseRenegotiation() {
    if (!modern() && !outEnded && handshaking()) {
      engine.closeOutbound();
      tellPeer();
      inFailure =
          new HandshakeException(name, "the peer asked for a second handshake: refused", null);
    }
  }

  private boolean handshaking() {
    HandshakeStatus status = engine.getHandshakeStatus();
    return status == HandshakeStatus.NEED_UNWRAP || status == HandshakeStatus.NEED_TASK;
  }

  private boolean modern() {
    TlsFacet agreed = facet;
    return agreed == null || agreed.protocol().equals("TLSv1.3");
  }

  private final class Input implements SourceDriver {
    private volatile Runnable ready = () -> {};

    @Override
    public int read(ByteBuffer dst) throws IOException {
      return TlsDriver.this.read(dst);
    }

    @Override
    public long available() {
      return peeked;
    }

    @Override
    public boolean ended() {
      return ended && peeked == 0;
    }

    @Override
    public boolean ready() {
      if (peeked > 0 || ended || inFailure != null) {
        return true;
      }
      if (!belowSource.ready() || !tryLock(SOURCE)) {
        return false;
      }
      // The channel below may have less than a record: only decrypting it tells.
      try {
        lookAhead(true);
        return peeked > 0 || ended || inFailure != null;
      } finally {
        unlock();
      }
    }

    @Override
    public void onReady(Runnable callback) {
      ready = callback;
    }

    @Override
    public @Nullable SelectableChannel selectable() {
      return readNeedsRoom ? belowSink.selectable() : belowSource.selectable();
    }

    @Override
    public int interest() {
      return readNeedsRoom ? belowSink.interest() : belowSource.interest();
    }

    @Override
    public void close() throws IOException {
      lock.lock();
      try {
        if (sourceClosed) {
          return;
        }
        sourceClosed = true;
        dropPeek();
        wire.clearInput();
      } finally {
        unlock();
      }
      belowSource.close();
    }
  }

  // ---- writing

  private int write(ByteBuffer src) throws IOException {
    lock.lock();
    try {
      IOException failure = outFailure;
      if (failure != null) {
        throw failure;
      }
      if (released) {
        throw new StreamClosedException(name);
      }
      if (!flush()) {
        return 0;
      }
      if (!src.hasRemaining()) {
        wire.ask();
        return 0;
      }
      int n = encrypt(src);
      flush();
      if (n == 0) {
        throw broken("the peer has closed the connection");
      }
      return n;
    } finally {
      unlock();
    }
  }

  private int encrypt(ByteBuffer src) throws IOException {
    if (!modern() && (handshaking() || engine.isOutboundDone())) {
      // The engine would take nothing, over and over.
      return 0;
    }
    int start = src.position();
    int limit = src.limit();
    int size = Math.min(src.remaining(), buffers.scarce() ? CHUNK : CHUNK * CHUNKS);
    src.limit(start + size);
    wire.expect(size + (size / CHUNK + 1) * OVERHEAD);
    try {
      int unused = tls.write(src);
    } catch (NeedsWriteException e) {
      // The bytes taken are encrypted and wait: the position tells how much.
      LOG.log(Level.TRACE, "{0}: no room below", name);
    } catch (SSLException e) {
      outFailure = broken(Reasons.reason(e));
      throw outFailure;
    } catch (ClosedChannelException e) {
      IOException why = inFailure;
      outFailure =
          broken(why == null ? "the connection has failed" : String.valueOf(why.getMessage()));
      throw outFailure;
    } catch (RuntimeException | AssertionError e) {
      BrokenPipeException why = broken(String.valueOf(unreadable(e).getMessage()));
      why.initCause(e);
      outFailure = why;
      throw why;
    } finally {
      src.limit(limit);
    }
    return src.position() - start;
  }

  private BrokenPipeException broken(String why) {
    return new BrokenPipeException(name, "the peer does not read any more: " + why, 0);
  }

  private void end() throws IOException {
    lock.lock();
    try {
      if (outEnded || released) {
        return;
      }
      outEnded = true;
      IOException failure = outFailure;
      if (failure != null) {
        throw failure;
      }
      engine.closeOutbound();
      ByteBuffer last = buffers.record();
      try {
        for (int i = 0; i < 4 && !engine.isOutboundDone(); i++) {
          SSLEngineResult result = engine.wrap(NOTHING.duplicate(), last.clear());
          int unused = wire.append(last.flip());
          if (result.getStatus() != SSLEngineResult.Status.OK) {
            break;
          }
        }
      } catch (SSLException e) {
        outFailure = broken(Reasons.reason(e));
        throw outFailure;
      } finally {
        buffers.free(last);
      }
      flush();
    } finally {
      unlock();
    }
  }

  private final class Output implements SinkDriver {
    private volatile Runnable ready = () -> {};

    @Override
    public int write(ByteBuffer src) throws IOException {
      return TlsDriver.this.write(src);
    }

    @Override
    public void end() throws IOException {
      TlsDriver.this.end();
    }

    @Override
    public long room() {
      // Where a write would fail there is none; otherwise only a try can tell.
      return outFailure != null || released ? 0 : -1;
    }

    @Override
    public long pending() {
      return wire.unsent() + belowSink.pending();
    }

    @Override
    public long unsent() {
      return wire.unsent() + belowSink.unsent();
    }

    @Override
    public long dropped() {
      return wire.dropped() + belowSink.dropped();
    }

    @Override
    public boolean ready() {
      return outFailure != null || released || belowSink.ready();
    }

    @Override
    public void onReady(Runnable callback) {
      ready = callback;
    }

    @Override
    public @Nullable SelectableChannel selectable() {
      return belowSink.selectable();
    }

    @Override
    public int interest() {
      return belowSink.interest();
    }

    @Override
    public void close() {
      // The end was sent by end(); the channel below goes with this one.
    }
  }

  // ---- the whole

  @Override
  public SourceDriver source() {
    return source;
  }

  @Override
  public SinkDriver sink() {
    return sink;
  }

  @Override
  public Set<Capability> capabilities() {
    Set<Capability> can = new HashSet<>(below.capabilities());
    // Its end is a message of its own, whatever the channel below makes of a cut.
    can.add(Capability.ABORT);
    // TLS 1.2 answers the end of one direction with the end of the other.
    if (modern()) {
      can.add(Capability.HALF_CLOSE);
    } else {
      can.remove(Capability.HALF_CLOSE);
    }
    return can;
  }

  @Override
  public Optional<SocketAddress> local() {
    return below.local();
  }

  @Override
  public Optional<SocketAddress> peer() {
    return below.peer();
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return type == TlsFacet.class ? Optional.ofNullable(facet).map(type::cast) : below.facet(type);
  }

  @Override
  public @Nullable CompletionStage<Void> gone() {
    return below.gone();
  }

  private void dropPeek() {
    ByteBuffer ahead = peek;
    peek = null;
    peeked = 0;
    if (ahead != null) {
      buffers.free(ahead);
    }
  }

  private void release() {
    lock.lock();
    try {
      letGo();
    } finally {
      unlock();
    }
  }

  private void letGo() {
    released = true;
    dropPeek();
    wire.clear();
    // The library may have a part of a record.
    buffers.close();
  }

  /** It holds more than there is memory for: reads and writes fail with that from now on. */
  private void cut(IOException cause) {
    lock.lock();
    try {
      if (inFailure == null) {
        inFailure = cause;
      }
      outFailure = cause;
      letGo();
      signal(SOURCE | SINK);
    } finally {
      unlock();
    }
    below.abort(cause);
    context.forgetClosed();
  }

  @Override
  public void closing() {
    below.closing();
  }

  @Override
  public void close() throws IOException {
    release();
    try {
      belowSink.end();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, name + ": the connection has gone already", e);
    }
    try {
      belowSink.close();
      belowSource.close();
    } finally {
      below.close();
    }
  }

  @Override
  public void abort(Throwable cause) {
    release();
    below.abort(cause);
  }
}
