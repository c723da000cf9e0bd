// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.socket;

import io.penstock.channel.Capability;
import io.penstock.channel.PeerCredentials;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.channel.facet.CredentialsFacet;
import io.penstock.channel.facet.TcpFacet;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.support.SystemBuffers;
import io.penstock.impl.kind.support.selectable.Drain;
import io.penstock.impl.posix.Credentials;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SocketNumber;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A socket of the JDK's, TCP or Unix. */
final class JdkSocket implements StreamSocket {
  private static final Set<Capability> TCP =
      Linux.isHere()
          ? Set.of(Capability.HALF_CLOSE, Capability.ABORT, Capability.DESCRIPTOR)
          : Set.of(Capability.HALF_CLOSE, Capability.ABORT);
  private static final Set<Capability> PLAIN =
      Linux.isHere()
          ? Set.of(Capability.HALF_CLOSE, Capability.DESCRIPTOR)
          : Set.of(Capability.HALF_CLOSE);
  private static final Set<Capability> LOCAL =
      Linux.isHere()
          ? Set.of(Capability.HALF_CLOSE, Capability.CREDENTIALS, Capability.DESCRIPTOR)
          : Set.of(Capability.HALF_CLOSE, Capability.CREDENTIALS);

  private static final VarHandle COPIES;

  static {
    try {
      COPIES = MethodHandles.lookup().findVarHandle(JdkSocket.class, "copies", List.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final SocketChannel channel;

  /** For a Unix socket, whose peer can be asked for. */
  private final @Nullable PosixAccess posix;

  /** With them the connection would outlive the close. */
  private volatile List<Descriptor> copies = List.of();

  JdkSocket(SocketChannel channel, @Nullable PosixAccess posix) throws IOException {
    this.channel = channel;
    this.posix = posix;
    channel.configureBlocking(false);
  }

  @Override
  public ReadableByteChannel input() {
    return channel;
  }

  @Override
  public WritableByteChannel output() {
    return channel;
  }

  @Override
  public SelectableChannel readable() {
    return channel;
  }

  @Override
  public SelectableChannel writable() {
    return channel;
  }

  @Override
  public boolean isOpen() {
    return channel.isOpen();
  }

  @Override
  public void shutdownOutput() throws IOException {
    channel.shutdownOutput();
  }

  @Override
  public void reset() throws IOException {
    if (posix == null) {
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      copies.forEach(Descriptor::close);
    }
  }

  @Override
  public void drain(ProviderContext context) throws IOException {
    Drain.start(context, channel);
  }

  private static @Nullable SocketAddress named(@Nullable SocketAddress address) {
    boolean unnamed =
        address instanceof UnixDomainSocketAddress unix && unix.getPath().toString().isEmpty();
    return unnamed ? null : address;
  }

  @Override
  public @Nullable SocketAddress local() throws IOException {
    return named(channel.getLocalAddress());
  }

  @Override
  public @Nullable SocketAddress peer() throws IOException {
    return named(channel.getRemoteAddress());
  }

  @Override
  public Set<Capability> capabilities() {
    if (posix == null) {
      return TCP;
    }
    return Credentials.isKnown(channel) ? LOCAL : PLAIN;
  }

  @Override
  public Descriptor duplicate(Posix calls) throws IOException {
    return SocketNumber.descriptor(channel, calls);
  }

  @Override
  public Descriptor spliceable(Posix calls) throws IOException {
    Descriptor copy = duplicate(calls);
    List<Descriptor> before;
    List<Descriptor> after;
    do {
      before = copies;
      after = Stream.concat(before.stream().filter(Descriptor::isOpen), Stream.of(copy)).toList();
    } while (!COPIES.compareAndSet(this, before, after));
    if (!channel.isOpen()) {
      copy.close();
    }
    return copy;
  }

  @Override
  public @Nullable BufferFacet growable(String name) {
    return posix == null ? null : SystemBuffers.of(name, channel);
  }

  @Override
  public void detach() throws IOException {
    // The JDK ends what a selector still holds when it is closed, but not if it is to be cut.
    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
  }

  @Override
  public <T> Optional<T> facet(String name, Class<T> type) {
    if (type == BufferFacet.class) {
      return Optional.of(type.cast(SystemBuffers.of(name, channel)));
    }
    if (posix == null) {
      return type == TcpFacet.class ? Optional.of(type.cast(new Given(name))) : Optional.empty();
    }
    return type == CredentialsFacet.class
        ? Optional.of(type.cast((CredentialsFacet) () -> credentials(name, posix)))
        : Optional.empty();
  }

  private PeerCredentials credentials(String name, PosixAccess access) throws IOException {
    try {
      return Credentials.of(channel, access.calls());
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(name);
    }
  }

  private final class Given implements TcpFacet {
    private final String name;

    Given(String name) {
      this.name = name;
    }

    private <V> V ask(SocketOption<V> option) throws IOException {
      try {
        return channel.getOption(option);
      } catch (ClosedChannelException e) {
        throw new StreamClosedException(name);
      }
    }

    @Override
    public boolean noDelay() throws IOException {
      return ask(StandardSocketOptions.TCP_NODELAY);
    }

    @Override
    public boolean keepAlive() throws IOException {
      return ask(StandardSocketOptions.SO_KEEPALIVE);
    }
  }
}
