// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Addresses of sockets as the system writes them. */
public final class SocketName {
  private static final int SO_LINGER = 13;
  private static final int FAMILY_BYTES = 2;
  private static final int INET_BYTES = 16;
  private static final int INET_HOST = 4;
  private static final int INET6_BYTES = 28;

  /** What comes before an address of four bytes among those of sixteen. */
  private static final int MAPPED = 0xffff;

  /** Room for an address of any family. */
  static final int MAX_BYTES = 128;

  /** The most bytes of a name, be it a path or abstract. */
  public static final int MAX_NAME_BYTES = 107;

  private SocketName() {}

  /** The address of an abstract Unix socket. */
  public static final class AbstractAddress extends SocketAddress {
    private static final long serialVersionUID = 1L;

    /** Without the sign in front. */
    private final String name;

    /** The address of that name. */
    public AbstractAddress(String name) {
      this.name = name;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof AbstractAddress that && name.equals(that.name);
    }

    @Override
    public int hashCode() {
      return name.hashCode();
    }

    @Override
    public String toString() {
      return "@" + name;
    }
  }

  /** Asks for a name. */
  @FunctionalInterface
  private interface Question {
    int ask(int fd, long address, long length);
  }

  /**
   * An abstract name as an address: the whole buffer.
   *
   * @param name at most {@link #MAX_NAME_BYTES} bytes in UTF-8
   */
  public static ByteBuffer ofAbstract(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    ByteBuffer address =
        ByteBuffer.allocateDirect(FAMILY_BYTES + 1 + bytes.length).order(ByteOrder.nativeOrder());
    address.putShort((short) Linux.AF_UNIX).put((byte) 0).put(bytes);
    return address.flip();
  }

  /**
   * A path as an address: the whole buffer.
   *
   * @param path at most {@link #MAX_NAME_BYTES} bytes
   */
  public static ByteBuffer ofPath(byte[] path) {
    ByteBuffer address =
        ByteBuffer.allocateDirect(FAMILY_BYTES + path.length + 1).order(ByteOrder.nativeOrder());
    return address.putShort((short) Linux.AF_UNIX).put(path).put((byte) 0).flip();
  }

  /**
   * A socket's own address.
   *
   * @return null where it has none
   */
  public static @Nullable SocketAddress local(Adopted socket) throws IOException {
    return ask("getsockname", socket, socket.calls()::getsockname);
  }

  /**
   * Its peer's address.
   *
   * @return null where it has none
   */
  public static @Nullable SocketAddress peer(Adopted socket) throws IOException {
    return ask("getpeername", socket, socket.calls()::getpeername);
  }

  /** Asks with a number; what it answers is passed on. */
  @FunctionalInterface
  private interface Asker {
    int with(Question question, long address, long length) throws IOException;
  }

  private static @Nullable SocketAddress ask(String call, Adopted socket, Question question)
      throws IOException {
    return ask(
        call,
        socket.calls(),
        question,
        (asked, address, length) -> socket.call(fd -> asked.ask(fd, address, length)));
  }

  private static @Nullable SocketAddress ask(
      String call, Posix calls, Question question, Asker asker) throws IOException {
    ByteBuffer memory =
        ByteBuffer.allocateDirect(MAX_BYTES + 4)
            .order(ByteOrder.nativeOrder())
            .putInt(MAX_BYTES, MAX_BYTES);
    int result = calls.with(memory, at -> asker.with(question, at, at + MAX_BYTES));
    if (result == -Linux.ENOTCONN) {
      return null;
    }
    Linux.check(call, result);
    return parse(memory.limit(Math.min(MAX_BYTES, memory.getInt(MAX_BYTES))));
  }

  /** The address of a socket that is no channel; null where it has none. */
  public static @Nullable SocketAddress local(Descriptor socket) throws IOException {
    Posix calls = socket.calls();
    return ask(
        "getsockname",
        calls,
        calls::getsockname,
        (asked, address, length) -> socket.call(fd -> asked.ask(fd, address, length)));
  }

