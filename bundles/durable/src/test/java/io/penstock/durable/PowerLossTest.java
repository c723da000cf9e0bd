// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.facet.DurableFacet;
import io.penstock.pipe.Pipe;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.ReentrantLock;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A loss of power. What was written before the last wait for the disk is there; of what came later
 * any part may be, in any order, and a piece may be there in part.
 */
@Timeout(120)
class PowerLossTest {
  private static final long SEED = Long.getLong("io.penstock.durable.seed", 19);
  private static final int ROUNDS = 300;

  private static final int MOST = 40_000;

  @TempDir private static Path folder;
  private static final Disk disk = new Disk();

  private final PowerPath path = new PowerPath();

  /**
   * A change of the file.
   *
   * @param bytes null where the file is cut at that position
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Change(long position, byte[] bytes) {
    byte[] on(byte[] image) {
      if (bytes == null) {
        return Arrays.copyOf(image, (int) Math.min(position, image.length));
      }
      byte[] next = Arrays.copyOf(image, (int) Math.max(position + bytes.length, image.length));
      System.arraycopy(bytes, 0, next, (int) position, bytes.length);
      return next;
    }

    /** What is there of it if the power goes meanwhile. */
    Change torn(Random random) {
      return bytes == null
          ? this
          : new Change(position, Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)));
    }
  }

  /** What is on the disk for good, and what is on its way there. */
  private static final class Disk {
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Change> under = new ArrayList<>();
    private final List<Left> losses = new ArrayList<>();
    private Random random = new Random();
    private byte[] image = {};

    // Told by the test: where the acknowledged bytes end, and how many may have been delivered.
    private volatile long acknowledged;
    private volatile long read;

    void begin() {
      under.clear();
      losses.clear();
      random = new Random(SEED);
      image = new byte[0];
      acknowledged = 0;
      read = 0;
    }

    void change(Change one) {
      lock.lock();
      try {
        under.add(one);
        if (acknowledged > 0) {
          losses.add(new Left(acknowledged, read, left()));
        }
      } finally {
        lock.unlock();
      }
    }

    void force() {
      lock.lock();
      try {
        for (Change each : under) {
          image = each.on(image);
        }
        under.clear();
      } finally {
        lock.unlock();
      }
    }

    /** What is there if the power goes now. */
    private byte[] left() {
      byte[] left = image.clone();
      for (Change each : under) {
        left = random.nextBoolean() ? each.torn(random).on(left) : left;
      }
      return left;
    }
  }

  /** As that of {@link SlowDiskTest}. */
  public static final class PowerPath extends FilePathWrapper {
    @Override
    public String getScheme() {
      return folder.resolve("power").toString();
    }

    @Override
    protected FilePath unwrap(String path) {
      return FilePath.get(folder.resolve("without-power").toString());
    }

    @Override
    public FileChannel open(String mode) throws IOException {
      return new PowerFile(super.open(mode));
    }
  }

  private static final class PowerFile extends ThroughFile {
    PowerFile(FileChannel file) {
      super(file);
    }

    @Override
    public int write(ByteBuffer src, long position) throws IOException {
      byte[] bytes = new byte[src.remaining()];
      src.duplicate().get(bytes);
      int n = super.write(src, position);
      disk.change(new Change(position, Arrays.copyOf(bytes, n)));
      return n;
    }

    @Override
    protected void implTruncate(long size) throws IOException {
      super.implTruncate(size);
      disk.change(new Change(size, null));
    }

    @Override
    public void force(boolean all) {
      disk.force();
    }
  }

  /**
   * What a loss of power has left.
   *
   * @param acknowledged where the acknowledged bytes end
   * @param read how many were delivered
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Left(long acknowledged, long read, byte[] image) {}

  @BeforeEach
  void begin() throws IOException {
    Files.deleteIfExists(folder.resolve("without-power"));
    disk.begin();
    FilePath.register(path);
  }

  @AfterEach
  void end() {
    FilePath.unregister(path);
  }

  @ParameterizedTest
  @ValueSource(strings = {"each", "group"})
  void whatWasAcknowledgedIsThere(String sync) throws Exception {
    Random random = new Random(SEED);
    try (Penstock penstock = Penstock.open();
        Pipe pipe =
            Bench.open(penstock, folder.resolve("power:disk"), "sync=" + sync, 16L * MOST)) {
      long written = 0;
      long read = 0;
      for (int round = 0; round < ROUNDS; round++) {
        int n = 1 + random.nextInt(MOST);
        pipe.sink().writeFully(Bench.bytes(written, n), Bench.SOON);
        pipe.sink().flush(Bench.SOON);
        written += n;
        disk.acknowledged = written;
        while (random.nextInt(4) > 0) {
          ByteBuffer some = ByteBuffer.allocate(random.nextInt((int) (written - read) + 1));
          disk.read = read + some.capacity();
          pipe.source().readFully(some, Bench.SOON);
          Bench.check(some.flip(), read);
          read += some.limit();
        }
      }
    }
    assertTrue(disk.losses.size() > ROUNDS / 2, disk.losses.size() + " losses");
    try (Penstock penstock = Penstock.open()) {
      for (Left each : disk.losses) {
        check(penstock, each);
      }
    }
  }

  /** From where its reader goes on, which may be earlier, each byte is there. */
  private static void check(Penstock penstock, Left left) throws IOException {
    Path file = Bench.fresh(folder);
    Files.write(file, left.image());
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      DurableFacet facet = Bench.facet(pipe);
      long from = facet.position();
      assertTrue(facet.acknowledged() >= left.acknowledged(), left.acknowledged() + " bytes");
      assertTrue(from <= left.read(), "the reader goes on at " + from);
      ByteBuffer rest = ByteBuffer.allocate((int) (left.acknowledged() - from));
      pipe.source().readFully(rest, Bench.SOON);
      Bench.check(rest.flip(), from);
    }
    Files.delete(file);
  }
}
