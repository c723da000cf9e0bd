// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import io.penstock.channel.Endpoint;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The two FIFOs of an address. Each is kept open for both ways, so that it neither ends with a
 * client nor has anybody wait for the other end to be opened.
 */
final class Fifos {
  /** What is not reachable is closed with the next collection. */
  private static final List<FileChannel> KEPT = new CopyOnWriteArrayList<>();

  private final Path in;
  private final Path out;
  private final FileChannel source;
  private final FileChannel sink;

  private Fifos(Path in, Path out) throws IOException, InterruptedException {
    this.in = in;
    this.out = out;
    this.source = open(in);
    this.sink = open(out);
  }

  static Fifos of(Address address) throws IOException, InterruptedException {
    return new Fifos(Path.of(address.path() + ".in"), Path.of(address.path() + ".out"));
  }

  @SuppressWarnings("resource") // As long as the process.
  private static FileChannel open(Path path) throws IOException, InterruptedException {
    if (!Files.exists(path)) {
      int status = new ProcessBuilder("mkfifo", path.toString()).inheritIO().start().waitFor();
      if (status != 0) {
        throw new IOException("mkfifo " + path + " ended with " + status);
      }
    }
    FileChannel both = new RandomAccessFile(path.toFile(), "rw").getChannel();
    KEPT.add(both);
    return both;
  }

  FileChannel source() {
    return source;
  }

  FileChannel sink() {
    return sink;
  }

  Endpoint reading() {
    return Endpoint.parse("fifo:" + in + "?mode=read");
  }

  Endpoint writing() {
    return Endpoint.parse("fifo:" + out + "?mode=write");
  }
}
