// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.channel.HandleKind;
import io.penstock.error.HandleLimitException;
import java.io.Closeable;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * A descriptor that its owner has to close. A close that comes while the descriptor is in use is
 * made by its last user, so that a number is never used when it may be another's. Safe for use by
 * any thread.
 */
public final class Descriptor implements Closeable {
  /** Makes a call with two descriptors. */
  @FunctionalInterface
  interface CallOfTwo {
    /** Returns what the call does. */
    int make(int first, int second);
  }

  private static final int SO_LINGER = 13;

  /** The bit of a close, beside the number of users. */
  private static final int CLOSED = Integer.MIN_VALUE;

  private static final VarHandle USE;

  static {
    try {
      USE = MethodHandles.lookup().findVarHandle(Descriptor.class, "use", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Posix calls;
  private final int fd;
  private final HandleKind kind;

  /** How many use it; after the close with {@link #CLOSED}, and then no more come. */
  @SuppressWarnings("unused")
  private volatile int use;

  /**
   * Takes a descriptor over.
   *
   * @param calls makes native calls
   * @param fd open; this object's from now on, also when this fails
   * @throws IOException if the system does not tell what it is
   */
  public Descriptor(Posix calls, int fd) throws IOException {
    this.calls = calls;
    this.fd = fd;
    HandleKind found = null;
    try {
      found = kind(calls, fd);
    } finally {
      if (found == null) {
        calls.close(fd);
      }
    }
    this.kind = found;
  }

  private Descriptor(Posix calls, int fd, HandleKind kind) {
    this.calls = calls;
    this.fd = fd;
    this.kind = kind;
  }

  /** Makes native calls. */
  public Posix calls() {
    return calls;
  }

  /** What it is. */
  public HandleKind kind() {
    return kind;
  }

  /** Whether the close has not begun. */
  public boolean isOpen() {
    return use >= 0;
  }

  /**
   * Uses the number for a while, with no lock held.
   *
   * @return what the call answered
   * @throws ClosedChannelException after the close
   */
  public int call(Adopted.Call call) throws ClosedChannelException {
    enter();
    try {
      return call.make(fd);
    } finally {
      leave();
    }
  }

  /**
   * Uses the numbers of two for a while, with no lock held.
   *
   * @return what the call answered
   * @throws ClosedChannelException after the close of either
   */
  static int call(Descriptor first, Descriptor second, CallOfTwo call)
      throws ClosedChannelException {
    first.enter();
    try {
      second.enter();
      try {
        return call.make(first.fd, second.fd);
      } finally {
        second.leave();
      }
    } finally {
      first.leave();
    }
  }

  private void enter() throws ClosedChannelException {
    int before;
    do {
      before = use;
      if (before < 0) {
        throw new ClosedChannelException();
      }
    } while (!USE.compareAndSet(this, before, before + 1));
  }

  private void leave() {
    if ((int) USE.getAndAdd(this, -1) == CLOSED + 1) {
      calls.close(fd);
    }
  }

  /**
   * A copy.
   *
   * @return a number that is the caller's to close
   * @throws HandleLimitException if there are no descriptors left
   * @throws ClosedChannelException after the close
   */
  public int duplicateNumber() throws IOException {
    return checkCopy(call(number -> calls.fcntl(number, Linux.F_DUPFD_CLOEXEC, 0)));
  }

  /** A copy. */
  public Descriptor duplicate() throws IOException {
    return new Descriptor(calls, duplicateNumber(), kind);
  }

  /** Passes a copied number on, or throws why there is none. */
  static int checkCopy(int result) throws IOException {
    if (Linux.isLimit(result)) {
      throw limit("it cannot be copied", result);
    }
    return Linux.check("fcntl", result);
  }

  /** What a call that failed for want of descriptors means. */
  public static HandleLimitException limit(String what, int result) {
    IOException cause = Linux.failure("fcntl", result);
    return new HandleLimitException(
        "handle", what + " for want of descriptors: " + cause.getMessage(), 0, cause);
  }

  /**
   * Has it return at once where it would wait: its receiver expects that. Files never wait.
   *
   * @throws IOException if the system refuses
   */
  public void neverWait() throws IOException {
    if (kind != HandleKind.FILE && kind != HandleKind.OTHER) {
      int flags = Linux.check("fcntl", call(fd -> calls.fcntl(fd, Linux.F_GETFL, 0)));
      if ((flags & Linux.O_NONBLOCK) == 0) {
        Linux.check("fcntl", call(fd -> calls.fcntl(fd, Linux.F_SETFL, flags | Linux.O_NONBLOCK)));
      }
    }
  }

  /** Has a close of a socket send what there is and end the connection, as is usual. */
  public void lingerNot() throws IOException {
    if (kind != HandleKind.TCP && kind != HandleKind.UNIX) {
      return;
    }
    ByteBuffer none = ByteBuffer.allocateDirect(8);
    Linux.check(
        "setsockopt",
        calls.with(
            none,
            at -> call(fd -> calls.setsockopt(fd, Linux.SOL_SOCKET, SO_LINGER, at, none.limit()))));
  }

  /** Has a TCP socket count as full as long as it holds a byte that was not sent. */
  public void fullUntilSent() throws IOException {
    ByteBuffer one = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()).putInt(0, 1);
    Linux.check(
        "setsockopt",
        calls.with(
            one,
            at ->
                call(
                    fd ->
                        calls.setsockopt(
                            fd, Linux.IPPROTO_TCP, Linux.TCP_NOTSENT_LOWAT, at, one.limit()))));
  }

  @Override
  public void close() {
    if ((int) USE.getAndBitwiseOr(this, CLOSED) == 0) {
      calls.close(fd);
    }
  }

  private static HandleKind kind(Posix calls, int fd) throws IOException {
    return switch (FileKind.of(fd)) {
      case SOCKET -> socket(calls, fd);
      case FIFO -> HandleKind.PIPE;
      case TERMINAL -> HandleKind.TERMINAL;
      case FILE -> isPlain(calls, fd) ? HandleKind.FILE : HandleKind.OTHER;
      default -> HandleKind.OTHER;
    };
  }

  /** What is neither opened as a path only, nor waited for: not an {@code epoll}, say. */
  private static boolean isPlain(Posix calls, int fd) throws IOException {
    int flags = Linux.check("fcntl", calls.fcntl(fd, Linux.F_GETFL, 0));
    return (flags & Linux.O_PATH) == 0 && FileKind.isRegular(fd);
  }

  private static HandleKind socket(Posix calls, int fd) throws IOException {
    int domain = FileKind.option(calls, fd, Linux.SO_DOMAIN);
    int type = FileKind.option(calls, fd, Linux.SO_TYPE);
    boolean internet = domain == Linux.AF_INET || domain == Linux.AF_INET6;
    if (internet && type == Linux.SOCK_DGRAM) {
      return HandleKind.UDP;
    }
    if (type != Linux.SOCK_STREAM || !(internet || domain == Linux.AF_UNIX)) {
      return HandleKind.OTHER;
    }
    boolean connected = wasConnected(calls, fd);
    if (internet) {
      return connected ? HandleKind.TCP : HandleKind.TCP_LISTENER;
    }
    boolean listens = FileKind.option(calls, fd, Linux.SO_ACCEPTCONN) != 0;
    return listens || (!connected && SocketName.isNamed(calls, fd))
        ? HandleKind.UNIX_LISTENER
        : HandleKind.UNIX;
  }

  /** Not by getpeername, which knows none of a connection that was cut meanwhile. */
  private static boolean wasConnected(Posix calls, int fd) {
    ByteBuffer memory =
        ByteBuffer.allocateDirect(SocketName.MAX_BYTES + 4)
            .order(ByteOrder.nativeOrder())
            .putInt(SocketName.MAX_BYTES, SocketName.MAX_BYTES);
    int result =
        calls.with(
            memory,
            at ->
                calls.getsockopt(
                    fd, Linux.SOL_SOCKET, Linux.SO_PEERNAME, at, at + SocketName.MAX_BYTES));
    // With a peer it may find fault with the length, as names have several.
    return result != -Linux.ENOTCONN;
  }

  /** Closes those that are there. */
  static void closeAll(Iterable<? extends @Nullable Descriptor> all) {
    for (Descriptor each : all) {
      if (each != null) {
        each.close();
      }
    }
  }
}
