// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.BufferFullException;
import io.penstock.error.EndOfStreamException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamFault;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.pipe.PipeModel.Outcome;
import io.penstock.impl.pipe.PipeOperation.Act;
import io.penstock.impl.pipe.PipeOperation.Way;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.IntFunction;

/** A pipe and its model: each step is done to both, and everything that can be seen is compared. */
final class ModelledPipe {
  private static final ByteSequence[] DELIMITERS = {
    ByteSequence.LF, ByteSequence.utf8("ab"), ByteSequence.utf8("e")
  };

  /** Something that returns bytes, a number, or throws. */
  private interface Call {
    Outcome make() throws IOException;
  }

  private static final class Planned extends IOException {
    private static final long serialVersionUID = 1;
  }

  /** A buffer that must keep these bytes for good. */
  private record Kept(ByteBuffer buffer, byte[] bytes) {}

  private final DrivenPipe pipe;
  private final DrivenPipe other;
  private final ByteSink sink;
  private final ByteSource source;
  private final PipeModel model;
  private final List<String> warnings;
  private final long otherCapacity;
  private final ArrayDeque<Byte> there = new ArrayDeque<>();
  private final IOException cause = new IOException("the planned failure");
  private final Map<Integer, Integer> released = new HashMap<>();
  private final Map<Integer, ByteBuffer> givenHeap = new HashMap<>();
  private final Map<Integer, byte[]> toldBytes = new HashMap<>();
  private final List<Kept> kept = new ArrayList<>();
  private final List<Integer> completed = new ArrayList<>();
  private final Map<Integer, String> completions = new HashMap<>();
  private final List<Integer> queuedIds = new ArrayList<>();
  private final Random content;
  private boolean otherBroken;
  // True: surely set. False: surely clear. Null: either.
  private Boolean latch = false;
  private int nextId;

  /**
   * Makes both.
   *
   * @param engine closed, so that what it has to do is done at once, in the calling thread
   * @param warnings gets what the product logs
   */
  ModelledPipe(PipeOptions options, long seed, Engine engine, List<String> warnings) {
    this.content = new Random(seed);
    this.otherCapacity = 1 + content.nextInt((int) Math.min(options.capacity(), 5000) * 2);
    Wait none = Wait.none();
    this.pipe = new DrivenPipe(options.withReadWait(none).withWriteWait(none), engine);
    this.other =
        new DrivenPipe(PipeOptions.defaults().withCapacity(otherCapacity).withName("to"), engine);
    this.sink = pipe.sink();
    this.source = pipe.source();
    this.model = new PipeModel(options.capacity());
    this.warnings = warnings;
  }

  PipeModel model() {
    return model;
  }

  // ---- one step

