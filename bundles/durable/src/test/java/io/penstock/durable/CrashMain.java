// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable;

import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.StorageException;
import io.penstock.pipe.Pipe;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** The process that is killed: writes and reads, and says what it knows to be safe. */
public final class CrashMain {
  private CrashMain() {}

  public static void main(String[] arguments) throws Exception {
    Path file = Path.of(arguments[1]);
    if (arguments[0].equals("lock")) {
      lock(file);
      return;
    }
    Random random = new Random(Long.parseLong(arguments[3]));
    try (Penstock penstock = Penstock.open();
        Pipe pipe = Bench.open(penstock, file, arguments[2] + "&commit=manual", 8 << 20)) {
      if (arguments[0].equals("fill")) {
        fill(pipe);
        return;
      }
      Thread reader = new Thread(() -> reads(pipe, new Random(random.nextLong())));
      reader.setDaemon(true);
      reader.start();
      DurableFacet facet = Bench.facet(pipe);
      for (long at = facet.acknowledged(); ; ) {
        int size = 1 + random.nextInt(random.nextInt(20) == 0 ? 300_000 : 9000);
        pipe.sink().writeFully(Bench.bytes(at, size), Bench.SOON);
        at += size;
        if (random.nextInt(4) == 0) {
          pipe.sink().flush(Bench.SOON);
          say("acknowledged " + at);
        }
      }
    }
  }

  private static void reads(Pipe pipe, Random random) {
    try {
      DurableFacet facet = Bench.facet(pipe);
      ByteBuffer some = ByteBuffer.allocate(20_000);
      while (true) {
        long from = facet.position();
        int unused = pipe.source().read(some.clear().limit(1 + random.nextInt(20_000)), Bench.SOON);
        Bench.check(some.flip(), from);
        if (random.nextInt(6) == 0) {
          long position = facet.position();
          Void done = facet.commit().toCompletableFuture().get();
          say("committed " + position);
        }
      }
    } catch (Exception e) {
      say("failed " + e);
    }
  }

  private static void fill(Pipe pipe) throws IOException {
    try {
      for (long at = 0; ; at += 50_000) {
        pipe.sink().writeFully(Bench.bytes(at, 50_000), Bench.SOON);
        pipe.sink().flush(Bench.SOON);
        say("acknowledged " + (at + 50_000));
      }
    } catch (StorageException e) {
      say(e.kind() == StorageException.Kind.FULL ? "full " + e.count() : "failed " + e);
    }
  }

  /** Says whether another process has the file locked. */
  private static void lock(Path file) throws IOException {
    try (FileChannel raw = FileChannel.open(file, StandardOpenOption.WRITE);
        FileLock lock = raw.tryLock()) {
      say(lock == null ? "locked" : "free");
    }
  }

  private static void say(String line) {
    System.out.println(line);
  }
}
