// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.channel.HandleKind;
import io.penstock.error.HandleLimitException;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Pipe;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The two channels of a {@code java.nio} pipe, with the numbers of their descriptors, under which
 * any other descriptor can be put: the JDK then reads, writes and selects that one. The maker of a
 * carrier has it adopt a descriptor, or closes it.
 *
 * <p>The JDK does not tell the numbers. They are the lowest that were free, as a rule, and it is
 * made sure of each by looking how many bytes are in the pipe, which we have just written.
 */
public final class Carrier implements Closeable {
  /** A pipe takes that much without waiting. */
  private static final int MAX_BYTES = 4096;

  private static final int PLACEHOLDER = Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC;
  private static final int ROUNDS = 2;
  private static final int ATTEMPTS = 4;

  private final Posix calls;
  private final Pipe pipe;
  private final int source;
  private final int sink;

  private Carrier(Posix calls, Pipe pipe, int source, int sink) {
    this.calls = calls;
    this.pipe = pipe;
    this.source = source;
    this.sink = sink;
  }

  /**
   * Makes a pipe and finds its numbers.
   *
   * @param calls makes native calls
   * @throws IOException for want of descriptors, say
   */
  public static Carrier open(Posix calls) throws IOException {
    int first = calls.socket(Linux.AF_UNIX, PLACEHOLDER, 0);
    int second = calls.socket(Linux.AF_UNIX, PLACEHOLDER, 0);
    if (first >= 0) {
      calls.close(first);
    }
    if (second >= 0) {
      calls.close(second);
    }
    Linux.check("socket", first);
    Linux.check("socket", second);
    Pipe pipe = Pipe.open();
    try {
      Search search = new Search(calls, pipe);
      if (search.isPipe(first, second)) {
        return new Carrier(calls, pipe, first, second);
      }
      // Somebody else was faster.
      for (int i = 0; i < ATTEMPTS; i++) {
        int[] found = search.amongAll();
        if (found.length == 2 && search.isPipe(found[0], found[1])) {
          return new Carrier(calls, pipe, found[0], found[1]);
        }
      }
      throw new IOException("cannot tell which descriptors a pipe has");
    } catch (IOException | RuntimeException | Error e) {
      close(pipe);
      throw e;
    }
  }

  /** The pipe itself, for a caller that wants nothing else. */
  public Pipe pipe() {
    return pipe;
  }

  /** The number of the pipe's reading end, as long as that is open. */
  public int source() {
    return source;
  }

  /** The number of its writing end, as long as that is open. */
  public int sink() {
    return sink;
  }

  /**
   * Puts a descriptor under channels. Pipes and terminals are opened again for that where the
   * system allows it, so that other owners of it notice nothing.
   *
   * @param descriptor closed, but for a want of descriptors that shows before
   * @throws HandleLimitException for want of descriptors; the descriptor is the caller's still
   * @throws IOException if the system refuses
   */
  public static Adopted adopt(Descriptor descriptor) throws IOException {
    Posix calls = descriptor.calls();
    Carrier carrier;
    try {
      carrier = open(calls);
    } catch (IOException e) {
      // The JDK tells of it in words only.
      throw Linux.isLimit(e)
          ? new HandleLimitException(
              "handle", "it cannot be opened for want of descriptors: " + e.getMessage(), 0, e)
          : e;
    }
    int fd;
    try {
      fd = descriptor.duplicateNumber();
    } catch (IOException | RuntimeException | Error e) {
      carrier.close();
      throw e;
    }
    descriptor.close();
    HandleKind kind = descriptor.kind();
    boolean reopens = kind == HandleKind.PIPE || kind == HandleKind.TERMINAL;
    return carrier.adopt(reopens ? FileKind.reopen(calls, fd) : fd);
  }

