// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.channel.PeerCredentials;
import java.io.IOException;
import java.lang.ref.Reference;
import java.lang.reflect.InvocationTargetException;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.attribute.UserPrincipal;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Asks the system for the peer's identity at the other end of a Unix socket. */
public final class Credentials {
  private static final String PEER_OPTION = "SO_PEERCRED";
  private static final int NAME_BYTES = 16 * 1024;

  /** Larger than {@code struct passwd} and {@code struct group}, which begin with the name. */
  private static final int ENTRY_BYTES = 256;

  private static final int POINTER_BYTES = 8;

  private Credentials() {}

  /** Looks a number up. */
  @FunctionalInterface
  private interface Lookup {
    int find(int number, long entry, long buffer, long length, long result);
  }

  /**
   * The peer of an adopted socket.
   *
   * @throws java.nio.channels.ClosedChannelException after the close
   * @throws IOException if it is no Unix socket
   */
  public static PeerCredentials of(Adopted socket) throws IOException {
    Posix calls = socket.calls();
    ByteBuffer memory = memory();
    Linux.check("getsockopt", calls.with(memory, at -> socket.call(fd -> ask(calls, fd, at))));
    return named(calls, memory);
  }

  /**
   * The peer of a Unix socket of the JDK's.
   *
   * @param calls makes native calls; null where nothing does
   * @throws java.nio.channels.ClosedChannelException after the close
   * @throws IOException if the system does not tell
   */
  public static PeerCredentials of(SocketChannel socket, @Nullable Posix calls) throws IOException {
    if (calls == null) {
      return new PeerCredentials(
          OptionalLong.empty(),
          OptionalLong.empty(),
          OptionalLong.empty(),
          principal(socket, "user"),
          principal(socket, "group"));
    }
    int fd = SocketNumber.duplicate(socket, calls);
    ByteBuffer memory = memory();
    try {
      Linux.check("getsockopt", calls.with(memory, at -> ask(calls, fd, at)));
    } finally {
      calls.close(fd);
    }
    return named(calls, memory);
  }

  /** Three numbers, and the size of their memory. */
  private static ByteBuffer memory() {
    return ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder()).putInt(12, 12);
  }

  private static int ask(Posix calls, int fd, long address) {
    return calls.getsockopt(fd, Linux.SOL_SOCKET, Linux.SO_PEERCRED, address, address + 12);
  }

  private static PeerCredentials named(Posix calls, ByteBuffer memory) {
    int pid = memory.getInt(0);
    int uid = memory.getInt(4);
    int gid = memory.getInt(8);
    return new PeerCredentials(
        pid == 0 ? OptionalLong.empty() : OptionalLong.of(pid),
        OptionalLong.of(Integer.toUnsignedLong(uid)),
        OptionalLong.of(Integer.toUnsignedLong(gid)),
        name(calls, uid, calls::getpwuid_r),
        name(calls, gid, calls::getgrgid_r));
  }

  private static Optional<String> name(Posix calls, int number, Lookup lookup) {
    ByteBuffer memory =
        ByteBuffer.allocateDirect(POINTER_BYTES + ENTRY_BYTES + NAME_BYTES)
            .order(ByteOrder.nativeOrder());
    long result = calls.address(memory);
    long entry = result + POINTER_BYTES;
    long buffer = entry + ENTRY_BYTES;
    int found;
    try {
      found = lookup.find(number, entry, buffer, NAME_BYTES, result);
    } finally {
      Reference.reachabilityFence(memory);
    }
    if (found < 0 || memory.getLong(0) == 0) {
      // Nobody of that number, or too many members to list: there is a number still.
      return Optional.empty();
    }
    long at = memory.getLong(POINTER_BYTES) - result;
    if (at < POINTER_BYTES || at >= memory.capacity()) {
      return Optional.empty();
    }
    int end = (int) at;
    while (end < memory.capacity() && memory.get(end) != 0) {
      end++;
    }
    return Optional.of(
        StandardCharsets.UTF_8.decode(memory.limit(end).position((int) at)).toString());
  }

  /** The JDK's option is in a module that need not be there, and so are its values. */
  private static Optional<String> principal(SocketChannel socket, String part) throws IOException {
    for (SocketOption<?> option : socket.supportedOptions()) {
      if (option.name().equals(PEER_OPTION)) {
        Object value = socket.getOption(option);
        try {
          Object principal = option.type().getMethod(part).invoke(value);
          return Optional.of(((UserPrincipal) principal).getName());
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
          throw new IOException("this Java does not tell the peer's " + part, e);
        }
      }
    }
    return Optional.empty();
  }

  /** Whether anything can be told of the peer of a Unix socket of the JDK's. */
  public static boolean isKnown(SocketChannel socket) {
    return socket.supportedOptions().stream().anyMatch(o -> o.name().equals(PEER_OPTION));
  }
}
