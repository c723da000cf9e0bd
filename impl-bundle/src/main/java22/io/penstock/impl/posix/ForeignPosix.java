// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The calls by {@code java.lang.foreign}. All have one of two types, because the first call of a
 * type takes milliseconds to link: six longs, or three of which the last is variadic. On the
 * machines of {@link Linux#isHere} the first six arguments are in registers, whatever their width.
 * So a function that has fewer does not notice the others.
 */
final class ForeignPosix implements Posix {
  private static final int MOST_ARGUMENTS = 6;
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final long ERRNO = STATE.byteOffset(PathElement.groupElement("errno"));
  private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");

  /** How a function is called that has up to six arguments, none of them variadic. */
  private static final class Plain {
    static final MethodHandle HANDLE = handle(MOST_ARGUMENTS, CAPTURE);

    private Plain() {}
  }

  /** How a function with a variadic third argument is called. */
  private static final class Variadic {
    static final MethodHandle HANDLE = handle(3, CAPTURE, Linker.Option.firstVariadicArg(2));

    private Variadic() {}
  }

  // The operator allows it by --enable-native-access.
  @SuppressWarnings("restricted")
  private static MethodHandle handle(int arguments, Linker.Option... options) {
    MemoryLayout[] types = new MemoryLayout[arguments];
    Arrays.fill(types, JAVA_LONG);
    return LINKER.downcallHandle(FunctionDescriptor.of(JAVA_INT, types), options);
  }

  /** A function, which is looked up at its first call. */
  private static final class Function {
    private final String name;
    private final boolean variadic;
    private volatile @Nullable MemorySegment address;

    Function(String name) {
      this(name, false);
    }

    Function(String name, boolean variadic) {
      this.name = name;
      this.variadic = variadic;
    }

    private MemorySegment address() {
      MemorySegment present = address;
      if (present == null) {
        present =
            LINKER
                .defaultLookup()
                .find(name)
                .orElseThrow(() -> new UnsatisfiedLinkError("the system has no " + name));
        address = present;
      }
      return present;
    }

    int call(long a) {
      return call(a, 0, 0, 0, 0, 0);
    }

    int call(long a, long b) {
      return call(a, b, 0, 0, 0, 0);
    }

    int call(long a, long b, long c) {
      return call(a, b, c, 0, 0, 0);
    }

    int call(long a, long b, long c, long d) {
      return call(a, b, c, d, 0, 0);
    }

    int call(long a, long b, long c, long d, long e) {
      return call(a, b, c, d, e, 0);
    }

    int call(long a, long b, long c, long d, long e, long f) {
      // Its own memory for each: a thread's own would outlive the bundle.
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment state = arena.allocate(STATE);
        int answer =
            variadic
                ? (int) Variadic.HANDLE.invokeExact(address(), state, a, b, c)
                : (int) Plain.HANDLE.invokeExact(address(), state, a, b, c, d, e, f);
        return answer == -1 ? -state.get(JAVA_INT, ERRNO) : answer;
      } catch (RuntimeException | Error problem) {
        throw problem;
      } catch (Throwable problem) {
        throw new IllegalStateException(name + " cannot be called", problem);
      }
    }
  }

  private static final Function SOCKET = new Function("socket");
  private static final Function BIND = new Function("bind");
  private static final Function LISTEN = new Function("listen");
  private static final Function ACCEPT4 = new Function("accept4");
  private static final Function CONNECT = new Function("connect");
  private static final Function SHUTDOWN = new Function("shutdown");
  private static final Function GETSOCKOPT = new Function("getsockopt");
  private static final Function SETSOCKOPT = new Function("setsockopt");
  private static final Function GETSOCKNAME = new Function("getsockname");
  private static final Function GETPEERNAME = new Function("getpeername");
  private static final Function DUP3 = new Function("dup3");
  // The count is a long, of which at most the lower half is in use.
  private static final Function SENDMSG = new Function("sendmsg");
  private static final Function RECVMSG = new Function("recvmsg");
  private static final Function PIPE2 = new Function("pipe2");
  private static final Function OPEN = new Function("open", true);
  // The answer is a long, of which the lower half is in use.
  private static final Function SYSCALL = new Function("syscall");
  private static final Function GETPWUID_R = new Function("getpwuid_r");
  private static final Function GETGRGID_R = new Function("getgrgid_r");
  private static final Function EPOLL_CREATE1 = new Function("epoll_create1");
  private static final Function EPOLL_CTL = new Function("epoll_ctl");
  private static final Function POLL = new Function("poll");
  // The lengths that we use fit in an int, and so do the answers.
  private static final Function RECV = new Function("recv");
  private static final Function SEND = new Function("send");
  private static final Function SPLICE = new Function("splice");
  private static final Function MKFIFO = new Function("mkfifo");
  private static final Function KILL = new Function("kill");
  private static final Function CLOSE = new Function("close");
  private static final Function FCNTL = new Function("fcntl", true);
  private static final Function IOCTL = new Function("ioctl", true);

  private static final Map<String, Function> RARE = new ConcurrentHashMap<>();

  @Override
  public long address(ByteBuffer direct) {
    return MemorySegment.ofBuffer(direct.duplicate().clear()).address();
  }

  @Override
  public int socket(int domain, int type, int protocol) {
    return SOCKET.call(domain, type, protocol);
  }

  @Override
  public int bind(int fd, long address, int length) {
    return BIND.call(fd, address, length);
  }

  @Override
  public int listen(int fd, int backlog) {
    return LISTEN.call(fd, backlog);
  }

  @Override
  public int accept4(int fd, long address, long length, int flags) {
    return ACCEPT4.call(fd, address, length, flags);
  }

  @Override
  public int connect(int fd, long address, int length) {
    return CONNECT.call(fd, address, length);
  }

  @Override
  public int shutdown(int fd, int how) {
    return SHUTDOWN.call(fd, how);
  }

  @Override
  public int getsockopt(int fd, int level, int option, long value, long length) {
    return GETSOCKOPT.call(fd, level, option, value, length);
  }

  @Override
  public int setsockopt(int fd, int level, int option, long value, int length) {
    return SETSOCKOPT.call(fd, level, option, value, length);
  }

  @Override
  public int getsockname(int fd, long address, long length) {
    return GETSOCKNAME.call(fd, address, length);
  }

  @Override
  public int getpeername(int fd, long address, long length) {
    return GETPEERNAME.call(fd, address, length);
  }

  @Override
  public int dup3(int from, int to, int flags) {
    return DUP3.call(from, to, flags);
  }

  @Override
  public int sendmsg(int fd, long message, int flags) {
    return SENDMSG.call(fd, message, flags);
  }

  @Override
  public int recvmsg(int fd, long message, int flags) {
    return RECVMSG.call(fd, message, flags);
  }

  @Override
  public int pipe2(long fds, int flags) {
    return PIPE2.call(fds, flags);
  }

  @Override
  public int open(long path, int flags, int mode) {
    return OPEN.call(path, flags, mode);
  }

  @Override
  public int openat2(int folder, long path, long how, long length) {
    return SYSCALL.call(Linux.SYS_OPENAT2, folder, path, how, length);
  }

  @Override
  public int getpwuid_r(int uid, long user, long buffer, long length, long result) {
    return -GETPWUID_R.call(uid, user, buffer, length, result);
  }

  @Override
  public int getgrgid_r(int gid, long group, long buffer, long length, long result) {
    return -GETGRGID_R.call(gid, group, buffer, length, result);
  }

  @Override
  public int epoll_create1(int flags) {
    return EPOLL_CREATE1.call(flags);
  }

  @Override
  public int epoll_ctl(int set, int operation, int fd, long event) {
    return EPOLL_CTL.call(set, operation, fd, event);
  }

  @Override
  public int poll(long descriptors, long count, int millis) {
    return POLL.call(descriptors, count, millis);
  }

  @Override
  public int recv(int fd, long address, long length, int flags) {
    return RECV.call(fd, address, length, flags);
  }

  @Override
  public int send(int fd, long address, long length, int flags) {
    return SEND.call(fd, address, length, flags);
  }

  @Override
  public int splice(int from, long fromOffset, int to, long toOffset, long length, int flags) {
    return SPLICE.call(from, fromOffset, to, toOffset, length, flags);
  }

  @Override
  public int mkfifo(long path, int mode) {
    return MKFIFO.call(path, mode);
  }

  @Override
  public int kill(int pid, int signal) {
    return KILL.call(pid, signal);
  }

  @Override
  public int close(int fd) {
    return CLOSE.call(fd);
  }

  @Override
  public int fcntl(int fd, int command, int argument) {
    return FCNTL.call(fd, command, argument);
  }

  @Override
  public int ioctl(int fd, long request, long argument) {
    return IOCTL.call(fd, request, argument);
  }

  @Override
  public int call(String function, long... arguments) {
    long[] all = Arrays.copyOf(arguments, MOST_ARGUMENTS);
    return RARE.computeIfAbsent(function, Function::new)
        .call(all[0], all[1], all[2], all[3], all[4], all[5]);
  }

  @Override
  public boolean has(String function) {
    return LINKER.defaultLookup().find(function).isPresent();
  }
}
