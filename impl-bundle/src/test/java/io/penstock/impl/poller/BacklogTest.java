// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.core.Peeking;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.PipeInput;
import io.penstock.pipe.Pipe;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was not delivered is either the poller's or the source's. */
class BacklogTest {
  /** How long a part of a line is; three are more than what is copied within the shared buffer. */
  private static final int PART = 2000;

  private final Bench bench = new Bench();
  private final SelectorPoller poller = bench.poller();
  private final Recorder recorder = new Recorder();

  @AfterEach
  void close() {
    poller.close();
    bench.close();
  }

  /** A part of a line, then nothing, then the end, during whose read somebody unregisters. */
  private static final class Script implements SourceDriver {
    private @Nullable Registration registration;
    private @Nullable Thread closer;
    private Runnable ready = () -> {};
    private int reads;

    @Override
    public int read(ByteBuffer dst) throws IOException {
      Registration mine = registration;
      if (mine == null) {
        return -1;
      }
      return switch (reads++) {
        case 0 -> {
          dst.put("abc".getBytes(StandardCharsets.UTF_8));
          yield 3;
        }
        case 1 -> 0;
        default -> {
          closeWhileReading(mine);
          yield -1;
        }
      };
    }

    private void closeWhileReading(Registration mine) {
      Thread thread = new Thread(mine::close, "closer");
      closer = thread;
      thread.start();
      // It has said so, and waits for this read, once it waits.
      while (thread.getState() != Thread.State.WAITING) {
        LockSupport.parkNanos(200_000);
      }
    }

    @Override
    public boolean ready() {
      return reads == 2;
    }

    @Override
    public void onReady(Runnable callback) {
      ready = callback;
    }

    @Override
    public void close() {}
  }

  @Test
  void bytesThatWereGivenBackAreNotDelivered() throws Exception {
    Script script = new Script();
    SourceEnd source = new SourceEnd("a", bench.engine, Wait.forever(), script);
    script.registration = poller.register(source, Framing.lines(100));
    assertEquals(0, poller.poll(Wait.none(), recorder));
    script.ready.run();
    assertEquals(0, poller.poll(Wait.none(), recorder));
    Thread closer = script.closer;
    if (closer == null) {
      throw new AssertionError("nobody has unregistered");
    }
    closer.join();
    assertEquals(List.of(), recorder.drain());
    script.registration = null;
    assertEquals("abc", Recorder.text(source.drain()));
  }

  /** As many lines as are read, without an end. */
  private static final class Flood implements SourceDriver {
    private static final int LINE = 100;
    private int at;

    @Override
    public int read(ByteBuffer dst) {
      int n = dst.remaining();
      for (int i = 0; i < n; i++) {
        dst.put((byte) (at == LINE - 1 ? '\n' : 'x'));
        at = (at + 1) % LINE;
      }
      return n;
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void onReady(Runnable callback) {}

    @Override
    public void close() {}
  }

  /** Polls until so many frames have come, and tells the bytes that this has allocated for each. */
  private long garbage(long frames) throws IOException {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    Counter counter = new Counter();
    long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    while (counter.frames < frames) {
      poller.poll(Wait.none(), counter);
    }
    return (threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before) / frames;
  }

  private static final class Counter implements ChannelHandler {
    private long frames;