  void step(PipeOperation op) throws IOException {
    int size = op.size();
    switch (op.act()) {
      case WRITE -> write(op, op.way(), src -> sink.write(src, wait(op.way())));
      case WRITE_BY_SETTING -> write(op, model.writeWay, sink::write);
      case WRITE_GATHERED -> gather(op, model.writeWay, sink::write);
      case WRITE_FULLY -> writeFully(op);
      case WRITE_PARTS_FULLY -> writePartsFully(op);
      case GIVE, GIVE_AND_BE_TOLD -> give(op);
      case WRITE_LATER -> writeLater(op);
      case READ -> read(op, op.way(), dst -> source.read(dst, wait(op.way())));
      case READ_BY_SETTING -> read(op, model.readWay, source::read);
      case READ_SCATTERED -> scatter(op);
      case CONSUME, CONSUME_AND_THROW -> consume(op);
      case TAKE -> take(op);
      case DRAIN -> drain();
      case READ_UNTIL -> readUntil(op);
      case READ_LINE -> readLine(op);
      case READ_FULLY -> readFully(op);
      case READ_ALL -> readAll(op);
      case TRANSFER -> transfer(op);
      case EMPTY_THE_DESTINATION -> emptyTheDestination();
      case AWAIT_READABLE ->
          compare(
              seen -> model.awaitReadable(seen, op.way()),
              outcome(() -> awaited(() -> source.awaitReadable(wait(op.way())))),
              null);
      case AWAIT_WRITABLE -> {
        latch = null;
        compareRoom(
            room -> model.awaitWritable(room, op.way()),
            outcome(() -> awaited(() -> sink.awaitWritable(wait(op.way())))));
      }
      case AWAIT_EMPTY ->
          compareBuffered(
              n -> model.awaitEmpty(n, op.way()),
              outcome(() -> awaited(() -> sink.awaitEmpty(wait(op.way())))));
      case FLUSH ->
          compareDropped(
              (n, dropped) -> model.flush(n, dropped, op.way()),
              outcome(() -> awaited(() -> sink.flush(wait(op.way())))));
      case SET_READ_WAIT -> {
        source.readWait(wait(op.way()));
        model.readWay = op.way();
      }
      case SET_WRITE_WAIT -> {
        sink.writeWait(wait(op.way()));
        model.writeWay = op.way();
      }
      case CLEAR_LATCH -> {
        sink.reader().clear();
        latch = model.sourceClosed ? latch : (Boolean) false;
      }
      case TRIM -> assertTrue(!pipe.trim() || model.size() == 0, "trimmed what was in use");
      case BREAK_THE_DESTINATION -> {
        if (size % 4 == 0) {
          otherBroken = true;
          there.clear();
          other.source().close();
        }
      }
      case END -> {
        sink.end();
        model.endAsked = true;
      }
      case ABORT -> abort();
      case CLOSE_SINK -> closeSink();
      case CLOSE_SOURCE -> closeSource(source::close);
      case CLOSE -> {
        closeSource(pipe::close);
        model.sinkClosed = true;
      }
      default -> throw new AssertionError(op.act());
    }
    settle(op.act());
    look();
  }

  /** Reads what is left and looks at what must not have changed. */
  void finish() throws IOException {
    if (!model.sinkClosed) {
      sink.end();
      model.endAsked = true;
    }
    for (int i = 0; i < 200_000 && model.size() + model.queued() > 0; i++) {
      step(new PipeOperation(Act.READ, 1 + i * 100, 0, Way.NOT_AT_ALL));
    }
    assertEquals(0, model.size() + model.queued(), "everything was read");
    step(new PipeOperation(Act.READ, 1, 0, Way.NOT_AT_ALL));
    for (Kept one : kept) {
      assertArrayEquals(one.bytes(), bytes(one.buffer()), "a buffer that was handed over");
    }
    pipe.close();
    other.close();
  }

  private static Wait wait(Way way) {
    return switch (way) {
      case NOT_AT_ALL -> Wait.none();
      case UP_TO_ZERO -> Wait.upTo(Duration.ZERO);
      case UNTIL_THE_PAST -> Wait.until(System.nanoTime() - 1);
    };
  }

  // ---- comparing

  private interface Awaiting {
    void make() throws IOException;
  }

  private static Outcome awaited(Awaiting call) throws IOException {
    call.make();
    return Outcome.ok(0);
  }

  private Outcome outcome(Call call) {
    try {
      return call.make();
    } catch (Planned e) {
      return Outcome.of("thrown", 0);
    } catch (IOException e) {
      long count = e instanceof StreamFault fault ? fault.count() : -1;
      return Outcome.of(kind(e), count);
    }
  }

  private String kind(Throwable e) {
    if (e instanceof BrokenPipeException) {
      return "broken";
    } else if (e instanceof StreamTimeoutException) {
      return "timed out";
    } else if (e instanceof WouldBlockException) {
      return "would block";
    } else if (e instanceof BufferFullException) {
      return "full";
    } else if (e instanceof EndOfStreamException) {
      return "cut";
    } else if (e instanceof StreamClosedException) {
      return "closed";
    } else if (e instanceof CancellationException) {
      return "cancelled";
    }
    for (Throwable inner = e; inner != null; inner = inner.getCause()) {
      if (inner == cause) {
        return "cause";
      }
    }
    return String.valueOf(e);
  }

