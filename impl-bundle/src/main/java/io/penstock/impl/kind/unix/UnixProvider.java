// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.kind.support.Buffers;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.Options;
import io.penstock.impl.kind.support.WindowsPipes;
import io.penstock.impl.kind.support.socket.Drain;
import io.penstock.impl.kind.support.socket.SocketDriver;
import io.penstock.impl.kind.support.socket.SocketListener;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
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
  private static final Logger LOG = System.getLogger("io.penstock");
  private static final String CONNECT = "unix";
  private static final String LISTEN = "unix-listen";

  /** The least of what the systems allow, less the byte that ends the name on some. */
  private static final int MAX_PATH_BYTES = 107;

  private final Drain drain = new Drain();
  private final PosixAccess posix;
  private final NativeSockets natives;

  /**
   * A provider.
   *
   * @param posix makes native calls, which paths do without
   */
  public UnixProvider(PosixAccess posix) {
    this.posix = posix;
    this.natives = new NativeSockets(posix, drain);
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
    int bytes = address.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_PATH_BYTES) {
      throw new AddressException(
          Kind.NAME_TOO_LONG,
          shown,
          "a socket's path has at most " + MAX_PATH_BYTES + " bytes, this one has " + bytes,
          null);
    }
    try {
      return Path.of(address);
    } catch (InvalidPathException e) {
      throw new AddressException(Kind.INVALID, shown, e.getReason(), e);
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
              try {
                setup(channel, options);
                channel.connect(UnixDomainSocketAddress.of(path));
                SocketDriver driver = new SocketDriver(context.name(), channel, drain, posix);
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

  private static void close(SocketChannel channel, String name) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, name + ": a socket that is not needed could not be closed", e);
    }
  }

  private static void setup(SocketChannel channel, ChannelOptions options) throws IOException {
    Buffers.of("a Unix socket", channel).apply(options);
  }

  @Override
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    if (NativeSockets.isName(endpoint)) {
      if (options.extra().containsKey("mode")) {
        throw new IllegalArgumentException(
            "mode: an abstract name has no permissions; expected a path");
      }
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
    // The working directory may look different to who closes it.
    Path absolute = path.toAbsolutePath();
    Object identity = null;
    try {
      server.configureBlocking(false);
      new DeadSocket(shown, path, posix).remove();
      server.bind(UnixDomainSocketAddress.of(path), options.backlog());
      Object bound = identity(absolute);
      identity = bound;
      Files.setPosixFilePermissions(path, mode);
      return new SocketListener(
          endpoint,
          server,
          posix,
          drain,
          accepted -> setup(accepted, options),
          () -> unlink(absolute, bound));
    } catch (IOException e) {
      server.close();
      if (identity != null) {
        unlink(absolute, identity);
      }
      throw Failures.address(shown, e);
    }
  }

  /** Gives the file of a bound socket its permissions, before anybody can connect. */
  private static SocketListener.Cleanup bound(Path path, Set<PosixFilePermission> mode)
      throws IOException {
    Path absolute = path.toAbsolutePath();
    Object bound = identity(absolute);
    try {
      Files.setPosixFilePermissions(path, mode);
    } catch (IOException | RuntimeException e) {
      unlink(absolute, bound);
      throw e;
    }
    return () -> unlink(absolute, bound);
  }

  private static @Nullable Object identity(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  /** Removes the socket's file, unless it was removed and another stands in its place. */
  private static void unlink(Path path, @Nullable Object identity) throws IOException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
        && (identity == null || identity.equals(identity(path)))) {
      Files.deleteIfExists(path);
    }
  }
}
