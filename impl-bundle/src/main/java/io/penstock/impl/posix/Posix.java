// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/**
 * System calls as POSIX and Linux have them. A result that is negative is {@code -errno}; addresses
 * are those of direct memory, which the caller keeps reachable until the call has returned, as
 * {@link #with} does. Safe for use by any thread.
 */
public interface Posix {
  /**
   * Where a direct buffer's memory begins, whatever its position.
   *
   * @param direct a direct buffer
   */
  long address(ByteBuffer direct);

  /** A call that uses memory. */
  @FunctionalInterface
  interface Use<E extends Exception> {
    /** Calls with the memory's address, which is not to be kept. */
    int by(long address) throws E;
  }

  /**
   * Has a call use a buffer's memory, and keeps the buffer until the call has returned: of an
   * address alone the collector knows nothing.
   *
   * @param direct a direct buffer
   * @return what the call has
   */
  default <E extends Exception> int with(ByteBuffer direct, Use<E> call) throws E {
    try {
      return call.by(address(direct));
    } finally {
      Reference.reachabilityFence(direct);
    }
  }

  /** Makes a socket. */
  int socket(int domain, int type, int protocol);

  /** Gives a socket its address. */
  int bind(int fd, long address, int length);

  /** Lets a socket accept. */
  int listen(int fd, int backlog);

  /** Accepts; {@code address} and {@code length} may be 0. */
  int accept4(int fd, long address, long length, int flags);

  /** Connects. */
  int connect(int fd, long address, int length);

  /** Ends one direction of a connection. */
  int shutdown(int fd, int how);

  /** Asks for an option of a socket. */
  int getsockopt(int fd, int level, int option, long value, long length);

  /** Sets an option of a socket. */
  int setsockopt(int fd, int level, int option, long value, int length);

  /** The socket's own address. */
  int getsockname(int fd, long address, long length);

  /** The peer's address. */
  int getpeername(int fd, long address, long length);

  /** Makes one descriptor a copy of another. */
  int dup3(int from, int to, int flags);

  /** Sends what a {@code struct msghdr} describes. */
  int sendmsg(int fd, long message, int flags);

  /** Receives into what a {@code struct msghdr} describes. */
  int recvmsg(int fd, long message, int flags);

  /** Makes a pipe: two numbers, the end to read first. */
  int pipe2(long fds, int flags);

  /** Opens a path, a string that ends with NUL. */
  int open(long path, int flags, int mode);

  /**
   * Opens a path below a folder's descriptor, as a {@code struct open_how} says, by number: the C
   * library has no name for it.
   */
  int openat2(int folder, long path, long how, long length);

  /**
   * Looks a user up: the address of the name comes first in what is filled in, and is one in the
   * buffer. May ask a server.
   *
   * @return 0 also when nobody is found, and the result is a null pointer then
   */
  int getpwuid_r(int uid, long user, long buffer, long length, long result);

  /** As {@link #getpwuid_r}, for a group. */
  int getgrgid_r(int gid, long group, long buffer, long length, long result);

  /** Makes a set of descriptors that can be waited for. */
  int epoll_create1(int flags);

  /** Changes such a set. */
  int epoll_ctl(int set, int operation, int fd, long event);

  /** Waits for descriptors; with a limit of 0 ms it only looks. */
  int poll(long descriptors, long count, int millis);

  /** Receives from a connected socket; {@code length} is below 2 GiB. */
  int recv(int fd, long address, long length, int flags);

  /** Sends to a connected socket; {@code length} is below 2 GiB. */
  int send(int fd, long address, long length, int flags);

  /** Moves bytes to or from a pipe without a copy; {@code length} is below 2 GiB. */
  int splice(int from, long fromOffset, int to, long toOffset, long length, int flags);

  /** Makes a FIFO at a path, a string that ends with NUL. */
  int mkfifo(long path, int mode);

  /** Sends a signal to a process; to a group of processes where {@code pid} is negative. */
  int kill(int pid, int signal);

  /** Closes a descriptor. */
  int close(int fd);

  /** What can be asked of and told to any descriptor. */
  int fcntl(int fd, int command, int argument);

  /** What only some descriptors know. */
  int ioctl(int fd, long request, long argument);

  /**
   * Makes a call that is made too rarely to be named here.
   *
   * @param function its name
   * @param arguments at most six numbers and addresses
   * @return what it answers, or {@code -errno} where it answers -1
   * @throws UnsatisfiedLinkError if the system has no such function
   */
  int call(String function, long... arguments);

  /** Whether the system has a function. */
  boolean has(String function);
}
