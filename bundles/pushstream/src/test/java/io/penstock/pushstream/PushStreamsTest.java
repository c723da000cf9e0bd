// SPDX-License-Identifier: Apache-2.0
package io.penstock.pushstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.util.promise.Promise;
import org.osgi.util.pushstream.PushEvent;
import org.osgi.util.pushstream.PushEvent.EventType;
import org.osgi.util.pushstream.PushEventConsumer;
import org.osgi.util.pushstream.PushStream;
import org.osgi.util.pushstream.PushStreamProvider;
import org.osgi.util.pushstream.SimplePushEventSource;

/** Both sides of a PushStream, with the provider that comes with it and without. */
class PushStreamsTest {
  private static final Penstock PENSTOCK = Penstock.open();
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private final PushStreamProvider provider = new PushStreamProvider();
  private Pipe pipe;

  @BeforeEach
  void open() {
    pipe = PENSTOCK.pipes().create(PipeOptions.defaults().withCapacity(64));
  }

  @AfterEach
  void close() throws IOException {
    pipe.close();
  }

  @AfterAll
  static void stop() {
    PENSTOCK.close();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
  }

  private String receive(int count) throws IOException {
    ByteBuffer dst = ByteBuffer.allocate(count);
    pipe.source().readFully(dst, SOON);
    return text(dst.flip());
  }

  private static void assertCarries(Throwable cause, Throwable thrown) {
    Throwable last = thrown;
    while (last.getCause() != null) {
      last = last.getCause();
    }
    assertSame(cause, last);
  }

  /** Keeps each event, and answers what a test says. */
  private static final class Recorder implements PushEventConsumer<ByteBuffer> {
    private final BlockingQueue<PushEvent<? extends ByteBuffer>> events =
        new LinkedBlockingQueue<>();
    private volatile long answer;

    Recorder(long answer) {
      this.answer = answer;
    }

    @Override
    public long accept(PushEvent<? extends ByteBuffer> event) {
      // Before the test sees the event, and changes the answer for the next.
      long mine = answer;
      events.add(event);
      return mine;
    }

    PushEvent<? extends ByteBuffer> next(EventType type) throws InterruptedException {
      PushEvent<? extends ByteBuffer> event = events.poll(20, TimeUnit.SECONDS);
      assertNotNull(event, "no event came");
      assertEquals(type, event.getType());
      return event;
    }

    String data() throws InterruptedException {
      return text(next(EventType.DATA).getData());
    }
  }

  @Test
  void streamOfASourceDeliversEverythingAndCloses() throws Exception {
    PushStream<ByteBuffer> stream = provider.createStream(PushStreams.source(pipe.source()));
    Promise<String> all = stream.map(PushStreamsTest::text).collect(Collectors.joining());
    String much = "0123456789".repeat(1000);
    pipe.sink().writeFully(much, SOON);
    pipe.sink().end();
    assertEquals(much, all.getValue());
  }

  @Test
  void failureOfTheSourceIsAnErrorEvent() throws Exception {
    Promise<Long> count = provider.createStream(PushStreams.source(pipe.source())).count();
    IOException cause = new IOException("cut on purpose");
    pipe.abort(cause);
    Throwable failure = count.getFailure();
    assertCarries(cause, failure);
  }

  @Test
  void bytesStayInTheSourceWhileTheConsumerWantsADelay() throws Exception {
    Recorder recorder = new Recorder(TimeUnit.DAYS.toMillis(1));
    AutoCloseable opened = PushStreams.source(pipe.source()).open(recorder);
    pipe.sink().writeFully("a", SOON);
    assertEquals("a", recorder.data());
    pipe.sink().writeFully("bc", SOON);
    assertEquals(2, pipe.source().available());
    opened.close();
    recorder.next(EventType.CLOSE);
    assertEquals("bc", receive(2));
  }

  @Test
  void delayOfTheConsumerIsWaitedFor() throws Exception {
    Recorder recorder = new Recorder(200);
    AutoCloseable opened = PushStreams.source(pipe.source()).open(recorder);
    long before = System.nanoTime();
    pipe.sink().writeFully("a", SOON);
    assertEquals("a", recorder.data());
    recorder.answer = 0;
    pipe.sink().writeFully("b", SOON);
    assertEquals("b", recorder.data());
    assertTrue(System.nanoTime() - before >= TimeUnit.MILLISECONDS.toNanos(200));
    pipe.sink().writeFully("c", SOON);
    assertEquals("c", recorder.data());
    opened.close();
  }

  @Test
  void consumerThatAbortsGetsACloseEventAndNoMoreData() throws Exception {
    Recorder recorder = new Recorder(-5);
    AutoCloseable opened = PushStreams.source(pipe.source()).open(recorder);
    pipe.sink().writeFully("a", SOON);
    assertEquals("a", recorder.data());
    recorder.next(EventType.CLOSE);
    pipe.sink().writeFully("rest", SOON);
    assertEquals("rest", receive(4));
    opened.close();
    assertNull(recorder.events.poll());
  }

  @Test
  void consumerThatThrowsGetsNoMoreData() throws Exception {
    CountDownLatch thrown = new CountDownLatch(2);
    AutoCloseable opened =
        PushStreams.source(pipe.source())
            .open(
                event -> {
                  thrown.countDown();
                  throw new IllegalStateException("thrown on purpose");
                });
    pipe.sink().writeFully("a", SOON);
    assertTrue(thrown.await(20, TimeUnit.SECONDS), "data, then the close event");
    pipe.sink().writeFully("rest", SOON);
    assertEquals("rest", receive(4));
    opened.close();
  }

