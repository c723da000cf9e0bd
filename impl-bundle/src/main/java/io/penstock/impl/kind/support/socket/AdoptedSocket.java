// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.socket;

import io.penstock.channel.Capability;
import io.penstock.channel.PeerCredentials;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.channel.facet.CredentialsFacet;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.support.SystemBuffers;
import io.penstock.impl.kind.support.selectable.Drain;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Credentials;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.SocketName;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A stream socket that the system gave us as a number. */
final class AdoptedSocket implements StreamSocket {
  private final Adopted socket;
  private final Pipe.SourceChannel input;
  private final Pipe.SinkChannel output;
  private final boolean local;

  AdoptedSocket(Adopted socket) throws IOException {
    this.socket = socket;
    this.input = Objects.requireNonNull(socket.input(), "a socket is read");
    this.output = Objects.requireNonNull(socket.output(), "a socket is written");
    this.local = socket.option(Linux.SOL_SOCKET, Linux.SO_DOMAIN) == Linux.AF_UNIX;
  }

  @Override
  public ReadableByteChannel input() {
    return input;
  }

  @Override
  public WritableByteChannel output() {
    return output;
  }

  @Override
  public SelectableChannel readable() {
    return input;
  }

  @Override
  public SelectableChannel writable() {
    return output;
  }

  @Override
  public boolean isOpen() {
    return socket.isOpen();
  }

  @Override
  public void shutdownOutput() throws IOException {
    Linux.check("shutdown", socket.call(fd -> socket.calls().shutdown(fd, Linux.SHUT_WR)));
  }

  @Override
  public void reset() throws IOException {
    if (!local) {
      SocketName.lingerNot(socket);
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  @Override
  public void drain(ProviderContext context) throws IOException {
    Drain.start(context, input);
  }

  @Override
  public @Nullable SocketAddress local() throws IOException {
    return SocketName.local(socket);
  }

  @Override
  public @Nullable SocketAddress peer() throws IOException {
    return SocketName.peer(socket);
  }

  @Override
  public Set<Capability> capabilities() {
    return local
        ? Set.of(Capability.HALF_CLOSE, Capability.CREDENTIALS, Capability.DESCRIPTOR)
        : Set.of(Capability.HALF_CLOSE, Capability.ABORT, Capability.DESCRIPTOR);
  }

  @Override
  public Descriptor duplicate(Posix calls) throws IOException {
    return socket.duplicate();
  }

  @Override
  public @Nullable Descriptor spliceable(Posix calls) throws IOException {
    // From TCP a call waits unless the socket is non-blocking, and a close may change that before
    // the last call has returned.
    return local ? socket.duplicate() : null;
  }

  @Override
  public @Nullable BufferFacet growable(String name) {
    return local ? SystemBuffers.ofSocket(name, socket) : null;
  }

  @Override
  public void detach() {
    socket.detach();
  }

  @Override
  public <T> Optional<T> facet(String name, Class<T> type) {
    if (type == BufferFacet.class) {
      return Optional.of(type.cast(SystemBuffers.ofSocket(name, socket)));
    }
    return local && type == CredentialsFacet.class
        ? Optional.of(type.cast((CredentialsFacet) () -> credentials(name)))
        : Optional.empty();
  }

  private PeerCredentials credentials(String name) throws IOException {
    try {
      return Credentials.of(socket);
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(name);
    }
  }
}
