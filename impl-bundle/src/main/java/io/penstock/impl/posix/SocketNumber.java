// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.io.File;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Finds the descriptor of a socket of the JDK's, which does not tell its number. A connected Unix
 * socket is given an option that means nothing to it, and the socket that has it is looked for; of
 * all others there is one alone that has their addresses.
 */
public final class SocketNumber {
  private static final String DESCRIPTORS = "/proc/self/fd";
  private static final int MAX_SECONDS = 0x7fff;
  private static final int SO_LINGER = 13;
  private static final int SO_RCVBUF = 8;
  private static final int LEAST_ROOM = 8 * 1024;
  private static final int MAX_ROOM = 64 * 1024;
  private static final int ATTEMPTS = 4;

  private SocketNumber() {}

  /**
   * A copy of the descriptor, which stays this socket's, whichever thread closes the other.
   *
   * @param socket bound, of a type that the JDK has
   * @return to be closed
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left
   * @throws IOException if it cannot be found
   */
  public static Descriptor descriptor(NetworkChannel socket, Posix calls) throws IOException {
    SocketAddress local = socket.getLocalAddress();
    if (socket instanceof SocketChannel connected && local instanceof UnixDomainSocketAddress) {
      return new Descriptor(calls, duplicate(connected, calls));
    }
    return new Descriptor(calls, duplicate(Likeness.of(socket, local), calls));
  }

  /** What can be told of a socket from both sides: by the JDK, and by the system. */
  private record Likeness(
      int type, boolean listens, SocketAddress local, @Nullable SocketAddress peer) {
    static Likeness of(NetworkChannel socket, SocketAddress local) throws IOException {
      if (socket instanceof SocketChannel connected) {
        return new Likeness(Linux.SOCK_STREAM, false, local, connected.getRemoteAddress());
      }
      if (socket instanceof DatagramChannel datagrams) {
        return new Likeness(Linux.SOCK_DGRAM, false, local, datagrams.getRemoteAddress());
      }
      return new Likeness(Linux.SOCK_STREAM, true, local, null);
    }

    boolean is(Posix calls, int fd) {
      try {
        return FileKind.option(calls, fd, Linux.SO_TYPE) == type
            && (FileKind.option(calls, fd, Linux.SO_ACCEPTCONN) != 0) == listens
            && local.equals(SocketName.local(calls, fd))
            && Objects.equals(peer, listens ? null : SocketName.peer(calls, fd));
      } catch (IOException e) {
        // No socket, or not any more.
        return false;
      }
    }
  }

  private static int duplicate(Likeness likeness, Posix calls) throws IOException {
    int found = -1;
    Object identity = null;
    try {
      String[] names = new File(DESCRIPTORS).list();
      for (String name : names == null ? new String[0] : names) {
        if (!likeness.is(calls, Integer.parseInt(name))) {
          continue;
        }
        int copy =
            Descriptor.checkCopy(calls.fcntl(Integer.parseInt(name), Linux.F_DUPFD_CLOEXEC, 0));
        boolean same = likeness.is(calls, copy);
        Object key = same ? FileKind.identity(copy) : null;
        if (!same || found >= 0) {
          calls.close(copy);
        } else {
          found = copy;
          identity = key;
        }
        if (same && !Objects.equals(identity, key)) {
          throw new IOException(
              "cannot tell which descriptor a socket has: another has the address "
                  + likeness.local());
        }
      }
      if (found < 0) {
        throw new IOException("cannot tell which descriptor a socket has: " + likeness.local());
      }
      int result = found;
      found = -1;
      return result;
    } finally {
      if (found >= 0) {
        calls.close(found);
      }
    }
  }

  /** What a socket can be told by. */
  private interface Mark {
    /** Gives the socket a mark other than the last. */
    void change() throws IOException;

    /** Whether a descriptor has it. */
    boolean isAt(int fd);
  }