  /** As {@link #local(Descriptor)}, for the peer. */
  public static @Nullable SocketAddress peer(Descriptor socket) throws IOException {
    Posix calls = socket.calls();
    return ask(
        "getpeername",
        calls,
        calls::getpeername,
        (asked, address, length) -> socket.call(fd -> asked.ask(fd, address, length)));
  }

  /** The address of a socket by its number. */
  static @Nullable SocketAddress local(Posix calls, int fd) throws IOException {
    return ask(
        "getsockname",
        calls,
        calls::getsockname,
        (asked, address, length) -> asked.ask(fd, address, length));
  }

  /** As {@link #local(Posix, int)}, for the peer. */
  static @Nullable SocketAddress peer(Posix calls, int fd) throws IOException {
    return ask(
        "getpeername",
        calls,
        calls::getpeername,
        (asked, address, length) -> asked.ask(fd, address, length));
  }

  /** Whether a socket is bound. */
  static boolean isNamed(Posix calls, int fd) throws IOException {
    return local(calls, fd) != null;
  }

  /** An internet address as the system reads it: the whole buffer. */
  public static ByteBuffer ofInternet(InetSocketAddress address, boolean six) {
    byte[] host = address.getAddress().getAddress();
    ByteBuffer name =
        ByteBuffer.allocateDirect(six ? INET6_BYTES : INET_BYTES).order(ByteOrder.nativeOrder());
    name.putShort((short) (six ? Linux.AF_INET6 : Linux.AF_INET));
    name.order(ByteOrder.BIG_ENDIAN).putShort((short) address.getPort());
    if (six) {
      name.putInt(0);
      if (host.length == INET_HOST) {
        name.putLong(0).putInt(MAPPED);
      }
      name.put(host).order(ByteOrder.nativeOrder()).putInt(scope(address.getAddress()));
    } else {
      name.put(host).putLong(0);
    }
    return name.flip();
  }

  private static int scope(InetAddress address) {
    return address instanceof Inet6Address six ? six.getScopeId() : 0;
  }

  /** An address that the system has written, up to the buffer's limit. */
  public static @Nullable SocketAddress parse(ByteBuffer memory) throws IOException {
    if (memory.remaining() <= FAMILY_BYTES) {
      return null;
    }
    int family = memory.getShort();
    return switch (family) {
      case Linux.AF_UNIX ->
          memory.get(memory.position()) == 0 ? abstractName(memory) : path(memory);
      case Linux.AF_INET -> internet(memory, 4, FAMILY_BYTES + 2);
      case Linux.AF_INET6 -> internet(memory, 16, FAMILY_BYTES + 6);
      default -> null;
    };
  }

  private static SocketAddress abstractName(ByteBuffer memory) {
    memory.get();
    return new AbstractAddress(StandardCharsets.UTF_8.decode(memory).toString());
  }

  private static SocketAddress path(ByteBuffer memory) {
    int end = memory.position();
    while (end < memory.limit() && memory.get(end) != 0) {
      end++;
    }
    return UnixDomainSocketAddress.of(StandardCharsets.UTF_8.decode(memory.limit(end)).toString());
  }

  private static SocketAddress internet(ByteBuffer memory, int bytes, int at) throws IOException {
    int port = Short.toUnsignedInt(memory.order(ByteOrder.BIG_ENDIAN).getShort());
    byte[] host = new byte[bytes];
    memory.position(at).get(host);
    return new InetSocketAddress(InetAddress.getByAddress(host), port);
  }

  /** Has the close of a TCP connection cut it. */
  public static void lingerNot(Adopted socket) throws IOException {
    Posix calls = socket.calls();
    ByteBuffer memory =
        ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder()).putInt(0, 1).putInt(4, 0);
    Linux.check(
        "setsockopt",
        calls.with(
            memory,
            at -> socket.call(fd -> calls.setsockopt(fd, Linux.SOL_SOCKET, SO_LINGER, at, 8))));
  }
}
