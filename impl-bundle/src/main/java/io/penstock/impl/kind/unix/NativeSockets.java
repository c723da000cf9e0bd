// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.kind.support.Daemons;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.Options;
import io.penstock.impl.kind.support.socket.AdoptedListener;
import io.penstock.impl.kind.support.socket.SocketDriver;
import io.penstock.impl.kind.support.socket.SocketListener;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SocketName;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Unix sockets that the JDK cannot do and native calls can: those of abstract names, and those
 * whose bytes come and go with handles.
 */
final class NativeSockets {
  /** The option that has handles travel. */
  static final String HANDLES = "handles";

  private static final Logger LOG = Messages.log("unix");
  private static final int SO_SNDTIMEO = 21;
  private static final int TYPE = Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC;

  private final PosixAccess posix;

  NativeSockets(PosixAccess posix) {
    this.posix = posix;
  }

  /** Whether an endpoint has such a name. */
  static boolean isName(Endpoint endpoint) {
    return endpoint.address().startsWith("@");
  }

  static ByteBuffer name(Endpoint endpoint) throws IOException {
    String shown = endpoint.anonymous().toString();
    String name = endpoint.address().substring(1);
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (name.isEmpty()) {
      throw new AddressException(
          Kind.INVALID, shown, "expected an abstract name after @, such as unix:@app", null);
    }
    if (name.indexOf('\0') >= 0) {
      throw new AddressException(Kind.INVALID, shown, "a name holds no zero byte", null);
    }
    if (bytes > SocketName.MAX_NAME_BYTES) {
      throw new AddressException(
          Kind.NAME_TOO_LONG,
          shown,
          "an abstract name has at most "
              + SocketName.MAX_NAME_BYTES
              + " bytes, this one has "
              + bytes,
          null);
    }
    return SocketName.ofAbstract(name);
  }

  /** Whether an endpoint needs native calls. */
  static boolean isNeeded(Endpoint endpoint, ChannelOptions options) {
    return isName(endpoint) || Options.flag(options, HANDLES, false);
  }

  private Posix calls(Endpoint endpoint) throws IOException {
    return posix.calls(
        endpoint.anonymous().toString(),
        isName(endpoint) ? "an abstract socket name" : "the option " + HANDLES + "=true");
  }

  private static ByteBuffer address(Endpoint endpoint, Place place) throws IOException {
    return isName(endpoint)
        ? name(endpoint)
        : SocketName.ofPath(place.name().toString().getBytes(StandardCharsets.UTF_8));
  }

  private static Place place(Endpoint endpoint, @Nullable Posix calls) throws IOException {
    String shown = endpoint.anonymous().toString();
    if (isName(endpoint)) {
      return Place.none();
    }
    Path path = UnixProvider.path(endpoint);
    return endpoint.listening()
        ? Place.below(shown, path, calls)
        : Place.ofSocket(shown, path, calls);
  }

  private SocketDriver driver(ProviderContext context, Adopted socket, ChannelOptions options)
      throws IOException {
    return Options.flag(options, HANDLES, false)
        ? SocketDriver.withHandles(context, socket)
        : new SocketDriver(context, socket);
  }

  /** Connects on the caller's thread, or on one of its own while the backlog is full. */
  void connect(
      Endpoint endpoint,
      ChannelOptions options,
      ProviderContext context,
      CompletableFuture<ChannelDriver> result) {
    String shown = endpoint.anonymous().toString();
    try {
      Posix calls = isName(endpoint) ? null : calls(endpoint);
      Place place = place(endpoint, calls);
      boolean waits = false;
      try {
        waits = connect(endpoint, place, shown, options, context, result);
      } finally {
        if (!waits) {
          place.close();
        }
      }
    } catch (NotSupportedException e) {
      result.completeExceptionally(e);
    } catch (IOException e) {
      result.completeExceptionally(Failures.address(shown, e));
    } catch (RuntimeException | Error e) {
      result.completeExceptionally(e);
    }
  }

  /** Returns whether a thread goes on with it, and with the place. */
  private boolean connect(
      Endpoint endpoint,
      Place place,
      String shown,
      ChannelOptions options,
      ProviderContext context,
      CompletableFuture<ChannelDriver> result)
      throws IOException {
    ByteBuffer name = address(endpoint, place);
    Posix calls = calls(endpoint);
    int fd = Linux.check("socket", calls.socket(Linux.AF_UNIX, TYPE | Linux.SOCK_NONBLOCK, 0));
    Attempt attempt = new Attempt(calls, fd, name, place, options, context);
    boolean begun = false;
    try {
      int answer = attempt.once();
      if (answer == -Linux.EAGAIN) {
        attempt.wait(shown, result);
        begun = true;
        return true;
      } else {
        Linux.check("connect", answer);
        begun = true;
        attempt.finish(result);
        return false;
      }
    } finally {
      if (!begun) {
        calls.close(fd);
      }
    }
  }

