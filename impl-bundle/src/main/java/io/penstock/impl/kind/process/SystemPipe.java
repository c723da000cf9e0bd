// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import java.io.Closeable;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A pipe of the operating system whose ends anybody in this process can open by a path, as long as
 * this object is open.
 *
 * <p>The streams that the JDK offers for a child will not do: a read of them that waits cannot be
 * ended, and when the child exits the JDK closes them under whom the child has left them to. These
 * are files of ours. The JDK does not tell which descriptors its pipe has, so we look for the pipe
 * that has as many bytes in it as we have just written.
 */
final class SystemPipe implements Closeable {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
  private static final int ATTEMPTS = 4;
  private static final int MOST_BYTES = 4096;

  private final Pipe pipe;
  private final Path path;

  private SystemPipe(Pipe pipe, Path path) {
    this.pipe = pipe;
    this.path = path;
  }

  /**
   * Makes an empty pipe.
   *
   * @throws IOException also where the system does not show descriptors as paths
   */
  static SystemPipe open() throws IOException {
    Pipe pipe = Pipe.open();
    try {
      for (int i = 0; i < ATTEMPTS; i++) {
        Map<String, Path> found = find(pipe);
        if (found.size() == 1) {
          return new SystemPipe(pipe, found.values().iterator().next());
        }
      }
      throw new IOException("cannot tell which descriptors a pipe has");
    } catch (IOException | RuntimeException e) {
      close(pipe);
      throw e;
    }
  }

  /** The pipes that have as many bytes in them as this one, by their identity. */
  private static Map<String, Path> find(Pipe pipe) throws IOException {
    int mark = ThreadLocalRandom.current().nextInt(1, MOST_BYTES + 1);
    ByteBuffer bytes = ByteBuffer.allocate(mark);
    while (bytes.hasRemaining()) {
      pipe.sink().write(bytes);
    }
    Map<String, Path> found = new HashMap<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path descriptor : all) {
        String identity = identity(descriptor);
        if (!identity.isEmpty() && !found.containsKey(identity) && holds(descriptor, mark)) {
          found.put(identity, descriptor);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    bytes.clear();
    while (bytes.hasRemaining()) {
      pipe.source().read(bytes);
    }
    return found;
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

  private static boolean holds(Path descriptor, int bytes) {
    try (FileInputStream in = new FileInputStream(descriptor.toFile())) {
      return in.available() == bytes;
    } catch (IOException e) {
      // Closed since it was listed, or not ours to open: not the one.
      return false;
    }
  }

  /** Opens as the reading or the writing end, as one asks for. */
  Path path() {
    return path;
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