  @Test
  void consumerThatThrowsAnErrorGetsNoMoreData() throws Exception {
    CountDownLatch thrown = new CountDownLatch(2);
    AutoCloseable opened =
        PushStreams.source(pipe.source())
            .open(
                event -> {
                  thrown.countDown();
                  throw new AssertionError("thrown on purpose");
                });
    pipe.sink().writeFully("a", SOON);
    assertTrue(thrown.await(20, TimeUnit.SECONDS), "data, then the close event");
    pipe.sink().writeFully("rest", SOON);
    assertEquals("rest", receive(4));
    opened.close();
  }

  @Test
  void closingSendsOneCloseEventAndLeavesTheRest() throws Exception {
    Recorder recorder = new Recorder(0);
    AutoCloseable opened = PushStreams.source(pipe.source()).open(recorder);
    pipe.sink().writeFully("a", SOON);
    assertEquals("a", recorder.data());
    opened.close();
    opened.close();
    recorder.next(EventType.CLOSE);
    assertTrue(pipe.source().isOpen());
    pipe.sink().writeFully("rest", SOON);
    assertEquals("rest", receive(4));
    pipe.sink().end();
    assertNull(recorder.events.poll());
  }

  @Test
  void closingWithinAnEventSendsTheCloseEventAfterIt() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    BlockingQueue<String> log = new LinkedBlockingQueue<>();
    AutoCloseable[] opened = new AutoCloseable[1];
    opened[0] =
        PushStreams.source(pipe.source())
            .open(
                event -> {
                  if (event.getType() == EventType.DATA) {
                    assertTrue(go.await(20, TimeUnit.SECONDS));
                    opened[0].close();
                    log.add("data is over");
                  } else {
                    log.add("closed");
                    closed.countDown();
                  }
                  return 0;
                });
    pipe.sink().writeFully("a", SOON);
    go.countDown();
    assertTrue(closed.await(20, TimeUnit.SECONDS));
    assertEquals("[data is over, closed]", log.toString());
  }

  @Test
  void sourceThatIsOpenAlreadyIsAnErrorEvent() throws Exception {
    AutoCloseable first = PushStreams.source(pipe.source()).open(new Recorder(0));
    Recorder second = new Recorder(0);
    AutoCloseable refused = PushStreams.source(pipe.source()).open(second);
    assertInstanceOf(IllegalStateException.class, second.next(EventType.ERROR).getFailure());
    refused.close();
    first.close();
    Recorder third = new Recorder(0);
    AutoCloseable again = PushStreams.source(pipe.source()).open(third);
    pipe.sink().writeFully("a", SOON);
    assertEquals("a", third.data());
    again.close();
  }

  @Test
  void consumerWritesASimpleSourceToASink() throws Exception {
    try (SimplePushEventSource<ByteBuffer> events =
        provider.createSimpleEventSource(ByteBuffer.class)) {
      Promise<Long> done =
          provider.createStream(events).forEachEvent(PushStreams.consumer(pipe.sink()));
      events.publish(bytes("abc"));
      events.publish(bytes("def"));
      assertEquals("abcdef", receive(6));
      events.endOfStream();
      assertEquals(-1, pipe.source().read(ByteBuffer.allocate(1), SOON));
      assertNull(done.getFailure());
    }
  }

  @Test
  void consumerReturnsGrowingDelaysWhileThereIsNoRoom() throws Exception {
    PushEventConsumer<ByteBuffer> consumer = PushStreams.consumer(pipe.sink());
    pipe.sink().write(ByteBuffer.allocate(64), Wait.none());
    long delay = 0;
    int events = 0;
    while (delay == 0) {
      delay = consumer.accept(PushEvent.data(bytes("x")));
      events++;
      assertTrue(events < 100, "there is no room");
    }
    assertEquals(1, delay);
    assertEquals(2, consumer.accept(PushEvent.data(bytes("x"))));
    for (int i = 0; i < 20; i++) {
      delay = consumer.accept(PushEvent.data(bytes("x")));
    }
    assertEquals(128, delay);
    events += 21;
    receive(64);
    assertEquals("x".repeat(events), receive(events));
    // Once everything was taken, and that was told, it goes at full speed again.
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    do {
      delay = consumer.accept(PushEvent.data(bytes("y")));
      assertEquals("y", receive(1));
      assertTrue(System.nanoTime() - deadline < 0);
    } while (delay != 0);
  }

  @Test
  void errorEventIsAFailureAndNeverAnEnd() throws Exception {
    PushEventConsumer<ByteBuffer> consumer = PushStreams.consumer(pipe.sink());
    IOException cause = new IOException("failed on purpose");
    assertTrue(consumer.accept(PushEvent.error(cause)) < 0);
    assertCarries(
        cause,
        assertThrows(IOException.class, () -> pipe.source().read(ByteBuffer.allocate(1), SOON)));
    assertTrue(consumer.accept(PushEvent.data(bytes("x"))) < 0);
  }

  @Test
  void consumerAbortsOnceNobodyReads() throws Exception {
    PushEventConsumer<ByteBuffer> consumer = PushStreams.consumer(pipe.sink());
    pipe.source().close();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (consumer.accept(PushEvent.data(bytes("x"))) >= 0) {
      assertFalse(System.nanoTime() - deadline > 0, "it never aborts");
    }
  }
}
