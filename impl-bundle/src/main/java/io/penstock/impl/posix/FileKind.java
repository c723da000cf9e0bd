// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** What an open descriptor is. */
public enum FileKind {
  /** Not open. */
  NONE,
  /** A socket of any family. */
  SOCKET,
  /** A pipe, with a name or without. */
  FIFO,
  /** A terminal, as a program in it has it. */
  TERMINAL,
  /** The null device, the other side of a terminal, and the like. */
  CHARACTER_DEVICE,
  /** A directory. */
  DIRECTORY,
  /** A regular file, and whatever else is read and written like one. */
  FILE;

  private static final int TYPE = 0170000;
  private static final int TTY = 4;
  private static final int OWN_TTY = 5;
  private static final int FIRST_PTS = 136;
  private static final int LAST_PTS = 143;
  private static final int EPOLL_CTL_ADD = 1;
  private static final int EPERM = 1;

  /** Large enough for {@code struct epoll_event} of any machine. */
  private static final int EVENT_BYTES = 16;

  private static final int ADDRESS_BYTES = 128;

  /**
   * Looks at a descriptor.
   *
   * @throws IOException if the system does not tell
   */
  public static FileKind of(int fd) throws IOException {
    int mode;
    try {
      mode = (Integer) Files.getAttribute(path(fd), "unix:mode");
    } catch (NoSuchFileException e) {
      return NONE;
    }
    return switch (mode & TYPE) {
      case 0140000 -> SOCKET;
      case 0010000 -> FIFO;
      case 0020000 -> isTerminal(fd) ? TERMINAL : CHARACTER_DEVICE;
      case 0040000 -> DIRECTORY;
      default -> FILE;
    };
  }

  /** Whether it is a regular file, and not only read and written like one. */
  static boolean isRegular(int fd) throws IOException {
    return ((Integer) Files.getAttribute(path(fd), "unix:mode") & TYPE) == 0100000;
  }

  /** What two descriptors of one thing have in common. */
  static Object identity(int fd) throws IOException {
    return List.of(
        Files.getAttribute(path(fd), "unix:dev"), Files.getAttribute(path(fd), "unix:ino"));
  }

  private static Path path(int fd) {
    return Path.of("/proc/self/fd/" + fd);
  }

  /**
   * Whether it can be opened once more as the same thing, so that what we set does not reach its
   * other owners: a file would get another offset, many a device is a new one for each open, a
   * socket cannot be opened.
   */
  public boolean isReopened() {
    return this == FIFO || this == TERMINAL;
  }

  private static boolean isTerminal(int fd) throws IOException {
    long device = (Long) Files.getAttribute(path(fd), "unix:rdev");
    long major = (device >> 8) & 0xfff;
    // The second of major number 5 makes a new terminal.
    return major == TTY
        || (major == OWN_TTY && (device & 0xff) < 2)
        || (major >= FIRST_PTS && major <= LAST_PTS);
  }

  /**
   * Opens it once more and closes the first.
   *
   * @return the new descriptor, non-blocking; the first where the system does not allow it
   */
  public static int reopen(Posix calls, int fd) {
    int flags = calls.fcntl(fd, Linux.F_GETFL, 0);
    int fresh = flags < 0 ? flags : openAgain(calls, fd, flags & Linux.O_ACCMODE);
    if (fresh < 0) {
      // A pipe that nobody reads any more, or somebody else's.
      return fd;
    }
    calls.close(fd);
    return fresh;
  }

  /**
   * Opens it once more, or copies it where the system does not allow that; the descriptor stays.
   *
   * @return the new descriptor
   */
  public static int copy(Posix calls, int fd) throws IOException {
    int flags = Linux.check("fcntl", calls.fcntl(fd, Linux.F_GETFL, 0));
    int fresh = openAgain(calls, fd, flags & Linux.O_ACCMODE);
    return fresh < 0 ? duplicate(calls, fd) : fresh;
  }

  /** A copy that shares the mode and the place in the file; the descriptor stays. */
  public static int duplicate(Posix calls, int fd) throws IOException {
    return Linux.check("fcntl", calls.fcntl(fd, Linux.F_DUPFD_CLOEXEC, 0));
  }

  /**
   * Opens what a descriptor is once more; the descriptor stays.
   *
   * @param access {@code O_RDONLY} or {@code O_WRONLY}
   * @return the new descriptor, non-blocking, or -errno
   */
  public static int openAgain(Posix calls, int fd, int access) {
    return PathName.open(calls, path(fd), access | Linux.O_NONBLOCK | Linux.O_NOCTTY);
  }

  /** Whether one can wait for it; what one cannot wait for is always ready. */
  public static boolean isSelectable(Posix calls, int fd) throws IOException {
    int epoll = Linux.check("epoll_create1", calls.epoll_create1(Linux.O_CLOEXEC));
    try {
      int result = watchDeparture(calls, epoll, fd);
      return result == -EPERM ? false : Linux.check("epoll_ctl", result) == 0;
    } finally {
      calls.close(epoll);
    }
  }

  /**
   * Has a set of the system's tell of what is always told, whatever else there is: failures, and
   * the departure of the peer.
   *
   * @return 0, or -errno
   */
  public static int watchDeparture(Posix calls, int set, int fd) {
    ByteBuffer event = ByteBuffer.allocateDirect(EVENT_BYTES);
    return calls.with(event, at -> calls.epoll_ctl(set, EPOLL_CTL_ADD, fd, at));
  }

  /**
   * Whether nobody has the other end any more: of a pipe that is opened again then the system does
   * not tell.
   */
  public static boolean isHungUp(Posix calls, int fd) {
    return (poll(calls, fd) & Linux.POLLHUP) != 0;
  }

  /** Whether a read would not wait. */
  public static boolean isReadable(Posix calls, int fd) {
    return (poll(calls, fd) & Linux.POLLIN) != 0;
  }

  private static int poll(Posix calls, int fd) {
    ByteBuffer memory = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder()).putInt(0, fd);
    memory.putShort(4, (short) Linux.POLLIN);
    return calls.with(memory, at -> calls.poll(at, 1, 0)) > 0 ? memory.getShort(6) : 0;
  }

  /** An option of a socket that is a number. */
  public static int option(Posix calls, int fd, int option) throws IOException {
    ByteBuffer memory = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder()).putInt(4, 4);
    Linux.check(
        "getsockopt",
        calls.with(memory, at -> calls.getsockopt(fd, Linux.SOL_SOCKET, option, at, at + 4)));
    return memory.getInt(0);
  }

  /** Whether a socket has a peer. */
  public static boolean isConnected(Posix calls, int fd) throws IOException {
    ByteBuffer memory =
        ByteBuffer.allocateDirect(ADDRESS_BYTES + 4)
            .order(ByteOrder.nativeOrder())
            .putInt(ADDRESS_BYTES, ADDRESS_BYTES);
    int result = calls.with(memory, at -> calls.getpeername(fd, at, at + ADDRESS_BYTES));
    return result == -Linux.ENOTCONN ? false : Linux.check("getpeername", result) == 0;
  }
}