  /** What a number that was returned means. */
  private static Outcome number(long n, boolean nothingAsked) {
    return n < 0
        ? Outcome.of("end", -1)
        : n == 0 && !nothingAsked ? Outcome.of("nothing", 0) : Outcome.ok(n);
  }

  private static Outcome moved(Outcome outcome, long n) {
    return new Outcome(outcome.kind(), outcome.count(), n);
  }

  /**
   * Compares what a call that reads came to, for any number of bytes that it may have found, and
   * takes what it read out of the model.
   */
  private void compare(IntFunction<Outcome> expected, Outcome actual, byte[] got) {
    int most = model.size() + model.queued();
    boolean found = false;
    for (int seen = model.size(); seen <= most && !found; seen++) {
      found = expected.apply(seen).matches(actual);
    }
    if (!found) {
      assertEquals(expected.apply(model.size()), actual, "with " + model.queued() + " queued");
    }
    int n = (int) actual.moved();
    if (n > model.size()) {
      int rest = n - model.size();
      assertTrue(model.sawQueued(model.queued() - rest), "queued bytes moved");
    }
    if (got != null) {
      assertArrayEquals(model.bytes.peek(n), got, "what was read");
    }
    if (n > model.copied) {
      latch = true;
    } else if (!Boolean.TRUE.equals(latch)) {
      latch = null;
    }
    model.remove(n);
  }

  private void compareRoom(java.util.function.LongFunction<Outcome> expected, Outcome actual) {
    compareNumber(expected, model.room(), actual);
  }

  private interface Flushed {
    Outcome apply(long buffered, long dropped);
  }

  private void compareDropped(Flushed expected, Outcome actual) {
    compareNumber(n -> expected.apply(n, model.dropped), model.size(), actual);
  }

  private void compareBuffered(java.util.function.LongFunction<Outcome> expected, Outcome actual) {
    compareNumber(expected, model.size(), actual);
  }

  private static void compareNumber(
      java.util.function.LongFunction<Outcome> expected, long n, Outcome actual) {
    if (!expected.apply(n).matches(actual)) {
      assertEquals(expected.apply(n), actual);
    }
  }

  // ---- writing

  private byte[] some(int n) {
    byte[] bytes = new byte[n];
    for (int i = 0; i < n; i++) {
      bytes[i] = (byte) (content.nextInt(20) == 0 ? '\n' : 'a' + content.nextInt(26));
    }
    return bytes;
  }

