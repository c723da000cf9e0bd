// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.descriptor;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.HandleKind;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.kind.support.Options;
import io.penstock.impl.kind.support.selectable.DescriptorDriver;
import io.penstock.impl.kind.support.selectable.Nature;
import io.penstock.impl.kind.support.socket.AdoptedListener;
import io.penstock.impl.kind.support.socket.SocketDriver;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.FileKind;
import io.penstock.impl.posix.HandleOpener;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.SocketName;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes channels and listeners of descriptors that travelled. */
public final class ReceivedHandles implements HandleOpener {
  private static final String HANDLES = "handles";
  private static final int IPPROTO_TCP = 6;
  private static final int TCP_NODELAY = 1;

  @Override
  public Set<String> optionKeys() {
    return Set.of(HANDLES);
  }

  @Override
  public ChannelDriver channel(
      Descriptor descriptor, ChannelOptions options, ProviderContext context) throws IOException {
    HandleKind kind = descriptor.kind();
    boolean handles = handles(descriptor, options, HandleKind.UNIX);
    switch (kind) {
      case TCP, UNIX -> {
        Adopted socket = AdoptedListener.setUp(Carrier.adopt(descriptor), options);
        try {
          return handles
              ? SocketDriver.withHandles(context, socket)
              : new SocketDriver(context, socket);
        } catch (IOException | RuntimeException | Error e) {
          socket.close();
          throw e;
        }
      }
      case PIPE, FILE, TERMINAL -> {
        Nature nature = nature(descriptor);
        return new DescriptorDriver(Carrier.adopt(descriptor), nature, context).withBuffer(options);
      }
      case TCP_LISTENER, UNIX_LISTENER ->
          throw unsupported(kind, "reading and writing", "it accepts: use listener()");
      case UDP -> throw unsupported(kind, "reading and writing as a stream", "use datagrams()");
      default -> throw unsupported(kind, "opening", "it can only be closed");
    }
  }

  private static Nature nature(Descriptor descriptor) throws IOException {
    Posix calls = descriptor.calls();
    return switch (descriptor.kind()) {
      case PIPE ->
          descriptor.call(fd -> FileKind.isHungUp(calls, fd) ? 1 : 0) == 1
              ? Nature.HUNG_UP
              : Nature.PIPE;
      case FILE -> Nature.ALWAYS_READY;
      default -> Nature.SELECTABLE;
    };
  }

  private static boolean handles(Descriptor descriptor, ChannelOptions options, HandleKind unix)
      throws NotSupportedException {
    boolean handles = Options.flag(options, HANDLES, false);
    if (handles && descriptor.kind() != unix) {
      throw unsupported(
          descriptor.kind(), "the option handles=true", "handles travel over Unix sockets only");
    }
    return handles;
  }

  private static NotSupportedException unsupported(HandleKind kind, String what, String cure) {
    return new NotSupportedException("handle of " + kind, what, cure);
  }

  @Override
  public ListenerDriver listener(Descriptor descriptor, ChannelOptions options) throws IOException {
    HandleKind kind = descriptor.kind();
    if (kind != HandleKind.TCP_LISTENER && kind != HandleKind.UNIX_LISTENER) {
      throw unsupported(kind, "accepting", "expected a socket that is bound and not connected");
    }
    boolean handles = handles(descriptor, options, HandleKind.UNIX_LISTENER);
    Posix calls = descriptor.calls();
    // The sender may have bound it only.
    Linux.check("listen", descriptor.call(fd -> calls.listen(fd, options.backlog())));
    SocketAddress local = SocketName.local(descriptor);
    Adopted socket = Carrier.adopt(descriptor);
    boolean internet = kind == HandleKind.TCP_LISTENER;
    return new AdoptedListener(
        listening(local, internet),
        socket,
        (context, accepted) -> {
          if (internet) {
            noDelay(accepted);
          }
          return handles
              ? SocketDriver.withHandles(context, accepted)
              : new SocketDriver(context, accepted);
        },
        options,
        () -> {});
  }

  /** As {@code tcp-listen:} has it where nobody says otherwise. */
  private static void noDelay(Adopted socket) throws IOException {
    Posix calls = socket.calls();
    ByteBuffer on = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()).putInt(0, 1);
    Linux.check(
        "setsockopt",
        calls.with(
            on, at -> socket.call(fd -> calls.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, at, 4))));
  }

  private static Endpoint listening(@Nullable SocketAddress local, boolean internet) {
    return internet && local instanceof InetSocketAddress address
        ? Endpoint.parse("tcp-listen:").withAddress(text(address))
        : Endpoint.parse("unix-listen:").withAddress(local == null ? "" : local.toString());
  }

  private static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    boolean six = address.getAddress() instanceof Inet6Address;
    return "//" + (six ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  @Override
  public Endpoint endpoint(Descriptor descriptor) throws IOException {
    HandleKind kind = descriptor.kind();
    if (kind == HandleKind.TCP
        && SocketName.peer(descriptor) instanceof InetSocketAddress address) {
      return Endpoint.parse("tcp:").withAddress(text(address));
    }
    SocketAddress peer = kind == HandleKind.UNIX ? SocketName.peer(descriptor) : null;
    return peer == null
        ? Endpoint.parse("handle:" + kind.name().toLowerCase(Locale.ROOT))
        : Endpoint.parse("unix:").withAddress(peer.toString());
  }
}
