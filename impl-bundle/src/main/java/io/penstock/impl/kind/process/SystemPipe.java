// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A pipe of the operating system, one end of which is ours and can be selected, and the other a
 * child's, which opens it by a path.
 *
 * <p>The streams that the JDK offers for a child will not do: nothing can wait for them but a
 * thread, a read of them that waits cannot be ended, and when the child exits the JDK closes them
 * although programs that the child has left them to still write. The JDK does not tell which
 * descriptors its pipe has. With native calls a {@link Carrier} finds the numbers; without, we look
 * for the pipe that has as many bytes in it as we have just written.
 */
final class SystemPipe implements Closeable {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
  private static final int ATTEMPTS = 4;
  private static final int MAX_BYTES = 4096;

  private final Pipe pipe;
  private final Path path;
  private final int source;
  private final int sink;

  private SystemPipe(Pipe pipe, Path path, int source, int sink) {
    this.pipe = pipe;
    this.path = path;
    this.source = source;
    this.sink = sink;
  }

  /**
   * Makes an empty pipe, of which we know the numbers.
   *
   * @param calls finds them
   * @throws IOException for want of descriptors, say
   */
  static SystemPipe open(Posix calls) throws IOException {
    Carrier carrier = Carrier.open(calls);
    int source = carrier.source();
    int sink = carrier.sink();
    try {
      // Children of ours do without. Others may be started by native code in this process.
      Linux.check("fcntl", calls.fcntl(source, Linux.F_SETFD, Linux.FD_CLOEXEC));
      Linux.check("fcntl", calls.fcntl(sink, Linux.F_SETFD, Linux.FD_CLOEXEC));
    } catch (IOException | RuntimeException | Error e) {
      carrier.close();
      throw e;
    }
    return new SystemPipe(carrier.pipe(), DESCRIPTORS.resolve(String.valueOf(sink)), source, sink);
  }

  /**
   * Makes empty pipes.
   *
   * @param count how many
   * @throws IOException also where the system does not show descriptors as paths
   */
  static List<SystemPipe> open(int count) throws IOException {
    List<Pipe> pipes = new ArrayList<>(count);
    try {
      for (int i = 0; i < count; i++) {
        pipes.add(Pipe.open());
      }
      for (int i = 0; i < ATTEMPTS; i++) {
        List<SystemPipe> found = find(pipes);
        if (!found.isEmpty()) {
          return found;
        }
      }
      throw new IOException("cannot tell which descriptors a pipe has");
    } catch (IOException | RuntimeException | Error e) {
      for (Pipe pipe : pipes) {
        close(pipe);
      }
      throw e;
    }
  }

  /** Looks once through all descriptors; empty when some pipe could not be told from others. */
  private static List<SystemPipe> find(List<Pipe> pipes) throws IOException {
    int[] marks =
        ThreadLocalRandom.current().ints(1, MAX_BYTES + 1).distinct().limit(pipes.size()).toArray();
    ByteBuffer bytes = ByteBuffer.allocate(MAX_BYTES);
    for (int i = 0; i < marks.length; i++) {
      for (bytes.clear().limit(marks[i]); bytes.hasRemaining(); ) {
        pipes.get(i).sink().write(bytes);
      }
    }
    Path[] paths = new Path[marks.length];
    boolean unique = true;
    Set<String> seen = new HashSet<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path descriptor : all) {
        String identity = identity(descriptor);
        if (identity.isEmpty() || !seen.add(identity)) {
          continue;
        }
        int held = held(descriptor);
        for (int i = 0; i < marks.length; i++) {
          if (marks[i] == held) {
            unique &= paths[i] == null;
            paths[i] = descriptor;
          }
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    List<SystemPipe> found = new ArrayList<>();
    for (int i = 0; i < marks.length; i++) {
      for (bytes.clear().limit(marks[i]); bytes.hasRemaining(); ) {
        pipes.get(i).source().read(bytes);
      }
      if (paths[i] != null) {
        found.add(new SystemPipe(pipes.get(i), paths[i], -1, -1));
      }
    }
    return unique && found.size() == pipes.size() ? found : List.of();
  }

  /** Which anonymous pipe a descriptor belongs to, or nothing. */
  private static String identity(Path descriptor) {
    try {
      String target = Files.readSymbolicLink(descriptor).toString();
      return target.startsWith("pipe:[") ? target : "";
    } catch (IOException e) {
      // Closed since it was listed.
      return "";
    }
  }

  /** How many bytes a pipe has in it; -1 if that cannot be told. */
  private static int held(Path descriptor) {
    try (FileInputStream in = new FileInputStream(descriptor.toFile())) {
      return in.available();
    } catch (IOException e) {
      // Closed since it was listed, or not ours to open: not the one.
      return -1;
    }
  }

  /**
   * Its buffer.
   *
   * @param posix makes native calls when the buffer is asked for
   * @param name of the channel, for errors
   * @param reading whether our end is the reading one
   */
  PipeBuffer buffer(PosixAccess posix, String name, boolean reading) throws IOException {
    String identity = Files.readSymbolicLink(path).toString();
    return new PipeBuffer(posix, name, reading ? pipe.source() : pipe.sink(), identity);
  }

  /** Opens as the reading or the writing end, as one asks for, as long as both ends are open. */
  Path path() {
    return path;
  }

  /** The number of the end that is read, while it is open; -1 where it is not known. */
  int source() {
    return source;
  }

  /** As {@link #source}, of the end that is written. */
  int sink() {
    return sink;
  }

  /** Our end of a pipe that the child writes, non-blocking; the other end is the child's alone. */
  Pipe.SourceChannel readingEnd() throws IOException {
    pipe.sink().close();
    pipe.source().configureBlocking(false);
    return pipe.source();
  }

  /** Our end of a pipe that the child reads, non-blocking; the other end is the child's alone. */
  Pipe.SinkChannel writingEnd() throws IOException {
    pipe.source().close();
    pipe.sink().configureBlocking(false);
    return pipe.sink();
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
}