  /** The bytes in a buffer of some kind, with something before and behind. */
  private static ByteBuffer buffer(byte[] bytes, int choice) {
    int before = (choice & 3) * 5;
    int size = before + bytes.length + (choice >> 2 & 3) * 3;
    ByteBuffer buffer =
        (choice >> 4 & 3) == 0 ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size);
    buffer.put(before, bytes).position(before).limit(before + bytes.length);
    return (choice >> 6 & 3) == 0 ? buffer.slice() : buffer;
  }

  /** A copy was taken: what the caller does to its buffer afterwards must not be seen. */
  private static void scribble(ByteBuffer written) {
    ByteBuffer all = written.duplicate().clear();
    while (all.hasRemaining()) {
      all.put((byte) '!');
    }
  }

  private interface Write {
    int apply(ByteBuffer src) throws IOException;
  }

  private void write(PipeOperation op, Way way, Write write) {
    byte[] bytes = some(op.size());
    ByteBuffer src = buffer(bytes, op.choice());
    ByteBuffer read = op.choice() % 7 == 0 ? src.asReadOnlyBuffer() : src;
    int start = src.position();
    Outcome actual = outcome(() -> number(write.apply(read), bytes.length == 0));
    int n = read.position() - start;
    compareRoom(room -> model.write(bytes.length, room, way), moved(actual, n));
    scribble(src);
    model.accept(Arrays.copyOf(bytes, n), nextId++, false, false);
  }

  private interface Gather {
    long apply(ByteBuffer[] srcs, int offset, int length) throws IOException;
  }

  private ByteBuffer[] parts(byte[] bytes, int choice) {
    int count = 1 + (choice & 3);
    ByteBuffer[] parts = new ByteBuffer[count];
    int at = 0;
    for (int i = 0; i < count; i++) {
      int n = i == count - 1 ? bytes.length - at : Math.min(bytes.length - at, choice % (5 + i));
      parts[i] = buffer(Arrays.copyOfRange(bytes, at, at + n), choice >> i);
      at += n;
    }
    return parts;
  }

  private static int remaining(ByteBuffer[] parts) {
    int sum = 0;
    for (ByteBuffer part : parts) {
      sum += part.remaining();
    }
    return sum;
  }

  private void gather(PipeOperation op, Way way, Gather gather) {
    byte[] bytes = some(op.size());
    ByteBuffer[] parts = parts(bytes, op.choice());
    ByteBuffer[] wider = new ByteBuffer[parts.length + 2];
    System.arraycopy(parts, 0, wider, 1, parts.length);
    Outcome actual = outcome(() -> number(gather.apply(wider, 1, parts.length), bytes.length == 0));
    int n = bytes.length - remaining(parts);
    compareRoom(room -> model.write(bytes.length, room, way), moved(actual, n));
    model.accept(Arrays.copyOf(bytes, n), nextId++, false, false);
  }

  private void writeFully(PipeOperation op) {
    byte[] bytes = some(op.size());
    ByteBuffer src = buffer(bytes, op.choice());
    int start = src.position();
    Outcome actual =
        outcome(
            () -> {
              sink.writeFully(src, wait(op.way()));
              return Outcome.ok(bytes.length);
            });
    wroteFully(op, bytes, src.position() - start, actual);
  }

  private void writePartsFully(PipeOperation op) {
    byte[] bytes = some(op.size());
    ByteBuffer[] parts = parts(bytes, op.choice());
    Outcome actual =
        outcome(
            () -> {
              sink.writeFully(parts, wait(op.way()));
              return Outcome.ok(bytes.length);
            });
    wroteFully(op, bytes, bytes.length - remaining(parts), actual);
  }

  private void wroteFully(PipeOperation op, byte[] bytes, int n, Outcome actual) {
    compareRoom(room -> model.writeFully(bytes.length, room, op.way()), moved(actual, n));
    model.accept(Arrays.copyOf(bytes, n), nextId++, false, false);
  }

  private void give(PipeOperation op) {
    byte[] bytes = some(op.size());
    ByteBuffer src = buffer(bytes, op.choice());
    int id = nextId++;
    boolean told = op.act() == Act.GIVE_AND_BE_TOLD;
    ByteBuffer mine = src.duplicate();
    Runnable free = () -> released.merge(id, 1, Integer::sum);
    Outcome actual =
        outcome(
            () ->
                number(
                    told ? sink.give(src, free, wait(op.way())) : sink.give(src, wait(op.way())),
                    bytes.length == 0));
    // What was accepted is not the caller's any more; its position stays where it was.
    int n = actual.kind().equals("ok") ? bytes.length : 0;
    assertEquals(mine.position(), src.position(), "the position of a given buffer");
    compareRoom(room -> model.give(bytes.length, room, op.way()), moved(actual, n));
    if (bytes.length > 0 && n == bytes.length) {
      if (told) {
        toldBytes.put(id, bytes);
      } else {
        keep(mine, bytes);
        if (mine.hasArray()) {
          givenHeap.put(id, mine);
        }
      }
      model.accept(bytes, id, true, told);
    } else if (bytes.length > 0) {
      assertEquals(null, released.get(id), "released a buffer that was not accepted");
    }
  }

  private void writeLater(PipeOperation op) {
    byte[] bytes = some(op.size());
    int id = nextId++;
    ByteBuffer[] parts = parts(bytes, op.choice());
    String refused = model.sinkClosed ? "closed" : model.endAsked ? "broken" : null;
    sink.writeAsync(parts)
        .whenComplete(
            (done, failure) -> {
              completions.merge(id, failure == null ? "ok" : kind(failure), (a, b) -> a + b);
              if (refused == null) {
                completed.add(id);
              }
            });
    if (refused != null) {
      assertEquals(refused, completions.get(id), "a refused write");
      return;
    }
    queuedIds.add(id);
    model.later.add(new PipeModel.Later(id, bytes));
  }

  // ---- reading

  private interface Read {
    int apply(ByteBuffer dst) throws IOException;
  }

  private void read(PipeOperation op, Way way, Read read) {
    ByteBuffer dst = buffer(new byte[op.size()], op.choice());
    int start = dst.position();
    Outcome actual = outcome(() -> number(read.apply(dst), op.size() == 0));
    byte[] got = bytes(dst.duplicate().position(start).limit(dst.position()));
    compare(seen -> model.read(op.size(), seen, way), moved(actual, got.length), got);
  }

  private void scatter(PipeOperation op) {
    ByteBuffer[] parts = parts(new byte[op.size()], op.choice());
    ByteBuffer[] starts = new ByteBuffer[parts.length];
    Arrays.setAll(starts, i -> parts[i].duplicate());
    Outcome actual = outcome(() -> number(source.read(parts, 0, parts.length), op.size() == 0));
    ByteBuffer got = ByteBuffer.allocate(op.size());
    for (int i = 0; i < parts.length; i++) {
      got.put(starts[i].limit(parts[i].position()));
    }
    Way way = model.readWay;
    compare(
        seen -> model.read(op.size(), seen, way), moved(actual, got.position()), bytes(got.flip()));
  }

  private void consume(PipeOperation op) {
    int max = Math.max(1, op.size());
    boolean fail = op.act() == Act.CONSUME_AND_THROW;
    int[] lent = {-1};
    int[] used = {0};
    byte[][] got = {null};
    Outcome actual =
        outcome(
            () -> {
              int n =
                  source.consume(
                      max,
                      run -> {
                        assertTrue(run.isReadOnly(), "a lent run is read-only");
                        assertTrue(run.hasRemaining(), "a lent run is not empty");
                        lent[0] = run.remaining();
                        used[0] = op.choice() % (run.remaining() + 1);
                        got[0] = new byte[used[0]];
                        run.get(got[0]);
                        if (fail) {
                          throw new Planned();
                        }
                      },
                      wait(op.way()));
              return number(n, lent[0] >= 0);
            });
    if (lent[0] >= 0) {
      assertTrue(lent[0] <= max, "lent more than was asked for");
      if (fail) {
        assertEquals("thrown", actual.kind());
        latch = Boolean.TRUE.equals(latch) ? latch : null;
      } else {
        compare(seen -> seen == 0 ? Outcome.of("?", 0) : Outcome.ok(used[0]), actual, got[0]);
      }
    } else {
      compare(
          seen -> seen > 0 ? Outcome.of("lent", 0) : model.read(1, seen, op.way()), actual, null);
    }
    model.mayHaveGathered(Math.max(0, Math.max(lent[0] - used[0], 8192 - used[0])));
  }

  private void take(PipeOperation op) throws IOException {
    int max = Math.max(1, op.size());
    PipeModel.Run first = model.runs.peek();
    boolean moves = first != null && model.copied == 0 && givenHeap.containsKey(first.id);
    ByteBuffer[] run = new ByteBuffer[1];
    Outcome actual =
        outcome(
            () -> {
              run[0] = source.take(max, wait(op.way()));
              return run[0] == null ? Outcome.of("end", -1) : number(run[0].remaining(), false);
            });
    byte[] got = run[0] == null ? null : bytes(run[0]);
    if (got != null && got.length > 0) {
      assertTrue(got.length <= max, "took more than was asked for");
      if (moves && !run[0].isReadOnly()) {
        assertSame(givenHeap.get(first.id).array(), run[0].array(), "the object itself moves");
      }
      keep(run[0], got);
    }
    compare(
        seen ->
            seen == 0 || model.sourceClosed
                ? model.read(1, seen, op.way())
                : Outcome.ok(Math.min(seen, got == null ? 0 : Math.max(1, got.length))),
        actual,
        got);
  }

  private void drain() throws IOException {
    ByteBuffer[] all = new ByteBuffer[1];
    Outcome actual =
        outcome(
            () -> {
              all[0] = source.drain();
              return Outcome.ok(all[0].remaining());
            });
    byte[] got = all[0] == null ? null : bytes(all[0]);
    keep(all[0], got);
    compare(seen -> model.sourceClosed ? Outcome.of("closed", -1) : Outcome.ok(seen), actual, got);
  }

  private int match(ByteSequence delimiter, int limit, int seen) {
    int size = Math.min(seen, model.size());
    byte[] whole = new byte[seen];
    System.arraycopy(model.bytes.peek(size), 0, whole, 0, size);
    int at = size;
    for (PipeModel.Later one : model.later) {
      int n = Math.min(seen - at, one.bytes.length - one.at);
      System.arraycopy(one.bytes, one.at, whole, at, n);
      at += n;
    }
    for (int end = delimiter.length(); end <= Math.min(limit, seen); end++) {
      int i = 0;
      while (i < delimiter.length() && whole[end - delimiter.length() + i] == delimiter.byteAt(i)) {
        i++;
      }
      if (i == delimiter.length()) {
        return end;
      }
    }
    return -1;
  }

  private void readUntil(PipeOperation op) throws IOException {
    ByteSequence delimiter = DELIMITERS[op.choice() % DELIMITERS.length];
    int limit = Math.max(delimiter.length(), op.size());
    gathering(
        seen -> model.readUntil(match(delimiter, limit, seen), limit, seen, false, op.way()),
        () -> source.readUntil(delimiter, limit, wait(op.way())),
        limit);
  }

  private void readLine(PipeOperation op) throws IOException {
    int limit = Math.max(1, op.size());
    boolean strip = op.choice() % 2 == 0;
    int most = model.size() + model.queued();
    gathering(
        seen -> model.readUntil(match(ByteSequence.LF, limit, seen), limit, seen, true, op.way()),
        () -> {
          String line =
              source.readLine(
                  StandardCharsets.ISO_8859_1,
                  limit,
                  strip ? Terminator.STRIP : Terminator.KEEP,
                  wait(op.way()));
          if (line == null) {
            return null;
          }
          boolean stripped = strip && match(ByteSequence.LF, limit, most) == line.length() + 1;
          String whole = stripped ? line + "\n" : line;
          return ByteBuffer.wrap(whole.getBytes(StandardCharsets.ISO_8859_1));
        },
        limit);
  }

  private void readAll(PipeOperation op) throws IOException {
    int limit = op.size();
    gathering(
        seen -> model.readAll(limit, seen, op.way()),
        () -> source.readAll(limit, wait(op.way())),
        limit + 1);
  }

  private interface Gathering {
    ByteBuffer make() throws IOException;
  }

  private void gathering(IntFunction<Outcome> expected, Gathering call, int most)
      throws IOException {
    ByteBuffer[] all = new ByteBuffer[1];
    Outcome actual =
        outcome(
            () -> {
              all[0] = call.make();
              return all[0] == null ? Outcome.of("end", -1) : Outcome.ok(all[0].remaining());
            });
    byte[] got = all[0] == null ? null : bytes(all[0]);
    keep(all[0], got);
    long gathered = Math.min(most, (long) model.size() + model.queued());
    compare(expected, actual, got);
    settle(Act.READ_ALL);
    model.mayHaveGathered(Math.max(0, gathered - actual.moved()));
  }

  private void readFully(PipeOperation op) {
    ByteBuffer dst = buffer(new byte[op.size()], op.choice());
    int start = dst.position();
    Outcome actual =
        outcome(
            () -> {
              source.readFully(dst, wait(op.way()));
              return Outcome.ok(op.size());
            });
    if (!actual.kind().equals("ok")) {
      assertEquals(start, dst.position(), "the position after a failure");
    }
    byte[] got = bytes(dst.duplicate().position(start).limit(dst.position()));
    long gathered = Math.min(op.size(), (long) model.size() + model.queued());
    compare(seen -> model.readFully(op.size(), seen, op.way()), moved(actual, got.length), got);
    settle(Act.READ_FULLY);
    model.mayHaveGathered(Math.max(0, gathered - actual.moved()));
  }

  private void transfer(PipeOperation op) throws IOException {
    long room = other.sink().room();
    long before = other.source().available();
    Outcome actual =
        outcome(
            () ->
                number(source.transferTo(other.sink(), op.size(), wait(op.way())), op.size() == 0));
    long n = other.source().available() - before;
    byte[] got = model.bytes.peek((int) Math.min(n, model.size()));
    if (n > got.length) {
      got = null;
    }
    int size = model.size();
    for (int i = 0; i < Math.min(n, size); i++) {
      there.add(model.bytes.get(i));
    }
    List<Byte> rest = new ArrayList<>();
    int more = (int) (n - size);
    for (PipeModel.Later one : model.later) {
      for (int i = one.at; i < one.bytes.length && rest.size() < more; i++) {
        rest.add(one.bytes[i]);
      }
    }
    there.addAll(rest);
    compare(
        seen -> model.transfer(op.size(), seen, room, otherBroken, op.way()),
        moved(actual, n),
        got);
    settle(Act.TRANSFER);
    model.mayHaveGathered(model.size());
  }

  private void emptyTheDestination() throws IOException {
    if (otherBroken) {
      return;
    }
    byte[] got = bytes(other.source().drain());
    assertEquals(there.size(), got.length, "transferred");
    for (byte b : got) {
      assertEquals(there.remove(), b, "transferred");
    }
  }

  // ---- ends

  private void abort() {
    pipe.abort(cause);
    if (!model.sourceClosed && !(model.ended() && model.size() == 0)) {
      model.failed = true;
    }
  }

  private void closeSink() throws IOException {
    sink.close();
    if (!model.sinkClosed) {
      model.sinkClosed = true;
      PipeModel.Later first = model.later.peek();
      boolean begun = first != null && first.at > 0;
      if (begun) {
        model.later.remove();
      }
      if (begun) {
        // It goes on, and those that were cancelled are told of after it.
        model.lost += model.queued();
        model.later.clear();
        model.later.add(first);
      } else {
        dropLater("cancelled");
      }
    }
  }

  private void dropLater(String why) {
    for (PipeModel.Later one : model.later) {
      model.lost += one.bytes.length - one.at;
      assertEquals(why, completions.get(one.id), "a queued write");
    }
    model.later.clear();
  }

  private interface Close {
    void make() throws IOException;
  }

  private void closeSource(Close close) throws IOException {
    int size = model.size();
    warnings.clear();
    close.make();
    if (model.sourceClosed) {
      assertEquals(List.of(), warnings, "warnings of closing twice");
      return;
    }
    model.sourceClosed = true;
    model.dropped = size;
    model.remove(size);
    latch = true;
    if (size == 0) {
      assertEquals(List.of(), warnings, "warnings without dropped bytes");
    } else {
      assertEquals(1, warnings.size(), "warnings about dropped bytes: " + warnings);
      String warning = warnings.get(0);
      assertTrue(warning.contains(pipe.name()), warning);
      assertTrue(warning.replaceAll("[^0-9a-z ]", "").contains(size + " bytes"), warning);
    }
  }

  /** Follows what has happened to queued writes. */
  private void settle(Act act) {
    if (model.broken() && !model.later.isEmpty()) {
      for (PipeModel.Later one : model.later) {
        model.lost += one.bytes.length - one.at;
        String how = completions.get(one.id);
        assertTrue(
            List.of("broken", "cause").contains(String.valueOf(how))
                || (one.bytes.length == 0 && "ok".equals(how))
                || (act == Act.CLOSE && "cancelled".equals(how)),
            () -> "a queued write to a broken pipe: " + how);
      }
      model.later.clear();
    }
    assertTrue(
        model.sawQueued(sink.queued()),
        () -> "queued is " + sink.queued() + ", was " + model.queued());
  }

  // ---- looking

  private void look() throws IOException {
    if (latch != null && !model.failed && !model.ended()) {
      assertEquals(latch, sink.reader().isSet(), "reader latch");
    }
    long room = sink.room();
    assertEquals(model.room(), room, "room");
    assertEquals(model.sourceClosed ? 0 : model.size(), pipe.stats().buffered(), "stats.buffered");
    if (!model.sourceClosed) {
      assertEquals(model.failed || delivered(), pipe.isSpent(), "isSpent");
    }
    if (room == 0 && !model.sourceClosed) {
      latch = model.sinkClosed || model.endAsked || !model.later.isEmpty() ? null : (Boolean) false;
    }
    assertEquals(model.sourceClosed ? 0 : model.size(), source.available(), "available");
    assertEquals(
        delivered() && !model.failed && !model.sourceClosed, source.ended(), "source.ended");
    assertEquals(model.endAsked || model.sinkClosed, sink.ended(), "sink.ended");
    assertEquals(
        model.sourceClosed || model.failed || model.size() > 0 || model.ended(),
        source.readable().isSet(),
        "readable");
    assertEquals(
        model.sinkClosed
            || model.endAsked
            || (model.later.isEmpty() && (model.broken() || room > 0)),
        sink.writable().isSet(),
        "writable");
    assertEquals(model.sourceClosed, source.closing().isSet(), "source.closing");
    assertEquals(model.sinkClosed, sink.closing().isSet(), "sink.closing");
    assertEquals(!model.sourceClosed, source.isOpen(), "source.isOpen");
    assertEquals(!model.sinkClosed, sink.isOpen(), "sink.isOpen");
    lookAtCallbacks();
  }

  private boolean delivered() {
    return model.ended() && model.size() == 0;
  }

  private void lookAtCallbacks() {
    long at = 0;
    Map<Integer, Boolean> inside = new HashMap<>();
    for (PipeModel.Run run : model.runs) {
      at += run.left;
      // In front there may be a copy; behind that the buffer is still needed.
      inside.put(run.id, at > model.copied);
    }
    for (Map.Entry<Integer, byte[]> told : toldBytes.entrySet()) {
      int times = released.getOrDefault(told.getKey(), 0);
      Boolean needed = inside.get(told.getKey());
      if (needed == null) {
        assertEquals(1, times, "released after the last byte");
      } else if (needed) {
        assertEquals(0, times, "released too early");
      } else {
        assertTrue(times <= 1, "released twice");
      }
    }
    // The first so many of those that were queued, in their order.
    PipeModel.Later next = model.later.peek();
    int done = next == null ? queuedIds.size() : queuedIds.indexOf(next.id);
    assertEquals(queuedIds.subList(0, done), completed, "completions, in order");
  }

  // ---- buffers that were handed over

  private void keep(ByteBuffer buffer, byte[] bytes) {
    if (buffer != null && kept.size() < 40) {
      kept.add(new Kept(buffer.duplicate(), bytes));
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