  private final class Attempt {
    private final Posix calls;
    private final int fd;
    private final ByteBuffer name;
    private final Place place;
    private final ChannelOptions options;
    private final ProviderContext context;

    Attempt(
        Posix calls,
        int fd,
        ByteBuffer name,
        Place place,
        ChannelOptions options,
        ProviderContext context) {
      this.place = place;
      this.calls = calls;
      this.fd = fd;
      this.name = name;
      this.options = options;
      this.context = context;
    }

    int once() {
      return calls.with(name, at -> calls.connect(fd, at, name.limit()));
    }

    /**
     * Nothing tells when a backlog has room again but a connect that waits, and nothing ends that
     * but its limit.
     */
    void wait(String shown, CompletableFuture<ChannelDriver> result) {
      Daemons.start(
          "penstock-connect-" + context.name(),
          () -> {
            boolean finished = false;
            try {
              limit(options.connectTimeout());
              int flags = Linux.check("fcntl", calls.fcntl(fd, Linux.F_GETFL, 0));
              calls.fcntl(fd, Linux.F_SETFL, flags & ~Linux.O_NONBLOCK);
              int answer;
              do {
                answer = once();
              } while (answer == -Linux.EINTR && !result.isDone());
              if (answer == -Linux.EAGAIN) {
                result.completeExceptionally(
                    new StreamTimeoutException(
                        context.name(),
                        "not connected within " + options.connectTimeout().toMillis() + " ms",
                        0));
                return;
              }
              Linux.check("connect", answer);
              calls.fcntl(fd, Linux.F_SETFL, flags);
              finished = true;
              finish(result);
            } catch (IOException e) {
              result.completeExceptionally(Failures.address(shown, e));
            } catch (RuntimeException | Error e) {
              result.completeExceptionally(e);
            } finally {
              place.close();
              if (!finished) {
                calls.close(fd);
              }
            }
          });
    }

    private void limit(Duration timeout) throws IOException {
      ByteBuffer time = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
      time.putLong(0, timeout.toSeconds()).putLong(8, timeout.toNanosPart() / 1000);
      if (time.getLong(0) == 0 && time.getLong(8) == 0) {
        time.putLong(8, 1);
      }
      Linux.check(
          "setsockopt",
          calls.with(time, at -> calls.setsockopt(fd, Linux.SOL_SOCKET, SO_SNDTIMEO, at, 16)));
    }

    void finish(CompletableFuture<ChannelDriver> result) throws IOException {
      Adopted socket = AdoptedListener.adopt(calls, fd, options);
      try {
        if (!result.complete(driver(context, socket, options))) {
          LOG.log(Level.DEBUG, "{0}: connecting was cancelled", context.name());
          socket.close();
        }
      } catch (IOException | RuntimeException | Error e) {
        socket.close();
        throw e;
      }
    }
  }

  /** What is done between binding and listening. */
  @FunctionalInterface
  interface Bound {
    /**
     * Runs once the address is bound.
     *
     * @return gives back what goes with the address
     */
    SocketListener.Cleanup run() throws IOException;
  }

  /** Binds and listens. */
  ListenerDriver listen(Endpoint endpoint, ChannelOptions options, Bound then) throws IOException {
    Posix calls = calls(endpoint);
    Place place = place(endpoint, calls);
    SocketListener.Cleanup cleanup = null;
    boolean kept = false;
    int fd = -1;
    Adopted socket = null;
    try {
      ByteBuffer name = address(endpoint, place);
      int own = Linux.check("socket", calls.socket(Linux.AF_UNIX, TYPE | Linux.SOCK_NONBLOCK, 0));
      fd = own;
      Linux.check("bind", calls.with(name, at -> calls.bind(own, at, name.limit())));
      cleanup = then.run();
      Linux.check("listen", calls.listen(own, options.backlog()));
      Carrier carrier = Carrier.open(calls);
      fd = -1;
      socket = carrier.adopt(own);
      ListenerDriver listener =
          new AdoptedListener(
              endpoint,
              socket,
              (context, accepted) -> driver(context, accepted, options),
              options,
              cleanup);
      kept = true;
      return listener;
    } catch (IOException e) {
      throw Failures.address(endpoint.anonymous().toString(), e);
    } finally {
      place.close();
      if (fd >= 0) {
        calls.close(fd);
      }
      if (!kept && socket != null) {
        socket.close();
      }
      if (!kept && cleanup != null) {
        cleanup.run();
      }
    }
  }
}
