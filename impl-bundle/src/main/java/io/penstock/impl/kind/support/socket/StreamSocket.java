// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.socket;

import io.penstock.channel.Capability;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.impl.posix.Arrivals;
import io.penstock.impl.posix.Cargo;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.Posix;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A connected stream socket, non-blocking, however it was made. */
interface StreamSocket {
  /** Reads what is there. */
  ReadableByteChannel input();

  /** Writes what there is room for. */
  WritableByteChannel output();

  /** What to select on before a read. */
  SelectableChannel readable();

  /** What to select on before a write. */
  SelectableChannel writable();

  /** Whether it has not been closed. */
  boolean isOpen();

  /** Sends the end. */
  void shutdownOutput() throws IOException;

  /** Has a close cut the connection where the system can tell the peer so. */
  void reset() throws IOException;

  /** Gives everything back. */
  void close() throws IOException;

  /** Has what still comes dropped. */
  void drain(ProviderContext context) throws IOException;

  /** Its own address, as long as it is open. */
  @Nullable SocketAddress local() throws IOException;

  /** The peer's address, as long as it is open. */
  @Nullable SocketAddress peer() throws IOException;

  /** What it can do beside the usual. */
  Set<Capability> capabilities();

  /** A copy of its descriptor. */
  Descriptor duplicate(Posix calls) throws IOException;

  /** Has a close leave the connection to the owner of a copy. */
  void detach() throws IOException;

  /** Where descriptors wait that came with the bytes; null where none can come. */
  default @Nullable Arrivals arrivals() {
    return null;
  }

  /** Whether bytes were received that {@link #input()} has still to give. */
  default boolean hasStaged() {
    return false;
  }

  /**
   * Writes, with descriptors; only where some can go.
   *
   * @return how many bytes; 0 for no room
   */
  default int send(ByteBuffer src, Cargo cargo) throws IOException {
    throw new IllegalStateException("this socket carries no handles");
  }

  /**
   * A copy of its descriptor, to move bytes without copying them.
   *
   * @param calls makes native calls, where the socket has none of its own
   * @return null where that is not possible
   */
  default @Nullable Descriptor spliceable(Posix calls) throws IOException {
    return null;
  }

  /**
   * Its buffers, if a larger one to send from pays.
   *
   * @param name of the channel, for errors
   * @return null where, as for TCP, the system fits them itself until somebody sets a size
   */
  default @Nullable BufferFacet growable(String name) {
    return null;
  }

  /** What it offers beside two ends. */
  <T> Optional<T> facet(String name, Class<T> type);
}
