// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.Options;
import io.penstock.impl.kind.support.SystemBuffers;
import io.penstock.impl.kind.support.WindowsPipes;
import io.penstock.impl.kind.support.socket.SocketDriver;
import io.penstock.impl.kind.support.socket.SocketListener;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Unix sockets by path and, with native calls, by abstract name. A listener refuses a path at which
 * somebody listens or which is no socket, takes over one that nobody listens at any more, gives it
 * the permissions of the option {@code mode} (0600 by default) and unlinks it on close. With the
 * option {@code handles} the connections carry handles, by native calls.
 */
public final class UnixProvider implements ChannelProvider {
  private static final Logger LOG = Messages.log("unix");
  private static final String CONNECT = "unix";
  private static final String LISTEN = "unix-listen";

  private final PosixAccess posix;
  private final NativeSockets natives;

  /**
   * A provider.
   *
   * @param posix makes native calls, which paths do without
   */
  public UnixProvider(PosixAccess posix) {
    this.posix = posix;
    this.natives = new NativeSockets(posix);
  }

  @Override
  public Set<String> schemes() {
    return Set.of(CONNECT, LISTEN);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return scheme.equals(LISTEN)
        ? Set.of("mode", NativeSockets.HANDLES)
        : Set.of(NativeSockets.HANDLES);
  }

  static Path path(Endpoint endpoint) throws IOException {
    String shown = endpoint.anonymous().toString();
    String address = endpoint.address();
    if (address.isEmpty()) {
      throw new AddressException(
          Kind.INVALID, shown, "expected a path, such as unix:/run/app.sock", null);
    }
    WindowsPipes.refuse(shown, address);
    try {
      return Path.of(address);
    } catch (InvalidPathException e) {
      throw new AddressException(Kind.INVALID, shown, e.getReason(), e);
    }
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    if (NativeSockets.isName(endpoint)) {
      ByteBuffer unusedName = NativeSockets.name(endpoint);
      checkName(options);
    } else {
      Path unusedPath = path(endpoint);
    }
    boolean unusedFlag = Options.flag(options, NativeSockets.HANDLES, false);
    Set<PosixFilePermission> unusedMode = Options.permissions(options, "mode", "0600");
  }

  private static void checkName(ChannelOptions options) {
    if (options.extra().containsKey("mode")) {
      throw new IllegalArgumentException(
          "mode: an abstract name has no permissions; expected a path");
    }
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    if (NativeSockets.isNeeded(endpoint, options)) {
      CompletableFuture<ChannelDriver> named = new CompletableFuture<>();
      // The first native call of all takes a while.
      context.executor().execute(() -> natives.connect(endpoint, options, context, named));
      return named;
    }
    Path path = path(endpoint);
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    CompletableFuture<ChannelDriver> result = new CompletableFuture<>();
    CompletableFuture<?> unused =
        result.whenComplete(
            (driver, failure) -> {
              if (driver == null) {
                close(channel, context.name());
              }
            });
    // Blocking, unlike everything else: a full backlog makes a non-blocking connect fail instead of
    // waiting. Closing the channel ends the wait.
    context
        .executor()
        .execute(
            () -> {
              try (Place place = place(endpoint, path)) {
                setup(channel, options);
                channel.connect(UnixDomainSocketAddress.of(place.name()));
                SocketDriver driver =
                    SocketDriver.to(UnixDomainSocketAddress.of(path), context, channel, posix);
                if (!result.complete(driver)) {
                  channel.close();
                }
              } catch (AsynchronousCloseException e) {
                LOG.log(Level.DEBUG, "{0}: connecting was cancelled", context.name());
              } catch (IOException e) {
                result.completeExceptionally(Failures.address(endpoint.anonymous().toString(), e));
              } catch (RuntimeException | Error e) {
                result.completeExceptionally(e);
              }
            });
    return result;
  }

  /** Native calls are asked for only where nothing else will do. */
  private Place place(Endpoint endpoint, Path path) throws IOException {
    return Place.ofSocket(
        endpoint.anonymous().toString(), path, Place.isShort(path) ? null : posix.calls());
  }

  private static void close(SocketChannel channel, String name) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: a socket that is not needed could not be closed", name, e);
    }
  }

  private static void setup(SocketChannel channel, ChannelOptions options) throws IOException {
    SystemBuffers.of("a Unix socket", channel).apply(options);
  }

  @Override
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    if (NativeSockets.isName(endpoint)) {
      checkName(options);
      return natives.listen(endpoint, options, () -> () -> {});
    }
    Path path = path(endpoint);
    String shown = endpoint.anonymous().toString();
    Set<PosixFilePermission> mode = Options.permissions(options, "mode", "0600");
    if (NativeSockets.isNeeded(endpoint, options)) {
      new DeadSocket(shown, path, posix).remove();
      return natives.listen(endpoint, options, () -> bound(path, mode));
    }
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    // The working directory may differ for the thread that closes it.
    Path absolute = path.toAbsolutePath();
    Object identity = null;
    try {
      server.configureBlocking(false);
      new DeadSocket(shown, path, posix).remove();
      Object bound = HiddenSocket.bind(server, shown, path, options.backlog(), mode, posix.calls());
      identity = bound;
      return new SocketListener(
          endpoint,
          server,
          posix,
          accepted -> setup(accepted, options),
          () -> unlink(absolute, bound));
    } catch (IOException e) {
      server.close();
      if (identity != null) {
        unlink(absolute, identity);
      }
      throw Failures.address(shown, e);
    } catch (RuntimeException | Error e) {
      server.close();
      if (identity != null) {
        unlink(absolute, identity);
      }
      throw e;
    }
  }

  /** Gives the file of a bound socket its permissions, before anybody can connect. */
  private static SocketListener.Cleanup bound(Path path, Set<PosixFilePermission> mode)
      throws IOException {
    Path absolute = path.toAbsolutePath();
    Object bound = identity(absolute);
    try {
      Files.setPosixFilePermissions(path, mode);
    } catch (IOException | RuntimeException | Error e) {
      unlink(absolute, bound);
      throw e;
    }
    return () -> unlink(absolute, bound);
  }

  static @Nullable Object identity(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  /** Removes the socket's file, unless it was removed and another stands in its place. */
  static void unlink(Path path, @Nullable Object identity) throws IOException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
        && (identity == null || identity.equals(identity(path)))) {
      Files.deleteIfExists(path);
    }
  }
}
