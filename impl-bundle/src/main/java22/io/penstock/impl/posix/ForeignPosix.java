// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The calls by {@code java.lang.foreign}. Each is linked when it is first made: linking all of them
 * takes a third of a second.
 */
final class ForeignPosix implements Posix {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  /** A call that is linked at its first use. */
  private static final class Call {
    private final String name;
    private final FunctionDescriptor type;
    private final int fixed;
    private volatile @Nullable MethodHandle handle;

    /** A call whose arguments from number {@code fixed} on are variadic; -1 for none. */
    Call(String name, int fixed, MemoryLayout... arguments) {
      this.name = name;
      this.type = FunctionDescriptor.of(JAVA_INT, arguments);
      this.fixed = fixed;
    }

    MethodHandle handle() {
      MethodHandle present = handle;
      if (present == null) {
        present = link();
        handle = present;
      }
      return present;
    }

    // The operator allows it by --enable-native-access.
    @SuppressWarnings("restricted")
    private MethodHandle link() {
      MemorySegment address =
          LINKER
              .defaultLookup()
              .find(name)
              .orElseThrow(() -> new UnsatisfiedLinkError("the system has no " + name));
      Linker.Option errno = Linker.Option.captureCallState("errno");
      return fixed < 0
          ? LINKER.downcallHandle(address, type, errno)
          : LINKER.downcallHandle(address, type, errno, Linker.Option.firstVariadicArg(fixed));
    }

