// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.io.IOException;
import java.util.Set;

/** Linux's numbers, which x86-64 and AArch64 have in common, and its words for its errors. */
public final class Linux {
  public static final int AF_UNIX = 1;
  public static final int AF_INET = 2;
  public static final int AF_INET6 = 10;
  public static final int SOCK_STREAM = 1;
  public static final int SOCK_DGRAM = 2;
  public static final int SOCK_NONBLOCK = 04000;
  public static final int SOCK_CLOEXEC = 02000000;
  public static final int SHUT_RD = 0;
  public static final int SHUT_WR = 1;
  public static final int SHUT_RDWR = 2;
  public static final int SOL_SOCKET = 1;
  public static final int IPPROTO_TCP = 6;
  public static final int TCP_NOTSENT_LOWAT = 25;
  public static final int SO_TYPE = 3;
  public static final int SO_SNDBUF = 7;
  public static final int SO_RCVBUF = 8;
  public static final int SO_PASSCRED = 16;
  public static final int SO_PEERCRED = 17;
  public static final int SO_PEERNAME = 28;
  public static final int SO_ACCEPTCONN = 30;
  public static final int SO_PASSSEC = 34;
  public static final int SO_DOMAIN = 39;
  public static final int SO_PASSPIDFD = 76;
  public static final int SCM_RIGHTS = 1;
  public static final int MSG_PEEK = 0x2;
  public static final int MSG_CTRUNC = 0x8;
  public static final int MSG_DONTWAIT = 0x40;
  public static final int MSG_NOSIGNAL = 0x4000;
  public static final int MSG_CMSG_CLOEXEC = 0x40000000;
  public static final int F_GETFD = 1;
  public static final int F_SETFD = 2;
  public static final int F_GETFL = 3;
  public static final int F_SETFL = 4;
  public static final int F_DUPFD_CLOEXEC = 1030;
  public static final int F_SETPIPE_SZ = 1031;
  public static final int F_GETPIPE_SZ = 1032;
  public static final int SPLICE_F_MOVE = 1;
  public static final int SPLICE_F_NONBLOCK = 2;
  public static final int FD_CLOEXEC = 1;
  public static final int O_ACCMODE = 03;
  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_NONBLOCK = 04000;
  public static final int O_NOCTTY = 0400;
  public static final int O_CREAT = 0100;
  public static final int O_EXCL = 0200;
  public static final int O_TRUNC = 01000;
  public static final int O_APPEND = 02000;
  public static final int O_CLOEXEC = 02000000;
  public static final int O_PATH = 010000000;
  public static final int O_NOFOLLOW = isArm() ? 0100000 : 0400000;
  public static final long SYS_OPENAT2 = 437;
  public static final long RESOLVE_NO_MAGICLINKS = 0x02;
  public static final long RESOLVE_NO_SYMLINKS = 0x04;
  public static final long RESOLVE_BENEATH = 0x08;
  public static final int SIGKILL = 9;
  public static final int SIGTERM = 15;
  public static final int POLLIN = 1;
  public static final int POLLHUP = 0x10;
  public static final long FIONREAD = 0x541B;

  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EINTR = 4;
  public static final int EIO = 5;
  public static final int ENXIO = 6;
  public static final int ENOEXEC = 8;
  public static final int EBADF = 9;
  public static final int EAGAIN = 11;
  public static final int EACCES = 13;
  public static final int EFAULT = 14;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int EXDEV = 18;
  public static final int ENOTDIR = 20;
  public static final int EINVAL = 22;
  public static final int ENFILE = 23;
  public static final int EMFILE = 24;
  public static final int EROFS = 30;
  public static final int ENAMETOOLONG = 36;
  public static final int ENOSYS = 38;
  public static final int ELOOP = 40;
  public static final int ENOTSOCK = 88;
  public static final int EADDRINUSE = 98;
  public static final int ECONNABORTED = 103;
  public static final int ENOTCONN = 107;
  public static final int ETOOMANYREFS = 109;
  public static final int ECONNREFUSED = 111;

  private static final Set<String> MACHINES = Set.of("amd64", "x86_64", "aarch64");

  private Linux() {}

  private static boolean isArm() {
    return System.getProperty("os.arch").equals("aarch64");
  }

  /** Whether the numbers are those of this machine. */
  public static boolean isHere() {
    return System.getProperty("os.name").equals("Linux")
        && MACHINES.contains(System.getProperty("os.arch"));
  }

  /**
   * What went wrong with a call, in the system's words.
   *
   * @param call its name
   * @param result negative
   */
  public static IOException failure(String call, int result) {
    return new IOException(message(-result) + " (" + call + ")");
  }

  /**
   * Passes a result on, or throws what went wrong.
   *
   * @param call its name
   * @param result of it
   * @return the result, 0 or more
   * @throws IOException if the call failed
   */
  public static int check(String call, int result) throws IOException {
    if (result < 0) {
      throw failure(call, result);
    }
    return result;
  }

  /** Whether a call failed for want of descriptors. */
  public static boolean isLimit(int result) {
    return result == -EMFILE || result == -ENFILE || result == -ETOOMANYREFS;
  }

  /** Whether something failed for want of descriptors. The JDK tells of it in words only. */
  public static boolean isLimit(IOException failure) {
    return String.valueOf(failure.getMessage()).contains("Too many open files");
  }

  /** The system's words for an error. */
  static String message(int errno) {
    return switch (errno) {
      case EPERM -> "Operation not permitted";
      case ENOENT -> "No such file or directory";
      case EINTR -> "Interrupted system call";
      case EIO -> "Input/output error";
      case ENXIO -> "No such device or address";
      case 7 -> "Argument list too long";
      case ENOEXEC -> "Exec format error";
      case EBADF -> "Bad file descriptor";
      case EAGAIN -> "Resource temporarily unavailable";
      case 12 -> "Cannot allocate memory";
      case EACCES -> "Permission denied";
      case 16 -> "Device or resource busy";
      case ENOTDIR -> "Not a directory";
      case EINVAL -> "Invalid argument";
      case ENFILE -> "Too many open files in system";
      case EMFILE -> "Too many open files";
      case 25 -> "Inappropriate ioctl for device";
      case 32 -> "Broken pipe";
      case ENAMETOOLONG -> "File name too long";
      case ENOTSOCK -> "Socket operation on non-socket";
      case 91 -> "Protocol wrong type for socket";
      case EADDRINUSE -> "Address already in use";
      case 99 -> "Cannot assign requested address";
      case ECONNABORTED -> "Software caused connection abort";
      case 100 -> "Network is down";
      case 101 -> "Network is unreachable";
      case 104 -> "Connection reset by peer";
      case 105 -> "No buffer space available";
      case 106 -> "Transport endpoint is already connected";
      case ENOTCONN -> "Transport endpoint is not connected";
      case 110 -> "Connection timed out";
      case 113 -> "No route to host";
      case EEXIST -> "File exists";
      case EROFS -> "Read-only file system";
      case 21 -> "Is a directory";
      case 90 -> "Message too long";
      case 97 -> "Address family not supported by protocol";
      case ETOOMANYREFS -> "Too many references: cannot splice";
      case ECONNREFUSED -> "Connection refused";
      default -> "error " + errno;
    };
  }
}
