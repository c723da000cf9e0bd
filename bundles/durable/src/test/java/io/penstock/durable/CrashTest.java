// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.error.AddressException;
import io.penstock.error.StorageException;
import io.penstock.pipe.Pipe;
import io.penstock.standalone.Penstock;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is left when a process is killed, a disk is full, or a file was damaged. {@code
 * -Dio.penstock.durable.rounds=50} has the long form; {@code -Dio.penstock.durable.seed} repeats
 * one.
 */
@Timeout(600)
class CrashTest {
  private static final int ROUNDS = Integer.getInteger("io.penstock.durable.rounds", 5);
  private static final long SEED =
      Long.getLong("io.penstock.durable.seed", System.currentTimeMillis());

  @TempDir private Path folder;
  private Path file;
  private Penstock penstock;

  @BeforeEach
  void begin() {
    file = Bench.fresh(folder);
    penstock = Penstock.open();
  }

  @AfterEach
  void end() {
    penstock.close();
  }

  private static void kill(Process process) throws InterruptedException {
    assertTrue(process.destroyForcibly().waitFor(20, TimeUnit.SECONDS));
  }

  private void survives(String sync, int rounds) throws Exception {
    System.out.println("rounds " + rounds + ", io.penstock.durable.seed=" + SEED);
    Random random = new Random(SEED);
    for (int round = 0; round < rounds; round++) {
      String keys = "sync=" + sync + "&keep=" + (random.nextBoolean() ? "0" : "64KiB");
      Process child = Bench.child(List.of(), "both", file.toString(), keys, "" + random.nextInt());
      long acknowledged = -1;
      long committed = -1;
      int lines = 1 + random.nextInt(60);
      try (BufferedReader told = child.inputReader()) {
        String line = told.readLine();
        for (int i = 0; i < lines && line != null; i++) {
          String[] words = line.split(" ");
          switch (words[0]) {
            case "acknowledged" -> acknowledged = Long.parseLong(words[1]);
            case "committed" -> committed = Long.parseLong(words[1]);
            default -> throw new AssertionError("round " + round + ": " + line);
          }
          line = told.readLine();
        }
        assertTrue(line != null, "round " + round + ": the child has stopped by itself");
        kill(child);
      }
      try (Pipe pipe = Bench.open(penstock, file, "commit=manual&" + keys)) {
        long end = Bench.facet(pipe).acknowledged();
        long position = Bench.facet(pipe).position();
        assertTrue(end >= acknowledged, end + " of " + acknowledged + " bytes are there");
        assertTrue(position >= committed, "the reader is at " + position + " of " + committed);
        assertTrue(position <= end, position + " is behind the end, " + end);
        ByteBuffer all = ByteBuffer.allocate((int) (end - position));
        pipe.source().readFully(all, Bench.SOON);
        Bench.check(all.flip(), position);
        assertEquals(0, pipe.source().available());
      }
    }
  }

  @Test
  void nothingThatWasAcknowledgedIsLostByKilling() throws Exception {
    survives("group", ROUNDS);
  }

  @Test
  void norWithoutWaitingForTheDisk() throws Exception {
    survives("none", ROUNDS);
  }

  @Test
  void norWithEachRecordByItself() throws Exception {
    survives("each", Math.max(2, ROUNDS / 5));
  }

  @Test
  void anotherProcessIsToldThatTheFileIsInUse() throws Exception {
    Process child = Bench.child(List.of(), "both", file.toString(), "sync=none", "1");
    try (BufferedReader told = child.inputReader()) {
      assertTrue(told.readLine() != null);
      AddressException refused =
          assertThrows(AddressException.class, () -> Bench.open(penstock, file, "takeover=true"));
      assertEquals(AddressException.Kind.IN_USE, refused.kind());
      assertTrue(refused.getMessage().contains("another process"), refused.getMessage());
    } finally {
      kill(child);
    }
    Bench.open(penstock, file, "").close();
  }

  // ---- a full disk