    /** Makes the call. */
    int with(Invocation arguments) {
      // Its own memory for each: a thread's own would outlive the bundle.
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment state = arena.allocate(STATE);
        int result = arguments.invoke(handle(), state);
        return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(name + " cannot be called", e);
      }
    }
  }

  /** Hands the arguments over. */
  @FunctionalInterface
  private interface Invocation {
    int invoke(MethodHandle handle, MemorySegment state) throws Throwable;
  }

  private static final Call SOCKET = new Call("socket", -1, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final Call BIND = new Call("bind", -1, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final Call LISTEN = new Call("listen", -1, JAVA_INT, JAVA_INT);
  private static final Call ACCEPT4 =
      new Call("accept4", -1, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final Call CONNECT = new Call("connect", -1, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final Call SHUTDOWN = new Call("shutdown", -1, JAVA_INT, JAVA_INT);
  private static final Call GETSOCKOPT =
      new Call("getsockopt", -1, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final Call SETSOCKOPT =
      new Call("setsockopt", -1, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final Call GETSOCKNAME =
      new Call("getsockname", -1, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final Call GETPEERNAME =
      new Call("getpeername", -1, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final Call DUP3 = new Call("dup3", -1, JAVA_INT, JAVA_INT, JAVA_INT);
  // The count is a long, of which at most the lower half is in use.
  private static final Call SENDMSG = new Call("sendmsg", -1, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final Call RECVMSG = new Call("recvmsg", -1, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final Call PIPE2 = new Call("pipe2", -1, JAVA_LONG, JAVA_INT);
  private static final Call OPEN = new Call("open", 2, JAVA_LONG, JAVA_INT, JAVA_INT);
  // The answer is a long, of which the lower half is in use.
  private static final Call SYSCALL =
      new Call("syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final Call GETPWUID_R =
      new Call("getpwuid_r", -1, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final Call GETGRGID_R =
      new Call("getgrgid_r", -1, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final Call EPOLL_CREATE1 = new Call("epoll_create1", -1, JAVA_INT);
  private static final Call EPOLL_CTL =
      new Call("epoll_ctl", -1, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final Call POLL = new Call("poll", -1, JAVA_LONG, JAVA_LONG, JAVA_INT);
  // The lengths that we use fit in an int, and so do the answers.
  private static final Call RECV = new Call("recv", -1, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final Call SEND = new Call("send", -1, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final Call SPLICE =
      new Call("splice", -1, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final Call MKFIFO = new Call("mkfifo", -1, JAVA_LONG, JAVA_INT);
  private static final Call KILL = new Call("kill", -1, JAVA_INT, JAVA_INT);
  private static final Call CLOSE = new Call("close", -1, JAVA_INT);
  private static final Call FCNTL = new Call("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final Call IOCTL = new Call("ioctl", 2, JAVA_INT, JAVA_LONG, JAVA_LONG);

  /** One type for all of these: linking another type takes longer than linking another function. */
  private static final int RARE_ARGUMENTS = 6;

  private static final Map<String, Call> RARE = new ConcurrentHashMap<>();

  @Override
  public long address(ByteBuffer direct) {
    return MemorySegment.ofBuffer(direct.duplicate().clear()).address();
  }

  @Override
  public int socket(int domain, int type, int protocol) {
    return SOCKET.with((call, state) -> (int) call.invokeExact(state, domain, type, protocol));
  }

  @Override
  public int bind(int fd, long address, int length) {
    return BIND.with((call, state) -> (int) call.invokeExact(state, fd, address, length));
  }

  @Override
  public int listen(int fd, int backlog) {
    return LISTEN.with((call, state) -> (int) call.invokeExact(state, fd, backlog));
  }

  @Override
  public int accept4(int fd, long address, long length, int flags) {
    return ACCEPT4.with((call, state) -> (int) call.invokeExact(state, fd, address, length, flags));
  }

  @Override
  public int connect(int fd, long address, int length) {
    return CONNECT.with((call, state) -> (int) call.invokeExact(state, fd, address, length));
  }

  @Override
  public int shutdown(int fd, int how) {
    return SHUTDOWN.with((call, state) -> (int) call.invokeExact(state, fd, how));
  }

  @Override
  public int getsockopt(int fd, int level, int option, long value, long length) {
    return GETSOCKOPT.with(
        (call, state) -> (int) call.invokeExact(state, fd, level, option, value, length));
  }

  @Override
  public int setsockopt(int fd, int level, int option, long value, int length) {
    return SETSOCKOPT.with(
        (call, state) -> (int) call.invokeExact(state, fd, level, option, value, length));
  }

  @Override
  public int getsockname(int fd, long address, long length) {
    return GETSOCKNAME.with((call, state) -> (int) call.invokeExact(state, fd, address, length));
  }

  @Override
  public int getpeername(int fd, long address, long length) {
    return GETPEERNAME.with((call, state) -> (int) call.invokeExact(state, fd, address, length));
  }

  @Override
  public int dup3(int from, int to, int flags) {
    return DUP3.with((call, state) -> (int) call.invokeExact(state, from, to, flags));
  }

  @Override
  public int sendmsg(int fd, long message, int flags) {
    return SENDMSG.with((call, state) -> (int) call.invokeExact(state, fd, message, flags));
  }

  @Override
  public int recvmsg(int fd, long message, int flags) {
    return RECVMSG.with((call, state) -> (int) call.invokeExact(state, fd, message, flags));
  }

  @Override
  public int pipe2(long fds, int flags) {
    return PIPE2.with((call, state) -> (int) call.invokeExact(state, fds, flags));
  }

  @Override
  public int open(long path, int flags, int mode) {
    return OPEN.with((call, state) -> (int) call.invokeExact(state, path, flags, mode));
  }

  @Override
  public int openat2(int folder, long path, long how, long length) {
    return SYSCALL.with(
        (call, state) ->
            (int) call.invokeExact(state, Linux.SYS_OPENAT2, (long) folder, path, how, length));
  }

  @Override
  public int getpwuid_r(int uid, long user, long buffer, long length, long result) {
    return -GETPWUID_R.with(
        (call, state) -> (int) call.invokeExact(state, uid, user, buffer, length, result));
  }

  @Override
  public int getgrgid_r(int gid, long group, long buffer, long length, long result) {
    return -GETGRGID_R.with(
        (call, state) -> (int) call.invokeExact(state, gid, group, buffer, length, result));
  }

  @Override
  public int epoll_create1(int flags) {
    return EPOLL_CREATE1.with((call, state) -> (int) call.invokeExact(state, flags));
  }

  @Override
  public int epoll_ctl(int set, int operation, int fd, long event) {
    return EPOLL_CTL.with(
        (call, state) -> (int) call.invokeExact(state, set, operation, fd, event));
  }

  @Override
  public int poll(long descriptors, long count, int millis) {
    return POLL.with((call, state) -> (int) call.invokeExact(state, descriptors, count, millis));
  }

  @Override
  public int recv(int fd, long address, long length, int flags) {
    return RECV.with((call, state) -> (int) call.invokeExact(state, fd, address, length, flags));
  }

  @Override
  public int send(int fd, long address, long length, int flags) {
    return SEND.with((call, state) -> (int) call.invokeExact(state, fd, address, length, flags));
  }

  @Override
  public int splice(int from, long fromOffset, int to, long toOffset, long length, int flags) {
    return SPLICE.with(
        (call, state) ->
            (int) call.invokeExact(state, from, fromOffset, to, toOffset, length, flags));
  }

  @Override
  public int mkfifo(long path, int mode) {
    return MKFIFO.with((call, state) -> (int) call.invokeExact(state, path, mode));
  }

  @Override
  public int kill(int pid, int signal) {
    return KILL.with((call, state) -> (int) call.invokeExact(state, pid, signal));
  }

  @Override
  public int close(int fd) {
    return CLOSE.with((call, state) -> (int) call.invokeExact(state, fd));
  }

  @Override
  public int fcntl(int fd, int command, int argument) {
    return FCNTL.with((call, state) -> (int) call.invokeExact(state, fd, command, argument));
  }

  @Override
  public int ioctl(int fd, long request, long argument) {
    return IOCTL.with((call, state) -> (int) call.invokeExact(state, fd, request, argument));
  }

  @Override
  public int call(String function, long... arguments) {
    // What a function does not take, it does not look at.
    long[] all = Arrays.copyOf(arguments, RARE_ARGUMENTS);
    return RARE.computeIfAbsent(function, ForeignPosix::rare)
        .with(
            (call, state) ->
                (int) call.invokeExact(state, all[0], all[1], all[2], all[3], all[4], all[5]));
  }

  private static Call rare(String function) {
    return new Call(function, -1, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  }

  @Override
  public boolean has(String function) {
    return LINKER.defaultLookup().find(function).isPresent();
  }
}
