// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The calls by JNA, mapped directly. Loaded only when asked for: JNA need not be there.
 *
 * <p>JNA holds the class whose methods it maps, and with it the class loader of this bundle, until
 * it is told to let go. A call that is still under way then, or comes later, would take the JVM
 * with it: so JNA is told when no object of this class can be reached any more.
 */
final class JnaPosix implements Posix {
  private final Cleaner cleaner = Cleaner.create();

  JnaPosix() {
    Library.map();
    cleaner.register(this, Library::release);
  }

  /** Calls as JNA maps them. */
  private static final class Library {
    private static final ReentrantLock LOCK = new ReentrantLock();
    private static int users;

    private Library() {}

    static void map() {
      LOCK.lock();
      try {
        if (users == 0) {
          Native.register(Library.class, NativeLibrary.getProcess());
          // They are read while it maps, and would hold the class for good.
          Native.getLibraryOptions(Library.class).clear();
        }
        users++;
      } finally {
        LOCK.unlock();
      }
    }

    static void release() {
      LOCK.lock();
      try {
        users--;
        if (users == 0) {
          Native.unregister(Library.class);
        }
      } finally {
        LOCK.unlock();
      }
    }

    static native int socket(int domain, int type, int protocol);

    static native int bind(int fd, long address, int length);

    static native int listen(int fd, int backlog);

    static native int accept4(int fd, long address, long length, int flags);

    static native int connect(int fd, long address, int length);

    static native int shutdown(int fd, int how);

    static native int getsockopt(int fd, int level, int option, long value, long length);

    static native int setsockopt(int fd, int level, int option, long value, int length);

    static native int getsockname(int fd, long address, long length);

    static native int getpeername(int fd, long address, long length);

    static native int dup3(int from, int to, int flags);

    // The count is a long, of which at most the lower half is in use.
    static native int sendmsg(int fd, long message, int flags);

    static native int recvmsg(int fd, long message, int flags);

    static native int pipe2(long fds, int flags);

    static native int epoll_create1(int flags);

    static native int epoll_ctl(int set, int operation, int fd, long event);

    static native int poll(long descriptors, long count, int millis);

    // The lengths that we use fit in an int, and so do the answers.
    static native int recv(int fd, long address, long length, int flags);

    static native int send(int fd, long address, long length, int flags);

    static native int splice(
        int from, long fromOffset, int to, long toOffset, long length, int flags);

    static native int mkfifo(long path, int mode);

    static native int kill(int pid, int signal);

    static native int close(int fd);

    static native int getpwuid_r(int uid, long user, long buffer, long length, long result);

    static native int getgrgid_r(int gid, long group, long buffer, long length, long result);

    // The last arguments are variadic, which makes no difference on the machines of Linux#isHere.
    static native int open(long path, int flags, int mode);

    static native int syscall(long number, long folder, long path, long how, long length);

    static native int fcntl(int fd, int command, int argument);

    static native int ioctl(int fd, long request, long argument);
  }

  private int result(int value) {
    try {
      return value == -1 ? -Native.getLastError() : value;
    } finally {
      // Not before the call is over: see above.
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public long address(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
  }

  @Override
  public int socket(int domain, int type, int protocol) {
    return result(Library.socket(domain, type, protocol));
  }

  @Override
  public int bind(int fd, long address, int length) {
    return result(Library.bind(fd, address, length));
  }

  @Override
  public int listen(int fd, int backlog) {
    return result(Library.listen(fd, backlog));
  }

  @Override
  public int accept4(int fd, long address, long length, int flags) {
    return result(Library.accept4(fd, address, length, flags));
  }

  @Override
  public int connect(int fd, long address, int length) {
    return result(Library.connect(fd, address, length));
  }

  @Override
  public int shutdown(int fd, int how) {
    return result(Library.shutdown(fd, how));
  }

  @Override
  public int getsockopt(int fd, int level, int option, long value, long length) {
    return result(Library.getsockopt(fd, level, option, value, length));
  }

  @Override
  public int setsockopt(int fd, int level, int option, long value, int length) {
    return result(Library.setsockopt(fd, level, option, value, length));
  }

  @Override
  public int getsockname(int fd, long address, long length) {
    return result(Library.getsockname(fd, address, length));
  }

  @Override
  public int getpeername(int fd, long address, long length) {
    return result(Library.getpeername(fd, address, length));
  }

  @Override
  public int dup3(int from, int to, int flags) {
    return result(Library.dup3(from, to, flags));
  }

  @Override
  public int sendmsg(int fd, long message, int flags) {
    return result(Library.sendmsg(fd, message, flags));
  }

  @Override
  public int recvmsg(int fd, long message, int flags) {
    return result(Library.recvmsg(fd, message, flags));
  }

  @Override
  public int pipe2(long fds, int flags) {
    return result(Library.pipe2(fds, flags));
  }

  @Override
  public int open(long path, int flags, int mode) {
    return result(Library.open(path, flags, mode));
  }

  @Override
  public int openat2(int folder, long path, long how, long length) {
    return result(Library.syscall(Linux.SYS_OPENAT2, folder, path, how, length));
  }

  @Override
  public int getpwuid_r(int uid, long user, long buffer, long length, long result) {
    return -result(Library.getpwuid_r(uid, user, buffer, length, result));
  }

  @Override
  public int getgrgid_r(int gid, long group, long buffer, long length, long result) {
    return -result(Library.getgrgid_r(gid, group, buffer, length, result));
  }

  @Override
  public int epoll_create1(int flags) {
    return result(Library.epoll_create1(flags));
  }

  @Override
  public int epoll_ctl(int set, int operation, int fd, long event) {
    return result(Library.epoll_ctl(set, operation, fd, event));
  }

  @Override
  public int poll(long descriptors, long count, int millis) {
    return result(Library.poll(descriptors, count, millis));
  }

  @Override
  public int recv(int fd, long address, long length, int flags) {
    return result(Library.recv(fd, address, length, flags));
  }

  @Override
  public int send(int fd, long address, long length, int flags) {
    return result(Library.send(fd, address, length, flags));
  }

  @Override
  public int splice(int from, long fromOffset, int to, long toOffset, long length, int flags) {
    return result(Library.splice(from, fromOffset, to, toOffset, length, flags));
  }

  @Override
  public int mkfifo(long path, int mode) {
    return result(Library.mkfifo(path, mode));
  }

  @Override
  public int kill(int pid, int signal) {
    return result(Library.kill(pid, signal));
  }

  @Override
  public int close(int fd) {
    return result(Library.close(fd));
  }

  @Override
  public int fcntl(int fd, int command, int argument) {
    return result(Library.fcntl(fd, command, argument));
  }

  @Override
  public int ioctl(int fd, long request, long argument) {
    return result(Library.ioctl(fd, request, argument));
  }

  @Override
  public int call(String function, long... arguments) {
    Object[] all = new Object[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      all[i] = arguments[i];
    }
    return result(NativeLibrary.getProcess().getFunction(function).invokeInt(all));
  }

  @Override
  public boolean has(String function) {
    try {
      return NativeLibrary.getProcess().getFunction(function) != null;
    } catch (UnsatisfiedLinkError e) {
      return false;
    }
  }
}