  /**
   * Puts a descriptor under the channels that its access mode asks for, and closes it under its own
   * number. It is non-blocking from then on.
   *
   * @param fd open; the carrier's from now on, also when this fails
   * @throws IOException if the system refuses; everything is closed then, and other owners of the
   *     descriptor find it as it was
   */
  public Adopted adopt(int fd) throws IOException {
    int shared = -1;
    int flags = 0;
    try {
      flags = Linux.check("fcntl", calls.fcntl(fd, Linux.F_GETFL, 0));
      if ((flags & Linux.O_NONBLOCK) == 0) {
        shared = Linux.check("fcntl", calls.fcntl(fd, Linux.F_DUPFD_CLOEXEC, 0));
      }
      int mode = flags & Linux.O_ACCMODE;
      boolean reads = mode != Linux.O_WRONLY;
      boolean writes = mode != Linux.O_RDONLY;
      if (reads) {
        Linux.check("dup3", calls.dup3(fd, source, Linux.O_CLOEXEC));
      } else {
        pipe.source().close();
      }
      if (writes) {
        Linux.check("dup3", calls.dup3(fd, sink, Linux.O_CLOEXEC));
      } else {
        pipe.sink().close();
      }
      if (reads) {
        pipe.source().configureBlocking(false);
      }
      if (writes) {
        pipe.sink().configureBlocking(false);
      }
      return new Adopted(
          calls,
          reads ? pipe.source() : null,
          writes ? pipe.sink() : null,
          source,
          sink,
          shared,
          flags);
    } catch (IOException | RuntimeException | Error e) {
      if (shared >= 0) {
        calls.fcntl(shared, Linux.F_SETFL, flags);
        calls.close(shared);
      }
      close(pipe);
      throw e;
    } finally {
      calls.close(fd);
    }
  }

  /**
   * Puts a copy of a socket that others use, too, under one of the channels, as it is: the channel
   * can be selected, but must not be read or written, for it takes the socket to be non-blocking.
   *
   * @param fd stays open
   * @param reads whether the source is to be selected, or else the sink
   * @throws IOException if the system refuses; everything is closed then
   */
  public Adopted share(int fd, boolean reads) throws IOException {
    try {
      // Before the socket is there: its mode is not touched.
      if (reads) {
        pipe.source().configureBlocking(false);
        Linux.check("dup3", calls.dup3(fd, source, Linux.O_CLOEXEC));
        pipe.sink().close();
      } else {
        pipe.sink().configureBlocking(false);
        Linux.check("dup3", calls.dup3(fd, sink, Linux.O_CLOEXEC));
        pipe.source().close();
      }
      return new Adopted(
          calls, reads ? pipe.source() : null, reads ? null : pipe.sink(), source, sink, -1, 0);
    } catch (IOException | RuntimeException | Error e) {
      close(pipe);
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    close(pipe);
  }

  private static void close(Pipe pipe) throws IOException {
    try {
      pipe.sink().close();
    } finally {
      pipe.source().close();
    }
  }

  /** Looks for a pipe by how many bytes it has in it. */
  private static final class Search {
    private final Posix calls;
    private final Pipe pipe;
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(MAX_BYTES);
    private final ByteBuffer answer = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());

    Search(Posix calls, Pipe pipe) {
      this.calls = calls;
      this.pipe = pipe;
    }

    /** Whether these are the pipe's numbers, beyond doubt. */
    boolean isPipe(int source, int sink) throws IOException {
      if (access(source) != Linux.O_RDONLY || access(sink) != Linux.O_WRONLY) {
        return false;
      }
      boolean same = true;
      for (int i = 0; i < ROUNDS; i++) {
        int count = fill();
        same &= held(source) == count && held(sink) == count;
        empty(count);
        same &= held(source) == 0;
      }
      return same;
    }

    /** The two numbers, or none when others look the same. */
    int[] amongAll() throws IOException {
      String[] names = new File("/proc/self/fd").list();
      if (names == null) {
        throw new IOException("/proc/self/fd: Too many open files");
      }
      List<Integer> sources = new ArrayList<>();
      List<Integer> sinks = new ArrayList<>();
      int count = fill();
      for (String name : names) {
        int fd = Integer.parseInt(name);
        if (held(fd) == count) {
          int access = access(fd);
          if (access == Linux.O_RDONLY) {
            sources.add(fd);
          } else if (access == Linux.O_WRONLY) {
            sinks.add(fd);
          }
        }
      }
      empty(count);
      return sources.size() == 1 && sinks.size() == 1
          ? new int[] {sources.get(0), sinks.get(0)}
          : new int[0];
    }

    private int fill() throws IOException {
      int count = ThreadLocalRandom.current().nextInt(1, MAX_BYTES + 1);
      for (bytes.clear().limit(count); bytes.hasRemaining(); ) {
        pipe.sink().write(bytes);
      }
      return count;
    }

    private void empty(int count) throws IOException {
      for (bytes.clear().limit(count); bytes.hasRemaining(); ) {
        pipe.source().read(bytes);
      }
    }

    private int access(int fd) {
      int flags = calls.fcntl(fd, Linux.F_GETFL, 0);
      return flags < 0 ? flags : flags & Linux.O_ACCMODE;
    }

    private int held(int fd) {
      answer.putInt(0, -1);
      return calls.with(answer, at -> calls.ioctl(fd, Linux.FIONREAD, at)) < 0
          ? -1
          : answer.getInt(0);
    }
  }
}
