// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.socket;

import io.penstock.channel.Capability;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.HandleLimitException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.selectable.Bounded;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Arrivals;
import io.penstock.impl.posix.Cargo;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.DescriptorSource;
import io.penstock.impl.posix.HandleSink;
import io.penstock.impl.posix.HandleSource;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SentQueue;
import io.penstock.impl.posix.SplicePipe;
import io.penstock.impl.posix.SpliceSink;
import io.penstock.impl.posix.SpliceSource;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A connected stream socket.
 *
 * <p>A Unix socket has no reset: when it is aborted, the peer learns of it only if it had sent
 * bytes that we had not read.
 */
public final class SocketDriver implements ChannelDriver {
  private static final Logger LOG = Messages.log("kind");

  /** How many pieces are dropped on a close: unread bytes would turn it into a reset. */
  private static final int LAST_PIECES = 65;

  /** Bytes of a piece; the first one is smaller. */
  private static final int LAST_PIECE = 16 * 1024;

  private static final VarHandle WRITING;

  static {
    try {
      WRITING = MethodHandles.lookup().findVarHandle(Output.class, "writing", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ProviderContext context;
  private final StreamSocket socket;
  private final @Nullable SocketAddress local;
  private final @Nullable SocketAddress peer;
  private final Input source = new Input();
  private final Output sink = new Output();

  /** Why the connection was cut: the system says it only once, to whichever end asks first. */
  private volatile @Nullable IOException cut;

  /** Why nothing more can be written. */
  private volatile @Nullable IOException why;

  /** Whether the connection goes on in another hand. */
  private volatile boolean detached;

  /**
   * Takes a TCP connection over.
   *
   * @param context of the channel
   * @param channel connected, and non-blocking from now on
   * @throws IOException if the system refuses; the channel is still the caller's then
   */
  public SocketDriver(ProviderContext context, SocketChannel channel) throws IOException {
    this(context, new JdkSocket(channel, null));
  }

  /**
   * Takes a connected stream socket over that came as a number.
   *
   * @param context of the channel
   * @param socket adopted
   * @throws IOException if the system refuses; the socket is still the caller's then
   */
  public SocketDriver(ProviderContext context, Adopted socket) throws IOException {
    this(context, new AdoptedSocket(socket));
  }

  /**
   * Takes a Unix socket over whose bytes come and go with descriptors.
   *
   * @param context of the channel
   * @param socket adopted
   * @throws IOException if the system refuses; the socket is still the caller's then
   */
  public static SocketDriver withHandles(ProviderContext context, Adopted socket)
      throws IOException {
    return new SocketDriver(context, new HandleSocket(context.name(), socket));
  }

  /**
   * Takes over what the listener of a Unix socket has accepted.
   *
   * @param local the listener's public address, if it was bound under another one
   */
  SocketDriver(
      ProviderContext context, SocketChannel channel, PosixAccess posix, SocketAddress local)
      throws IOException {
    this(context, new JdkSocket(channel, posix), local, null);
  }

  private SocketDriver(ProviderContext context, StreamSocket socket) throws IOException {
    this(context, socket, socket.local(), socket.peer());
  }

  /**
   * Takes over a Unix socket that has connected.
   *
   * @param peer where it has connected to, by whatever name the system was told
   * @param context of the channel
   * @param channel connected, and non-blocking from now on
   * @param posix tells more of the peer, when it is asked for
   * @throws IOException if the system refuses; the channel is still the caller's then
   */
  public static SocketDriver to(
      SocketAddress peer, ProviderContext context, SocketChannel channel, PosixAccess posix)
      throws IOException {
    StreamSocket socket = new JdkSocket(channel, posix);
    return new SocketDriver(context, socket, socket.local(), peer);
  }

  private SocketDriver(
      ProviderContext context,
      StreamSocket socket,
      @Nullable SocketAddress local,
      @Nullable SocketAddress peer) {
    this.context = context;
    this.socket = socket;
    // Remembered, because after the close the system does not tell any more.
    this.local = local;
    this.peer = peer;
  }

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
    return socket.capabilities();
  }

  @Override
  public Optional<SocketAddress> local() {
    return Optional.ofNullable(local);
  }

  @Override
  public Optional<SocketAddress> peer() {
    return Optional.ofNullable(peer);
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    if (type == DescriptorSource.class) {
      return Optional.of(type.cast(new Own()));
    }
    if (type == SentQueue.class) {
      // What a Unix socket has taken is at the peer.
      return socket.capabilities().contains(Capability.ABORT)
          ? Optional.of(type.cast((SentQueue) this::whenSent))
          : Optional.empty();
    }
    return socket.facet(name(), type);
  }

  private void whenSent(PosixAccess posix, Runnable task) {
    if (detached) {
      task.run();
      return;
    }
    try {
      // With this size there is room only when the peer has acknowledged all but the last packet.
      socket.facet(name(), BufferFacet.class).orElseThrow().sendBuffer(1);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the last bytes may be lost", name(), e);
    }
    try {
      Posix calls = posix.calls();
      if (calls != null) {
        try (Descriptor own = socket.duplicate(calls)) {
          own.fullUntilSent();
        }
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the last packet may be lost", name(), e);
    }
    context.select(socket.writable(), SelectionKey.OP_WRITE, task);
  }

  private final class Own implements DescriptorSource {
    @Override
    public Descriptor duplicate(Posix calls) throws IOException {
      return socket.duplicate(calls);
    }

    @Override
    public void detach() throws IOException {
      socket.detach();
      detached = true;
    }
  }

  @Override
  public void close() throws IOException {
    discard();
    socket.close();
  }

  @Override
  public void abort(Throwable cause) {
    try {
      if (!detached) {
        socket.reset();
      }
    } catch (ClosedChannelException e) {
      return;
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the connection was cut already", name(), e);
    }
    try {
      socket.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: the connection could not be closed", name(), e);
    }
  }

  private String name() {
    return context.name();
  }

  /** Drops what is there. Returns whether more may come. */
  private boolean discard() {
    if (source.ended || cut != null || detached || !socket.isOpen()) {
      return false;
    }
    // Mostly there is nothing.
    ByteBuffer scrap = ByteBuffer.allocate(256);
    try {
      for (int i = 0; i < LAST_PIECES; i++) {
        int n = Bounded.read(socket.input(), scrap.clear());
        if (n <= 0) {
          return n == 0;
        }
        if (i == 0) {
          scrap = ByteBuffer.allocate(LAST_PIECE);
        }
      }
      return true;
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: nothing more to drop", name(), e);
      return false;
    }
  }

  private void cut(IOException reason) {
    cut = reason;
    if (why == null) {
      why = reason;
    }
    source.ready.run();
    sink.ready.run();
  }

  private final class Input implements HandleSource, SpliceSource {
    private volatile Runnable ready = () -> {};
    private volatile boolean ended;
    private volatile boolean closed;

    @Override
    public int read(ByteBuffer dst) throws IOException {
      if (ended) {
        return -1;
      }
      int n;
      try {
        n = Bounded.read(socket.input(), dst);
      } catch (ClosedChannelException e) {
        throw new StreamClosedException(name());
      } catch (IOException e) {
        throw failed(e);
      }
      return told(n);
    }

    @Override
    public @Nullable Descriptor spliceable(Posix calls) throws IOException {
      return socket.spliceable(calls);
    }

    @Override
    public boolean isLocal() {
      return socket.growable(name()) != null;
    }

    @Override
    public int splice(SplicePipe pipe, Descriptor own, int most) throws IOException {
      if (ended) {
        return -1;
      }
      try {
        return pipe.fill(own, most);
      } catch (ClosedChannelException e) {
        throw new StreamClosedException(name());
      } catch (IOException e) {
        throw failed(e);
      }
    }

    private IOException failed(IOException failure) {
      if (cut == null) {
        cut(failure);
      }
      return reset(failure);
    }

    /** What a read has come to, if what the system says is that. */
    private int told(int n) throws IOException {
      if (n < 0 && sink.writing()) {
        // The system tells of a reset once, to the first call that asks: if that is the write in
        // progress, this is no end. The
        // selector sends us back here.
        return 0;
      }
      if (n < 0) {
        IOException reason = cut;
        if (reason != null) {
          // The writing side was told of the reset, and what the system gives us is no real end.
          throw reset(reason);
        }
        ended = true;
      }
      return n;
    }

    private IOException reset(IOException reason) {
      return Failures.cut(name(), reason);
    }

    @Override
    public @Nullable Arrivals arrivals() {
      return socket.arrivals();
    }

    @Override
    public boolean ready() {
      return ended || cut != null || socket.hasStaged();
    }

    @Override
    public void onReady(Runnable callback) {
      ready = callback;
    }

    @Override
    public SelectableChannel selectable() {
      return socket.readable();
    }

    @Override
    public int interest() {
      return SelectionKey.OP_READ;
    }

    @Override
    public void close() {
      if (closed) {
        return;
      }
      closed = true;
      Arrivals untaken = socket.arrivals();
      if (untaken != null) {
        untaken.close();
      }
      if (discard()) {
        drain();
      }
    }

    private void drain() {
      try {
        socket.drain(context);
      } catch (IOException e) {
        // Such as for want of a descriptor for the selector, which must not keep this one open.
        LOG.log(
            Level.INFO,
            "{0}: a peer that still sends stalls until the whole channel is closed: {1}",
            name(),
            Failures.reason(e));
      }
    }
  }

  private final class Output implements HandleSink, SpliceSink {
    private volatile Runnable ready = () -> {};

    // Set before a call to the system, and cleared once it is noted what the call has met. A read
    // that finds the end which the call has left behind comes after the call, and so sees this.
    @SuppressWarnings("unused")
    private boolean writing;

    private volatile boolean ended;

    @Override
    public int write(ByteBuffer src) throws IOException {
      return move(src, null);
    }

    @Override
    public boolean carries() {
      return socket.arrivals() != null;
    }

    @Override
    public int write(ByteBuffer src, Cargo cargo) throws IOException {
      return move(src, cargo);
    }

    @Override
    public @Nullable Descriptor spliceable(Posix calls) throws IOException {
      return socket.spliceable(calls);
    }

    @Override
    public @Nullable BufferFacet growable() {
      return socket.growable(name());
    }

    @Override
    public int splice(SplicePipe pipe, Descriptor own) throws IOException {
      check();
      WRITING.setRelease(this, true);
      try {
        return pipe.empty(own);
      } catch (ClosedChannelException e) {
        throw new StreamClosedException(name());
      } catch (IOException e) {
        throw failed(e);
      } finally {
        WRITING.setRelease(this, false);
      }
    }

    private void check() throws IOException {
      if (ended && socket.isOpen()) {
        throw new BrokenPipeException(name(), "this side has ended the stream", 0);
      }
      IOException reason = why;
      if (reason != null) {
        throw broken(reason);
      }
    }

    private boolean writing() {
      return (boolean) WRITING.getAcquire(this);
    }

    private int move(ByteBuffer src, @Nullable Cargo cargo) throws IOException {
      check();
      WRITING.setRelease(this, true);
      try {
        return cargo == null ? Bounded.write(socket.output(), src) : socket.send(src, cargo);
      } catch (HandleLimitException e) {
        // Nothing went, and nothing is broken.
        throw e;
      } catch (AsynchronousCloseException e) {
        throw new StreamClosedException(name());
      } catch (ClosedChannelException e) {
        throw new StreamClosedException(name());
      } catch (IOException e) {
        throw failed(e);
      } finally {
        WRITING.setRelease(this, false);
      }
    }

    private IOException failed(IOException failure) {
      why = failure;
      // A broken pipe may follow a clean end of the peer's. Everything else is a cut, which this
      // call has taken from the socket: the reader would see an end.
      if (!Failures.isBrokenPipe(failure) && cut == null) {
        cut(failure);
      }
      return broken(failure);
    }

    private IOException broken(IOException reason) {
      return Failures.unread(name(), "the peer does not read any more", reason);
    }

    @Override
    public void end() throws IOException {
      ended = true;
      if (detached) {
        return;
      }
      try {
        socket.shutdownOutput();
      } catch (ClosedChannelException e) {
        throw new StreamClosedException(name());
      } catch (IOException e) {
        why = e;
        throw broken(e);
      }
    }

    @Override
    public boolean ready() {
      return why != null;
    }

    @Override
    public void onReady(Runnable callback) {
      ready = callback;
    }

    @Override
    public SelectableChannel selectable() {
      return socket.writable();
    }

    @Override
    public int interest() {
      return SelectionKey.OP_WRITE;
    }

    @Override
    public void close() {
      // The end was sent by end(); the socket goes with the channel.
    }
  }
}
