// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.penstock.error.EndOfStreamException;
import io.penstock.error.FrameTooLongException;
import io.penstock.pipe.Pipe;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Framer;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PollerFramingTest {
  private final Bench bench = new Bench();
  private final SelectorPoller poller = bench.poller();
  private final Recorder recorder = new Recorder();
  private final Pipe pipe = bench.pipe("a", 1 << 21);

  @AfterEach
  void close() {
    poller.close();
    bench.close();
  }

  /** Writes in pieces, each of which is polled by itself. */
  private List<String> feed(Framing framing, String... pieces) throws IOException {
    poller.register(pipe.source(), framing);
    for (String piece : pieces) {
      Bench.write(pipe.sink(), piece);
      poller.poll(Wait.none(), recorder);
    }
    return recorder.drain();
  }

  private List<String> end() throws IOException {
    pipe.sink().end();
    poller.poll(Bench.SOON, recorder);
    assertEquals(0, poller.size());
    assertEquals(0, poller.poll(Wait.none(), recorder));
    return recorder.drain();
  }

  private String back() throws IOException {
    return Recorder.text(pipe.source().drain());
  }

  @Test
  void linesKeepTheirTerminatorAndTheLastNeedsNone() throws IOException {
    assertEquals(
        List.of("a=one\n", "a=\n", "a=two\r\n"),
        feed(Framing.lines(80), "one\n\ntw", "o\r\n", "th"));
    assertEquals(List.of("a=th", "a ended"), end());
  }

  @Test
  void aDelimiterMayBeTornByReads() throws IOException {
    Framing framing = Framing.delimited(ByteSequence.utf8("--X--"), 100);
    assertEquals(
        List.of("a=ab--X--", "a=--X--", "a=--X--"),
        feed(framing, "ab-", "-", "X", "--", "--X--", "--X", "--X--"));
    assertEquals(List.of("a=X--", "a ended"), end());
  }

  @Test
  void aLineBeyondTheMaximumFailsAndStaysReadable() throws IOException {
    assertEquals(
        List.of("a=12345678\n", "a failed FrameTooLongException"),
        feed(Framing.lines(9), "12345678\n1234", "567890"));
    assertInstanceOf(FrameTooLongException.class, recorder.failures.get(0));
    assertEquals(0, poller.size());
    Bench.write(pipe.sink(), "!");
    assertEquals("1234567890!", back());
  }

  @Test
  void aLineOfExactlyTheMaximumIsFine() throws IOException {
    assertEquals(List.of("a=12345678\n"), feed(Framing.lines(9), "12345678", "\n"));
  }

  @Test
  void lengthsAreStripped() throws IOException {
    assertEquals(
        List.of("a=hello", "a=", "a=x"),
        feed(Framing.lengthPrefixed(2, 100), "\0", "\5hel", "lo\0\0\0\1x", "\0"));
    assertEquals(List.of("a failed EndOfStreamException"), end());
    EndOfStreamException cut =
        assertInstanceOf(EndOfStreamException.class, recorder.failures.get(0));
    assertEquals(1, cut.count());
    assertEquals("\0", back());
    assertEquals(-1, pipe.source().read(ByteBuffer.allocate(1), Wait.none()));
  }

  @Test
  void aLengthBeyondTheMaximumFailsAtOnce() throws IOException {
    assertEquals(
        List.of("a failed FrameTooLongException"), feed(Framing.lengthPrefixed(1, 10), "\13"));
    assertEquals("\13", back());
  }

  @Test
  void fixedFramesComeWhole() throws IOException {
    assertEquals(List.of("a=abc", "a=def"), feed(Framing.fixed(3), "a", "bcd", "efg"));
    assertEquals(List.of("a failed EndOfStreamException"), end());
    assertEquals("g", back());
  }

  @Test
  void withoutFramesWhateverWasReadComes() throws IOException {
    assertEquals(List.of("a=ab", "a=c"), feed(Framing.bytes(), "ab", "c"));
    assertEquals(List.of("a ended"), end());
  }

  /** Frames that begin and end with the same byte, which is stripped. */
  private static final class Quoted implements Framer {
    private final List<Integer> sizes = new ArrayList<>();

    @Override
    public int frame(ByteBuffer bytes) throws IOException {
      sizes.add(bytes.remaining());
      byte quote = bytes.get();
      if (quote == '!') {
        throw new IOException("not this");
      }
      if (quote == '?') {
        throw new IllegalStateException("nor that");
      }
      int size = 1;
      while (bytes.hasRemaining()) {
        size++;
        if (bytes.get() == quote) {
          return size;
        }
      }
      return 0;
    }

    @Override
    public void strip(ByteBuffer frame) {
      frame.position(frame.position() + 1).limit(frame.limit() - 1);
    }
  }

  @Test
  void aFramerOfOnesOwnFindsAndStrips() throws IOException {
    assertEquals(
        List.of("a=one", "a=", "a=two", "a failed IOException"),
        feed(Framing.custom(100, Quoted::new), "'on", "e'##\"tw", "o\"!x"));
    assertEquals("!x", back());
  }

  @Test
  void anyExceptionOfAFramerIsAFailureOfItsSourceAlone() throws IOException {
    Pipe other = bench.pipe("b");
    poller.register(other.source(), Framing.bytes());
    Bench.write(other.sink(), "fine");
    assertEquals(
        List.of("b=fine", "a=x", "a failed IllegalStateException"),
        feed(Framing.custom(100, Quoted::new), "'x'?"));
    assertEquals("?", back());
    assertEquals(1, poller.size());
  }

  @Test
  void aFramerThatFindsMoreThanThereIsFails() throws IOException {
    assertEquals(
        List.of("a failed IllegalStateException"),
        feed(Framing.custom(100, () -> bytes -> bytes.remaining() + 1), "x"));
    assertEquals("x", back());
  }

  @Test
  void aCustomMaximumHoldsForFramesFoundAndNotFound() throws IOException {
    assertEquals(
        List.of("a failed FrameTooLongException"),
        feed(Framing.custom(4, () -> bytes -> bytes.remaining()), "12345"));
    assertEquals("12345", back());
    assertEquals(
        List.of("a failed FrameTooLongException"),
        feed(Framing.custom(4, () -> bytes -> 0), "123", "4"));
    assertEquals("1234", back());
  }

  @Test
  void aFrameLargerThanTheSharedBufferIsGathered() throws IOException {
    String large = "x".repeat(1_000_000) + "\n";
    poller.register(pipe.source(), Framing.lines(1 << 20));
    Bench.write(pipe.sink(), large + large.substring(0, 500_000));
    while (recorder.seen.isEmpty()) {
      poller.poll(Bench.SOON, recorder);
    }
    poller.poll(Wait.none(), recorder);
    assertEquals(List.of("a=" + large), recorder.drain());
    poller.poll(Wait.none(), recorder);
    poller.poll(Wait.none(), recorder);
    poller.closeAll();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void noByteIsLostOrMovedHoweverItIsCut(long seed) throws IOException {
    Random random = new Random(seed);
    StringBuilder all = new StringBuilder();
    List<String> lines = new ArrayList<>();
    while (all.length() < 600_000) {
      int length = random.nextInt(10) == 0 ? random.nextInt(90_000) : random.nextInt(200);
      String line = Character.toString('a' + lines.size() % 26).repeat(length) + "\n";
      lines.add("a=" + line);
      all.append(line);
    }
    SelectorPoller small = new SelectorPoller(bench.engine, 1 + random.nextInt(40));
    io.penstock.poller.Registration registration =
        small.register(pipe.source(), Framing.lines(100_000));
    int at = 0;
    while (at < all.length() || recorder.seen.size() < lines.size()) {
      int n = Math.min(all.length() - at, random.nextInt(random.nextBoolean() ? 10 : 70_000));
      Bench.write(pipe.sink(), all.substring(at, at + n));
      at += n;
      for (int i = random.nextInt(4); i > 0; i--) {
        small.poll(Wait.none(), recorder);
      }
      if (random.nextInt(5) == 0) {
        registration.close();
        registration = small.register(pipe.source(), Framing.lines(100_000));
      }
    }
    assertEquals(lines, recorder.drain(), "seed " + seed);
    small.close();
  }
}