  /**
   * A copy of the descriptor, which stays this socket's, whichever thread closes the other.
   *
   * @return to be closed
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if it cannot be found
   */
  static int duplicate(SocketChannel socket, Posix calls) throws IOException {
    try {
      return duplicate(new Linger(socket, calls), calls);
    } finally {
      if (socket.isOpen()) {
        socket.setOption(StandardSocketOptions.SO_LINGER, -1);
      }
    }
  }

  /**
   * A copy of the descriptor of a socket that is not bound yet.
   *
   * @param socket a Unix socket; its buffer, which it makes no use of, is as before on return
   * @return to be closed
   * @throws IOException if it cannot be found
   */
  public static Descriptor unbound(ServerSocketChannel socket, Posix calls) throws IOException {
    int before = socket.getOption(StandardSocketOptions.SO_RCVBUF);
    try {
      return new Descriptor(calls, duplicate(new Room(socket, calls), calls));
    } finally {
      // The system doubles what it is told.
      socket.setOption(StandardSocketOptions.SO_RCVBUF, before / 2);
    }
  }

  private static int duplicate(Mark mark, Posix calls) throws IOException {
    for (int i = 0; i < ATTEMPTS; i++) {
      mark.change();
      String[] names = new File(DESCRIPTORS).list();
      for (String name : names == null ? new String[0] : names) {
        int fd = Integer.parseInt(name);
        if (!mark.isAt(fd)) {
          continue;
        }
        int copy = calls.fcntl(fd, Linux.F_DUPFD_CLOEXEC, 0);
        if (Linux.isLimit(copy)) {
          throw Descriptor.limit("a socket cannot be copied", copy);
        }
        // The number may have become another's, and another may have the same mark by chance.
        if (copy >= 0) {
          boolean same = false;
          try {
            mark.change();
            same = mark.isAt(copy);
          } finally {
            if (!same) {
              calls.close(copy);
            }
          }
          if (same) {
            return copy;
          }
        }
      }
    }
    throw new IOException("cannot tell which descriptor a socket has");
  }

  private static int another(int last, int least, int most) {
    int next;
    do {
      next = ThreadLocalRandom.current().nextInt(least, most);
    } while (next == last);
    return next;
  }

  /** How long a close waits, which means nothing to a Unix socket. */
  private static final class Linger implements Mark {
    private final SocketChannel socket;
    private final Posix calls;
    private final ByteBuffer answer = ByteBuffer.allocateDirect(12).order(ByteOrder.nativeOrder());
    private int seconds;

    Linger(SocketChannel socket, Posix calls) {
      this.socket = socket;
      this.calls = calls;
    }

    @Override
    public void change() throws IOException {
      seconds = another(seconds, 1, MAX_SECONDS);
      socket.setOption(StandardSocketOptions.SO_LINGER, seconds);
    }

    @Override
    public boolean isAt(int fd) {
      answer.putInt(8, 8);
      int result =
          calls.with(answer, at -> calls.getsockopt(fd, Linux.SOL_SOCKET, SO_LINGER, at, at + 8));
      return result >= 0 && answer.getInt(0) != 0 && answer.getInt(4) == seconds;
    }
  }

  /** How much may wait to be read, of which a socket that listens has none. */
  private static final class Room implements Mark {
    private final ServerSocketChannel socket;
    private final Posix calls;
    private int bytes;

    Room(ServerSocketChannel socket, Posix calls) {
      this.socket = socket;
      this.calls = calls;
    }

    @Override
    public void change() throws IOException {
      bytes = another(bytes, LEAST_ROOM, MAX_ROOM);
      socket.setOption(StandardSocketOptions.SO_RCVBUF, bytes);
    }

    @Override
    public boolean isAt(int fd) {
      try {
        return FileKind.option(calls, fd, SO_RCVBUF) == 2 * bytes;
      } catch (IOException e) {
        // No socket, or not any more.
        return false;
      }
    }
  }
}