  private void fills(List<String> before, Path spool) throws Exception {
    Process child = Bench.child(before, "fill", spool.toString(), "sync=group", "1");
    long acknowledged = -1;
    boolean full = false;
    try (BufferedReader told = child.inputReader()) {
      for (String line = told.readLine(); line != null; line = told.readLine()) {
        String[] words = line.split(" ");
        if (words[0].equals("full")) {
          full = true;
          assertTrue(Long.parseLong(words[1]) >= acknowledged, line);
        } else {
          acknowledged = Long.parseLong(words[1]);
        }
      }
    }
    assertEquals(0, child.waitFor());
    assertTrue(full, "the disk was never full");
    assertTrue(acknowledged > 0, "nothing was acknowledged before the disk was full");
    Path roomy = Bench.fresh(folder);
    Files.copy(spool, roomy);
    try (Pipe pipe = Bench.open(penstock, roomy, "")) {
      long end = Bench.facet(pipe).acknowledged();
      assertTrue(end >= acknowledged, end + " of " + acknowledged + " bytes are there");
      ByteBuffer all = ByteBuffer.allocate((int) end);
      pipe.source().readFully(all, Bench.SOON);
      Bench.check(all.flip(), 0);
      pipe.sink().writeFully(Bench.bytes(end, 100_000), Bench.SOON);
      ByteBuffer more = ByteBuffer.allocate(100_000);
      pipe.source().readFully(more, Bench.SOON);
      Bench.check(more.flip(), end);
    }
  }

  @Test
  void aFileThatMayNotGrowIsATypedError() throws Exception {
    fills(List.of("bash", "-c", "ulimit -f 3000; exec \"$@\"", "limited"), file);
  }

  @Test
  void aFullDiskIsATypedError() throws Exception {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    Process mount =
        new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=4m", "none", disk.toString())
            .redirectErrorStream(true)
            .start();
    Assumptions.assumeTrue(mount.waitFor() == 0, "no file system can be mounted here");
    try {
      fills(List.of(), disk.resolve("spool"));
    } finally {
      assertEquals(0, new ProcessBuilder("umount", disk.toString()).start().waitFor());
    }
  }

  // ---- damage

  private long filled(int records) throws IOException {
    try (Pipe pipe = Bench.open(penstock, file, "block=4KiB")) {
      for (int i = 0; i < records; i++) {
        pipe.sink().writeFully(Bench.bytes(i * 4096L, 4096), Bench.SOON);
        pipe.sink().flush(Bench.SOON);
      }
      return Bench.facet(pipe).acknowledged();
    } finally {
      released();
    }
  }

  /** Nothing is written to the file any more: a pipe that was closed finishes on a worker. */
  private void released() {
    penstock.close();
    penstock = Penstock.open();
  }

