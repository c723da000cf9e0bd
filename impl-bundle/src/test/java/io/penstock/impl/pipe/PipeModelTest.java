// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.BufferFullException;
import io.penstock.error.EndOfStreamException;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.core.Engine;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random sequences of operations that never wait, against a plain model: a queue of bytes and what
 * counts as room.
 */
class PipeModelTest {
  private static final int OPERATIONS = 2_000;
  private static final int SEEDS = 40;

  private final Engine engine = new Engine();

  @AfterEach
  void stop() {
    engine.close();
  }

  /** What the pipe should hold. */
  private static final class Model {
    private final ArrayDeque<Byte> bytes = new ArrayDeque<>();
    // Bytes that a long read took out of the pipe and put back in front: they take no room.
    private int front;
    private boolean ended;

    void add(byte b) {
      bytes.add(b);
    }

    byte[] remove(int n) {
      byte[] out = new byte[n];
      for (int i = 0; i < n; i++) {
        out[i] = bytes.remove();
      }
      front = Math.max(0, front - n);
      return out;
    }

    int buffered() {
      return bytes.size() - front;
    }

    void gathered(int n) {
      front = Math.max(front, n);
    }

    int indexOf(byte b, int limit) {
      int i = 0;
      for (byte candidate : bytes) {
        if (i >= limit) {
          return -1;
        }
        if (candidate == b) {
          return i;
        }
        i++;
      }
      return -1;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 7, 64, 5000, 70_000})
  void behavesLikeAQueueOfBytes(long capacity) throws IOException {
    for (long seed = 0; seed < SEEDS; seed++) {
      try {
        run(capacity, seed);
      } catch (AssertionError | IOException | RuntimeException e) {
        throw new AssertionError("capacity " + capacity + ", seed " + seed, e);
      }
    }
  }

  private void run(long capacity, long seed) throws IOException {
    Random random = new Random(seed);
    DrivenPipe pipe =
        new DrivenPipe(
            PipeOptions.defaults().withCapacity(capacity).withDirect(random.nextBoolean()), engine);
    ByteSink sink = pipe.sink();
    ByteSource source = pipe.source();
    Model model = new Model();
    for (int i = 0; i < OPERATIONS; i++) {
      step(random, capacity, sink, source, model);
      assertEquals(model.bytes.size(), source.available(), "available after step " + i);
      long room = model.ended ? 0 : Math.max(0, capacity - model.buffered());
      assertEquals(room, sink.room(), "room after step " + i);
      assertEquals(model.bytes.isEmpty() && model.ended, source.ended(), "ended after step " + i);
      assertEquals(
          !model.bytes.isEmpty() || model.ended, source.readable().isSet(), "readable at " + i);
    }
    sink.end();
    byte[] rest = model.remove(model.bytes.size());
    assertEquals(
        ByteBuffer.wrap(rest), source.readAll(Long.MAX_VALUE, Wait.forever()), "what is left");
    assertEquals(-1, source.read(ByteBuffer.allocate(1)));
    pipe.close();
  }