    @Override
    public void data(Registration registration, ByteBuffer frame) {
      assertEquals(Flood.LINE, frame.remaining());
      frames++;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void floodsOfLinesLeaveNoGarbage(int sources) throws IOException {
    for (int i = 0; i < sources; i++) {
      SourceEnd source = new SourceEnd("flood" + i, bench.engine, Wait.forever(), new Flood());
      poller.register(source, Framing.lines(1000));
    }
    assertTrue(garbage(10_000) < 100, "buffers are made once");
    assertEquals(0, garbage(100_000));
  }

  private Backlog flooded(String name) {
    SourceEnd source = new SourceEnd(name, bench.engine, Wait.forever(), new Flood());
    return poller.scratch().backlog(poller.add(source, Framing.lines(1000)));
  }

  /** A read of a few bytes, as while memory is scarce, leaves a limit in the buffer. */
  @Test
  void whatGrowsInTheSharedBufferFitsInItsOwnAgain() throws IOException {
    Backlog growing = flooded("a");
    Backlog other = flooded("b");
    assertEquals(9000, growing.fill(9000));
    assertEquals(100, other.fill(100));
    assertEquals(4096, growing.fill(4096));
    assertTrue(growing.take(growing.start(), 12_550));
    assertEquals(546, growing.size());
    assertEquals(13_500, growing.fill(13_500));
    assertEquals(1, other.fill(1));
    assertEquals(101, other.size());
    ByteBuffer window = growing.window();
    assertEquals(14_046, window.remaining());
    for (int i = 0; window.hasRemaining(); i++) {
      assertEquals(i % Flood.LINE == 49 ? '\n' : 'x', window.get());
    }
  }

  @Test
  void eachFrameIsLentInTheOrderOfNewBuffers() throws IOException {
    SourceEnd source = new SourceEnd("a", bench.engine, Wait.forever(), new Flood());
    poller.register(source, Framing.lines(1000));
    Set<ByteOrder> orders = new HashSet<>();
    poller.poll(
        Wait.none(),
        new ChannelHandler() {
          @Override
          public void data(Registration registration, ByteBuffer frame) {
            orders.add(frame.order());
            frame.order(ByteOrder.LITTLE_ENDIAN);
          }
        });
    assertEquals(Set.of(ByteOrder.BIG_ENDIAN), orders);
  }

  @Test
  void longFramesThatBeginAtTheSamePlaceAreLentInTheSameView() throws IOException {
    SourceEnd source = new SourceEnd("a", bench.engine, Wait.forever(), new Flood());
    poller.register(source, Framing.bytes());
    List<ByteBuffer> frames = new ArrayList<>();
    poller.poll(
        Wait.none(),
        new ChannelHandler() {
          @Override
          public void data(Registration registration, ByteBuffer frame) {
            assertEquals(Scratch.SIZE, frame.remaining());
            frames.add(frame);
          }
        });
    assertEquals(Scratch.SHARE / Scratch.SIZE, frames.size());
    frames.forEach(frame -> assertSame(frames.get(0), frame));
  }

  private static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static ByteBuffer part(String letter) {
    return text(letter.repeat(PART));
  }

  @Test
  void sourcesThatShareABufferKeepTheirParts() throws IOException {
    List<Pipe> pipes = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    for (String name : List.of("a", "b", "c")) {
      Pipe pipe = bench.pipe(name);
      pipes.add(pipe);
      poller.register(pipe.source(), Framing.lines(10_000));
      expected.add(name + "=" + 3 * PART + name);
    }
    for (int i = 0; i < 3; i++) {
      for (Pipe pipe : pipes) {
        pipe.sink().write(part(pipe.name()));
        assertEquals(0, poller.poll(Wait.none(), recorder));
      }
    }
    for (int i = 0; i < 3; i++) {
      pipes.get(i).sink().write(text("\n"));
    }
    poller.poll(Wait.none(), recorder);
    assertEquals(
        expected,
        recorder.drain().stream()
            .map(
                text ->
                    text.replaceAll("=(a*|b*|c*)\n", "=" + (text.length() - 3) + text.charAt(2)))
            .toList());
  }

  @Test
  void aPartInTheSharedBufferIsGivenBackAndAnotherSourceFillsIt() throws IOException {
    Pipe left = bench.pipe("left");
    Pipe other = bench.pipe("other");
    Registration registration = poller.register(left.source(), Framing.lines(10_000));
    poller.register(other.source(), Framing.lines(10_000));
    left.sink().write(part("x"));
    assertEquals(0, poller.poll(Wait.none(), recorder));
    registration.close();
    other.sink().write(text("here\n"));
    poller.poll(Wait.none(), recorder);
    assertEquals(List.of("other=here\n"), recorder.drain());
    assertEquals(part("x"), left.source().drain());
  }

  /** Something happens after one of its reads, before the reader goes on. */
  private static final class Interrupted extends PipeInput {
    private Runnable then = () -> {};

    Interrupted() throws IOException {
      super(java.nio.channels.Pipe.open());
      pipe.source().configureBlocking(false);
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
      int n = super.read(dst);
      Runnable now = then;
      then = () -> {};
      now.run();
      return n;
    }

    @Override
    public void close() throws IOException {
      super.close();
      pipe.sink().close();
    }
  }

  private interface Look {
    void at(SourceEnd source) throws IOException;
  }

  private void assertOrderIsKept(Look look) throws IOException {
    Interrupted driver = new Interrupted();
    SourceEnd source = new SourceEnd("a", bench.engine, Wait.forever(), driver);
    Registration registration = poller.register(source, Framing.lines(100));
    driver.pipe.sink().write(text("par"));
    assertEquals(0, poller.poll(Wait.none(), recorder));
    driver.then = registration::close;
    driver.pipe.sink().write(text("tial\n"));
    look.at(source);
    driver.pipe.sink().close();
    assertEquals("partial\n", Recorder.text(source.readAll(100, Bench.SOON)));
    source.close();
  }

  @Test
  void whatIsGivenBackComesBeforeWhatALookHasFound() throws IOException {
    assertOrderIsKept(source -> assertTrue(source.readable().isSet()));
  }

  @Test
  void whatIsGivenBackComesBeforeWhatAPeekHasCopied() throws IOException {
    assertOrderIsKept(source -> assertEquals("tial\n", Recorder.text(Peeking.peek(source, 100))));
  }

  @Test
  void whatIsGivenBackComesBeforeWhatAConsumerIsLent() throws IOException {
    assertOrderIsKept(source -> assertEquals(0, source.consume(100, bytes -> {}, Bench.SOON)));
  }

  @Test
  void whatIsGivenBackComesBeforeWhatAConsumerLeaves() throws IOException {
    Interrupted driver = new Interrupted();
    SourceEnd source = new SourceEnd("a", bench.engine, Wait.forever(), driver);
    Registration registration = poller.register(source, Framing.lines(100));
    driver.pipe.sink().write(text("par"));
    assertEquals(0, poller.poll(Wait.none(), recorder));
    driver.pipe.sink().write(text("tial\n"));
    assertEquals(0, source.consume(100, bytes -> registration.close(), Bench.SOON));
    driver.pipe.sink().close();
    assertEquals("partial\n", Recorder.text(source.readAll(100, Bench.SOON)));
    source.close();
  }

  @Test
  void nobodyRegistersBeforeTheBytesAreGivenBack() throws Exception {
    Interrupted driver = new Interrupted();
    SourceEnd source = new SourceEnd("a", bench.engine, Wait.forever(), driver);
    Framing framing = Framing.lines(100);
    Registration registration = poller.register(source, framing);
    driver.pipe.sink().write(text("par"));
    assertEquals(0, poller.poll(Wait.none(), recorder));
    Thread closer = new Thread(registration::close, "closer");
    driver.then =
        () -> {
          closer.start();
          while (closer.getState() != Thread.State.WAITING) {
            LockSupport.parkNanos(200_000);
          }
          assertThrows(IllegalStateException.class, () -> poller.register(source, framing));
        };
    driver.pipe.sink().write(text("tial\n"));
    assertEquals(0, poller.poll(Wait.none(), recorder));
    closer.join();
    poller.register(source, framing);
    assertEquals(1, poller.poll(Wait.none(), recorder));
    assertEquals(List.of("a=partial\n"), recorder.drain());
    source.close();
  }
}
