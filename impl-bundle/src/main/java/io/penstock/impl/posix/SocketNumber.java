// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.io.File;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Finds the descriptor of a Unix socket of the JDK's, which does not tell its number: sets an
 * option that means nothing to such a socket, and looks for the socket that has it.
 */
final class SocketNumber {
  private static final int MOST_SECONDS = 0x7fff;
  private static final int SO_LINGER = 13;
  private static final int ATTEMPTS = 4;

  private SocketNumber() {}

  /**
   * A copy of the descriptor, which stays this socket's whoever closes the other.
   *
   * @return to be closed
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if it cannot be found
   */
  static int duplicate(SocketChannel socket, Posix calls) throws IOException {
    ByteBuffer answer = ByteBuffer.allocateDirect(12).order(ByteOrder.nativeOrder());
    try {
      for (int i = 0; i < ATTEMPTS; i++) {
        int mark = mark(socket, 0);
        String[] names = new File("/proc/self/fd").list();
        for (String name : names == null ? new String[0] : names) {
          int fd = Integer.parseInt(name);
          if (seconds(calls, fd, answer) != mark) {
            continue;
          }
          int copy = calls.fcntl(fd, Linux.F_DUPFD_CLOEXEC, 0);
          // The number may have become another's, and another may have the same mark by chance.
          if (copy >= 0) {
            boolean same = false;
            try {
              mark = mark(socket, mark);
              same = seconds(calls, copy, answer) == mark;
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
    } finally {
      if (socket.isOpen()) {
        socket.setOption(StandardSocketOptions.SO_LINGER, -1);
      }
    }
    throw new IOException("cannot tell which descriptor a socket has");
  }

  /** Gives the socket a mark other than the last, and returns it. */
  private static int mark(SocketChannel socket, int last) throws IOException {
    int mark;
    do {
      mark = ThreadLocalRandom.current().nextInt(1, MOST_SECONDS);
    } while (mark == last);
    socket.setOption(StandardSocketOptions.SO_LINGER, mark);
    return mark;
  }

  private static int seconds(Posix calls, int fd, ByteBuffer answer) {
    long address = calls.address(answer);
    answer.putInt(8, 8);
    int result = calls.getsockopt(fd, Linux.SOL_SOCKET, SO_LINGER, address, address + 8);
    return result < 0 || answer.getInt(0) == 0 ? -1 : answer.getInt(4);
  }
}