  private static ByteBuffer some(Random random, int most) {
    byte[] bytes = new byte[random.nextInt(most + 1)];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (random.nextInt(20) == 0 ? '\n' : 'a' + random.nextInt(26));
    }
    return ByteBuffer.wrap(bytes);
  }

  private void step(Random random, long capacity, ByteSink sink, ByteSource source, Model model)
      throws IOException {
    int most = (int) Math.min(capacity * 2, 9000);
    switch (random.nextInt(12)) {
      case 0, 1, 2 -> write(sink, some(random, most), capacity, model);
      case 3 -> give(sink, some(random, most), capacity, model, random.nextBoolean());
      case 4, 5 -> read(source, random.nextInt(most + 1), model);
      case 6 -> take(source, 1 + random.nextInt(most), model);
      case 7 -> consume(source, 1 + random.nextInt(most), random, model);
      case 8 -> line(source, 1 + random.nextInt(most), capacity, model);
      case 9 -> fully(source, random.nextInt(most), model);
      case 10 -> {
        if (random.nextInt(8) == 0) {
          assertEquals(ByteBuffer.wrap(model.remove(model.bytes.size())), source.drain(), "drain");
        }
      }
      default -> {
        if (random.nextInt(300) == 0) {
          sink.end();
          model.ended = true;
        }
      }
    }
  }

  private static void write(ByteSink sink, ByteBuffer src, long capacity, Model model)
      throws IOException {
    if (model.ended && src.hasRemaining()) {
      assertThrows(BrokenPipeException.class, () -> sink.write(src, Wait.none()));
      return;
    }
    int expected = (int) Math.min(src.remaining(), Math.max(0, capacity - model.buffered()));
    ByteBuffer written = src.duplicate();
    assertEquals(expected, sink.write(src, Wait.none()), "write");
    for (int i = 0; i < expected; i++) {
      model.add(written.get());
    }
    written.rewind();
    while (written.hasRemaining()) {
      // A copy was taken: what the caller does to its buffer afterwards must not be seen.
      written.put((byte) '!');
    }
  }

  private static void give(ByteSink sink, ByteBuffer src, long capacity, Model model, boolean told)
      throws IOException {
    if (model.ended && src.hasRemaining()) {
      assertThrows(BrokenPipeException.class, () -> sink.give(src, Wait.none()));
      return;
    }
    int expected = model.buffered() < capacity ? src.remaining() : 0;
    ByteBuffer copy = src.duplicate();
    int n = told ? sink.give(src, () -> {}, Wait.none()) : sink.give(src, Wait.none());
    assertEquals(expected, n, "give");
    for (int i = 0; i < expected; i++) {
      model.add(copy.get());
    }
  }

  private static void read(ByteSource source, int want, Model model) throws IOException {
    ByteBuffer dst = ByteBuffer.allocate(want);
    int n = source.read(dst, Wait.none());
    if (want > 0 && model.bytes.isEmpty()) {
      assertEquals(model.ended ? -1 : 0, n, "read of an empty pipe");
    } else {
      assertEquals(Math.min(want, model.bytes.size()), n, "reads merge");
      assertEquals(ByteBuffer.wrap(model.remove(n)), dst.flip(), "read");
    }
  }

  private static void take(ByteSource source, int max, Model model) throws IOException {
    ByteBuffer run = source.take(max, Wait.none());
    if (model.bytes.isEmpty() && model.ended) {
      assertNull(run);
    } else {
      assertTrue(run != null && run.remaining() <= max, "take");
      assertEquals(model.bytes.isEmpty(), run.remaining() == 0, "take of nothing");
      assertEquals(ByteBuffer.wrap(model.remove(run.remaining())), run, "take");
    }
  }

  private static void consume(ByteSource source, int max, Random random, Model model)
      throws IOException {
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    int n =
        source.consume(
            max,
            run -> {
              byte[] used = new byte[random.nextInt(run.remaining() + 1)];
              run.get(used);
              seen.writeBytes(used);
            },
            Wait.none());
    if (model.bytes.isEmpty()) {
      assertEquals(model.ended ? -1 : 0, n, "consume of an empty pipe");
    } else {
      assertEquals(ByteBuffer.wrap(model.remove(n)), ByteBuffer.wrap(seen.toByteArray()));
    }
  }

  private static void line(ByteSource source, int limit, long capacity, Model model)
      throws IOException {
    int at = model.indexOf((byte) '\n', limit);
    int size = model.bytes.size();
    if (at >= 0) {
      String line = source.readLine(StandardCharsets.US_ASCII, limit, Terminator.KEEP, Wait.none());
      model.gathered(Math.min(size, Math.min(limit, Math.max(8192, size))));
      assertEquals(new String(model.remove(at + 1), StandardCharsets.US_ASCII), line, "line");
    } else if (size >= limit || (size > 0 && size >= capacity)) {
      assertThrows(
          BufferFullException.class,
          () -> source.readUntil(ByteSequence.LF, limit, Wait.none()),
          "no line in " + size);
      model.gathered(Math.min(size, limit));
    } else if (model.ended) {
      assertNull(source.readUntil(ByteSequence.LF, limit, Wait.none()));
      model.gathered(size);
    } else {
      assertThrows(
          WouldBlockException.class, () -> source.readUntil(ByteSequence.LF, limit, Wait.none()));
      model.gathered(size);
    }
  }

  private static void fully(ByteSource source, int want, Model model) throws IOException {
    ByteBuffer dst = ByteBuffer.allocate(want);
    int size = model.bytes.size();
    if (want <= size) {
      source.readFully(dst, Wait.none());
      assertEquals(ByteBuffer.wrap(model.remove(want)), dst.flip(), "readFully");
    } else {
      Class<? extends IOException> expected =
          model.ended ? EndOfStreamException.class : WouldBlockException.class;
      assertThrows(expected, () -> source.readFully(dst, Wait.none()));
      assertEquals(0, dst.position());
      model.gathered(size);
    }
  }

  @Test
  void theModelCatchesAPlantedFault() {
    Model model = new Model();
    model.add((byte) 'x');
    DrivenPipe pipe = new DrivenPipe(PipeOptions.defaults(), engine);
    assertThrows(AssertionError.class, () -> read(pipe.source(), 1, model));
  }
}
