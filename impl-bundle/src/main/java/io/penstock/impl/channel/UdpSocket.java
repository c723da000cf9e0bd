// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Datagrams;
import io.penstock.channel.HandleKind;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Stages;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Message;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.SocketName;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A UDP socket that the system gave us as a number. */
final class UdpSocket implements Datagrams {
  private static final String NAME = "handle of " + HandleKind.UDP;

  /** The most that a datagram can have. */
  private static final int MAX_BYTES = 65535;

  private static final int ADDRESS_BYTES = 28;

  private final Adopted socket;
  private final Engine engine;
  private final Posix calls;
  private final boolean six;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();

  private UdpSocket(Adopted socket, Engine engine) throws IOException {
    this.socket = socket;
    this.engine = engine;
    this.calls = socket.calls();
    this.six = socket.option(Linux.SOL_SOCKET, Linux.SO_DOMAIN) == Linux.AF_INET6;
  }

  /** Uses a descriptor up. */
  static UdpSocket of(Descriptor descriptor, Engine engine) throws IOException {
    if (descriptor.kind() != HandleKind.UDP) {
      throw new NotSupportedException(
          "handle of " + descriptor.kind(), "sending datagrams", "expected a UDP socket");
    }
    Adopted socket = Carrier.adopt(descriptor);
    try {
      return new UdpSocket(socket, engine);
    } catch (IOException | RuntimeException | Error e) {
      socket.close();
      throw e;
    }
  }

  /** Runs a task once it is closed. */
  void onClose(Runnable task) {
    CompletableFuture<Void> unused = closed.thenRun(task);
  }

  @Override
  public Optional<InetSocketAddress> local() throws IOException {
    try {
      return internet(SocketName.local(socket));
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(NAME);
    }
  }

  private static Optional<InetSocketAddress> internet(@Nullable SocketAddress address) {
    return address instanceof InetSocketAddress found && found.getPort() != 0
        ? Optional.of(found)
        : Optional.empty();
  }

  @Override
  public Optional<InetSocketAddress> receive(ByteBuffer dst, Wait wait) throws IOException {
    if (dst.isReadOnly()) {
      throw new IllegalArgumentException("the destination is read-only");
    }
    Message message = new Message(calls);
    ByteBuffer name = ByteBuffer.allocateDirect(ADDRESS_BYTES);
    ByteBuffer memory =
        dst.isDirect()
            ? dst.slice()
            : ByteBuffer.allocateDirect(Math.min(MAX_BYTES, dst.remaining()));
    int n =
        repeat(
            SelectableOf.INPUT,
            wait,
            "a datagram",
            fd -> calls.with(memory, at -> message.receiveFrom(fd, name, at, memory.capacity())));
    if (n < 0) {
      return Optional.empty();
    }
    if (dst.isDirect()) {
      dst.position(dst.position() + n);
    } else {
      dst.put(memory.limit(n));
    }
    return internet(SocketName.parse(name.order(ByteOrder.nativeOrder())));
  }

  @Override
  public boolean send(ByteBuffer src, InetSocketAddress to, Wait wait) throws IOException {
    if (to.isUnresolved()) {
      throw new IllegalArgumentException(to + " is not resolved, expected an address");
    }
    if (!six && to.getAddress() instanceof Inet6Address) {
      throw new IllegalArgumentException(
          to.getAddress() + " is of IPv6, expected one of IPv4 as the socket is");
    }
    Message message = new Message(calls);
    ByteBuffer name = SocketName.ofInternet(to, six);
    int length = src.remaining();
    ByteBuffer memory =
        src.isDirect()
            ? src.slice()
            : ByteBuffer.allocateDirect(length).put(0, src, src.position(), length);
    int n =
        repeat(
            SelectableOf.OUTPUT,
            wait,
            "room for a datagram",
            fd -> calls.with(memory, at -> message.sendTo(fd, name, at, length)));
    if (n < 0) {
      return false;
    }
    src.position(src.limit());
    return true;
  }

  private enum SelectableOf {
    INPUT(SelectionKey.OP_READ),
    OUTPUT(SelectionKey.OP_WRITE);

    private final int operation;

    SelectableOf(int operation) {
      this.operation = operation;
    }
  }

  /** Returns what the call answers, or -1 if told not to wait and it would. */
  private int repeat(SelectableOf side, Wait wait, String what, Adopted.Call call)
      throws IOException {
    Wait limit =
        wait.kind() == Wait.Kind.UP_TO ? Wait.until(System.nanoTime() + wait.nanos()) : wait;
    boolean waited = false;
    while (true) {
      int n;
      try {
        n = socket.call(call);
      } catch (ClosedChannelException e) {
        throw waited
            ? new StreamClosedWhileWaitingException(NAME)
            : new StreamClosedException(NAME);
      }
      if (n >= 0) {
        return n;
      }
      if (n == -Linux.EINTR) {
        continue;
      }
      if (n != -Linux.EAGAIN) {
        throw Linux.failure("a datagram", n);
      }
      if (wait.kind() == Wait.Kind.NONE) {
        return -1;
      }
      waited = true;
      CompletableFuture<Void> ready = new CompletableFuture<>();
      SelectableChannel channel =
          Objects.requireNonNull(side == SelectableOf.INPUT ? socket.input() : socket.output());
      engine.await(channel, side.operation, () -> ready.complete(null));
      CompletableFuture<Object> either = CompletableFuture.anyOf(ready, closed);
      try {
        Object unused = Stages.await(either, limit, NAME, what);
      } catch (StreamTimeoutException e) {
        throw new StreamTimeoutException(NAME, what + " was not there within " + wait, 0);
      }
    }
  }

  @Override
  public boolean isOpen() {
    return socket.isOpen();
  }

  @Override
  public void close() throws IOException {
    try {
      socket.close();
    } finally {
      engine.flushClosed();
      closed.complete(null);
    }
  }
}
