// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.socket;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.SystemBuffers;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.DescriptorSource;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A listening socket that the system gave us as a number. */
public final class AdoptedListener implements ListenerDriver {
  private static final int ACCEPTED = Linux.SOCK_CLOEXEC | Linux.SOCK_NONBLOCK;

  private final Endpoint endpoint;
  private final Adopted socket;
  private final Accepting accepting;
  private final ChannelOptions options;
  private final SocketListener.Cleanup cleanup;
  private final ReentrantLock lock = new ReentrantLock();

  /**
   * What the next connection goes into, made before it is accepted: for want of descriptors it
   * stays in the backlog.
   */
  private @Nullable Carrier next;

  private boolean closed;

  /** Whether it goes on listening in another hand. */
  private volatile boolean detached;

  /**
   * Takes a listening socket over.
   *
   * @param endpoint where it listens
   * @param socket adopted
   * @param accepting makes drivers of accepted connections
   * @param options for accepted connections
   * @param cleanup runs on close
   */
  public AdoptedListener(
      Endpoint endpoint,
      Adopted socket,
      Accepting accepting,
      ChannelOptions options,
      SocketListener.Cleanup cleanup) {
    this.endpoint = endpoint;
    this.socket = socket;
    this.accepting = accepting;
    this.options = options;
    this.cleanup = cleanup;
  }

  /** Makes a driver of a connection. */
  @FunctionalInterface
  public interface Accepting {
    /**
     * Takes it over.
     *
     * @throws IOException if the system refuses; the socket is still the caller's then
     */
    ChannelDriver driver(ProviderContext context, Adopted accepted) throws IOException;
  }

  /**
   * Makes a connected socket one that the JDK reads, writes and selects.
   *
   * @param calls makes native calls
   * @param fd closed if this fails
   * @param options the sizes of its buffers
   */
  public static Adopted adopt(Posix calls, int fd, ChannelOptions options) throws IOException {
    Carrier carrier;
    try {
      carrier = Carrier.open(calls);
    } catch (IOException | RuntimeException | Error e) {
      calls.close(fd);
      throw e;
    }
    return setUp(carrier.adopt(fd), options);
  }

  /**
   * Gives a socket the sizes of buffers that were asked for.
   *
   * @param accepted closed if this fails
   * @param options the sizes
   */
  public static Adopted setUp(Adopted accepted, ChannelOptions options) throws IOException {
    try {
      SystemBuffers.ofSocket("an accepted socket", accepted).apply(options);
      return accepted;
    } catch (IOException | RuntimeException | Error e) {
      accepted.close();
      throw e;
    }
  }

  @Override
  public @Nullable ChannelDriver accept(ProviderContext context) throws IOException {
    while (true) {
      Carrier carrier;
      int fd;
      try {
        carrier = prepare();
        fd = take(carrier);
      } catch (IOException e) {
        throw Failures.accepting(context.name(), e);
      }
      if (fd < 0) {
        return null;
      }
      try {
        Adopted accepted = setUp(carrier.adopt(fd), options);
        try {
          return accepting.driver(context, accepted);
        } catch (IOException | RuntimeException | Error e) {
          accepted.close();
          throw e;
        }
      } catch (IOException e) {
        // That is no failure of the listener's, and the next peer may be served.
        SocketListener.tellOfRefusal(endpoint, e);
      }
    }
  }

  /** Accepts a connection that the carrier will take; negative when there is none. */
  private int take(Carrier carrier) throws IOException {
    Posix calls = socket.calls();
    int fd = -1;
    try {
      do {
        fd = socket.call(listening -> calls.accept4(listening, 0, 0, ACCEPTED));
      } while (fd == -Linux.ECONNABORTED || fd == -Linux.EINTR);
      return fd == -Linux.EAGAIN ? fd : Linux.check("accept4", fd);
    } finally {
      if (fd < 0) {
        giveBack(carrier);
      }
    }
  }

  private Carrier prepare() throws IOException {
    lock.lock();
    try {
      if (closed) {
        throw new ClosedChannelException();
      }
      Carrier present = next;
      next = null;
      if (present != null) {
        return present;
      }
    } finally {
      lock.unlock();
    }
    return Carrier.open(socket.calls());
  }

  private void giveBack(Carrier carrier) throws IOException {
    boolean late;
    lock.lock();
    try {
      late = closed;
      if (!late) {
        next = carrier;
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      carrier.close();
    }
  }

  @Override
  public Endpoint endpoint() {
    return endpoint;
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return type == DescriptorSource.class ? Optional.of(type.cast(new Own())) : Optional.empty();
  }

  private final class Own implements DescriptorSource {
    @Override
    public Descriptor duplicate(Posix calls) throws IOException {
      return socket.duplicate();
    }

    @Override
    public void detach() {
      socket.detach();
      detached = true;
    }
  }

  @Override
  public boolean ready() {
    return false;
  }

  @Override
  public void onReady(Runnable ready) {
    // Only the selector can tell.
  }

  @Override
  public SelectableChannel selectable() {
    return input();
  }

  private Pipe.SourceChannel input() {
    return Objects.requireNonNull(socket.input(), "a socket is read");
  }

  @Override
  public int interest() {
    return SelectionKey.OP_READ;
  }

  @Override
  public void close() throws IOException {
    Carrier spare;
    boolean first;
    lock.lock();
    try {
      first = !closed;
      closed = true;
      spare = next;
      next = null;
    } finally {
      lock.unlock();
    }
    try {
      if (first && !detached) {
        cleanup.run();
      }
    } finally {
      try {
        socket.close();
      } finally {
        if (spare != null) {
          spare.close();
        }
      }
    }
  }
}