  @Test
  void aFlippedBitIsFoundAndNamed() throws Exception {
    long end = filled(40);
    byte[] all = Files.readAllBytes(file);
    byte[] sought = Bench.bytes(20 * 4096, 4096).array();
    // Every copy, because older ones may still be in the file.
    String text = new String(all, StandardCharsets.ISO_8859_1);
    String record = new String(sought, StandardCharsets.ISO_8859_1);
    int copies = 0;
    try (FileChannel raw = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (int at = text.indexOf(record); at >= 0; at = text.indexOf(record, at + 1)) {
        int unused = raw.write(ByteBuffer.wrap(new byte[] {(byte) (all[at + 777] ^ 4)}), at + 777);
        copies++;
      }
    }
    assertTrue(copies > 0, "the record is in the file as it was written");
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      ByteBuffer before = ByteBuffer.allocate(20 * 4096);
      pipe.source().readFully(before, Bench.SOON);
      Bench.check(before.flip(), 0);
      for (int i = 0; i < 2; i++) {
        StorageException corrupt =
            assertThrows(
                StorageException.class,
                () -> pipe.source().read(ByteBuffer.allocate(1), Bench.SOON));
        assertEquals(StorageException.Kind.CORRUPT, corrupt.kind());
        assertEquals(20 * 4096, corrupt.count());
        assertTrue(corrupt.getMessage().contains("" + 21 * 4096), corrupt.getMessage());
      }
      Bench.facet(pipe).replay(21 * 4096);
      ByteBuffer rest = ByteBuffer.allocate((int) end - 21 * 4096);
      pipe.source().readFully(rest, Bench.SOON);
      Bench.check(rest.flip(), 21 * 4096);
    }
  }

  /** Flips a bit of a record of {@link #filled} in each copy, because older ones may be left. */
  private static byte[] flipped(byte[] whole, int record) {
    byte[] all = whole.clone();
    byte[] sought = Bench.bytes(record * 4096L, 4096).array();
    String text = new String(whole, StandardCharsets.ISO_8859_1);
    String bytes = new String(sought, StandardCharsets.ISO_8859_1);
    int at = text.indexOf(bytes);
    assertTrue(at >= 0, "record " + record + " is in the file as it was written");
    for (; at >= 0; at = text.indexOf(bytes, at + 1)) {
      all[at + 777] ^= 4;
    }
    return all;
  }

  private void isNamed(byte[] whole, int records, int record) throws Exception {
    Path damaged = Files.write(Bench.fresh(folder), flipped(whole, record));
    int end = records * 4096;
    try (Pipe pipe = Bench.open(penstock, damaged, "")) {
      assertEquals(end, Bench.facet(pipe).acknowledged(), "record " + record);
      ByteBuffer before = ByteBuffer.allocate(record * 4096);
      pipe.source().readFully(before, Bench.SOON);
      Bench.check(before.flip(), 0);
      StorageException corrupt =
          assertThrows(
              StorageException.class, () -> pipe.source().read(ByteBuffer.allocate(1), Bench.SOON));
      assertEquals(StorageException.Kind.CORRUPT, corrupt.kind());
      assertEquals(record * 4096, corrupt.count());
      boolean last = record == records - 1;
      assertEquals(
          !last,
          corrupt.getMessage().endsWith("the next one is at position " + (record + 1) * 4096),
          corrupt.getMessage());
      // The writer goes on all the same.
      pipe.sink().writeFully(Bench.bytes(end, 1000), Bench.SOON);
      pipe.sink().flush(Bench.SOON);
      Bench.facet(pipe).replay((record + 1) * 4096L);
      ByteBuffer rest = ByteBuffer.allocate(end + 1000 - (record + 1) * 4096);
      pipe.source().readFully(rest, Bench.SOON);
      Bench.check(rest.flip(), (record + 1) * 4096L);
    }
    Files.delete(damaged);
  }

  /** The library looks at what was written last when it opens a file. */
  @Test
  void aFlippedBitAmongTheLastRecordsIsFoundAndNamed() throws Exception {
    int records = 100;
    byte[] killed;
    try (Pipe pipe = Bench.open(penstock, file, "block=4KiB")) {
      for (int i = 0; i < records; i++) {
        pipe.sink().writeFully(Bench.bytes(i * 4096L, 4096), Bench.SOON);
        pipe.sink().flush(Bench.SOON);
      }
      killed = Files.readAllBytes(file);
    }
    released();
    byte[] closed = Files.readAllBytes(file);
    for (int i = records - 64; i < records; i++) {
      isNamed(killed, records, i);
      isNamed(closed, records, i);
    }
  }

  /**
   * Whatever of the last write has reached the disk, all that was acknowledged before is there.
   *
   * <p>It goes to the disk at once, as one version of the store, and to where nothing is that the
   * version before needs. It is larger than the file was, so no gap has room for it. What the file
   * has beyond its length of before is therefore of the last write alone, and only that is cut.
   */
  @Test
  void aTornLastBlockTakesNothingElseAlong() throws Exception {
    int safe = 30 * 4096;
    int last = 1 << 20;
    long before;
    byte[] whole;
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      for (int at = 0; at < safe; at += 4096) {
        pipe.sink().writeFully(Bench.bytes(at, 4096), Bench.SOON);
        pipe.sink().flush(Bench.SOON);
      }
      before = Files.size(file);
      pipe.sink().writeFully(Bench.bytes(safe, last), Bench.SOON);
      pipe.sink().flush(Bench.SOON);
      // As a loss of power leaves it; a close would write more.
      whole = Files.readAllBytes(file);
    }
    assertTrue(before < last, "a gap may have room: the file had " + before + " bytes");
    int torn = (int) (whole.length - before);
    assertTrue(torn > 12_000, "the last write has added only " + torn + " bytes to the file");
    int[] cuts = {1, 100, 4095, 4096, 5000, 8192, 12_000, torn / 2, torn - 4096, torn - 1, torn};
    for (int cut : cuts) {
      Path left = Files.write(Bench.fresh(folder), Arrays.copyOf(whole, whole.length - cut));
      try (Pipe pipe = Bench.open(penstock, left, "")) {
        long found = Bench.facet(pipe).acknowledged();
        assertTrue(found == safe || found == safe + last, cut + " bytes less leave " + found);
        read(pipe, found);
        // The writer goes on there.
        pipe.sink().writeFully(Bench.bytes(found, 1000), Bench.SOON);
        ByteBuffer more = ByteBuffer.allocate(1000);
        pipe.source().readFully(more, Bench.SOON);
        Bench.check(more.flip(), found);
      }
    }
  }

  private static void read(Pipe pipe, long count) throws IOException {
    ByteBuffer all = ByteBuffer.allocate((int) count);
    pipe.source().readFully(all, Bench.SOON);
    Bench.check(all.flip(), 0);
  }

  /** Also where a cut takes acknowledged bytes along, what is there is the beginning of it all. */
  @Test
  void aFileThatWasCutHasTheBeginningOfWhatWasWritten() throws Exception {
    long end = filled(30);
    byte[] whole = Files.readAllBytes(file);
    for (int cut : new int[] {1, 100, 4095, 4096, 5000, 8192, 12_000}) {
      Files.write(file, Arrays.copyOf(whole, whole.length - cut));
      try (Pipe pipe = Bench.open(penstock, file, "")) {
        long found = Bench.facet(pipe).acknowledged();
        assertTrue(found > 0 && found <= end, cut + " bytes less leave " + found);
        read(pipe, found);
      }
      released();
    }
    for (int part = 1; part < 16; part++) {
      Path left = Files.write(Bench.fresh(folder), Arrays.copyOf(whole, whole.length * part / 16));
      hasNoWrongByte(left, end);
    }
  }

  /** So much may be gone that it cannot be opened, or a record cannot be read. */
  private void hasNoWrongByte(Path left, long end) throws Exception {
    try (Pipe pipe = Bench.open(penstock, left, "")) {
      long found = Bench.facet(pipe).acknowledged();
      assertTrue(found <= end, found + " of " + end + " bytes are there");
      ByteBuffer some = ByteBuffer.allocate(1000);
      for (long at = 0; at < found; ) {
        at += Bench.read(pipe.source(), some, at);
      }
    } catch (AddressException e) {
      assertEquals(AddressException.Kind.INVALID, e.kind());
    } catch (StorageException e) {
      boolean told =
          e.kind() == StorageException.Kind.CORRUPT || e.kind() == StorageException.Kind.FAILED;
      assertTrue(told, e.toString());
    }
  }

  @Test
  void whatIsBehindTheEndTakesNothingAlong() throws Exception {
    long end = filled(30);
    byte[] whole = Files.readAllBytes(file);
    byte[] longer = Arrays.copyOf(whole, whole.length + 6000);
    new Random(SEED).nextBytes(longer);
    System.arraycopy(whole, 0, longer, 0, whole.length);
    Files.write(file, longer);
    try (Channel reader = Bench.end(penstock, file, "mode=read")) {
      assertEquals(end, Bench.facet(reader).acknowledged());
      ByteBuffer all = ByteBuffer.allocate((int) end);
      reader.source().readFully(all, Bench.SOON);
      Bench.check(all.flip(), 0);
    }
  }
}
