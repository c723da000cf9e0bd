// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.core.End;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** What operators can hold, let go on, look at and close. */
class OperatorTest extends OperatedStreams {
  private static final Wait MOMENT = Wait.upTo(Duration.ofMillis(200));

  // ---- pause and resume

  @Test
  void aPausedPipeGivesNothingAndItsWriterMeetsBackPressure() throws Exception {
    Pipe pipe = pipe("held", 64);
    control.pause("held");
    control.pause("held");
    pipe.sink().writeFully(ByteBuffer.allocate(64), SOON);
    assertEquals(0, pipe.sink().write(ByteBuffer.allocate(1), Wait.none()));
    assertEquals(0, pipe.source().read(ByteBuffer.allocate(1), Wait.none()));
    assertFalse(pipe.source().readable().isSet());
    assertThrows(StreamTimeoutException.class, () -> pipe.source().awaitReadable(MOMENT));
    assertTrue(control.why("held").contains("paused by an operator: 64 of 64 bytes"));
    control.resume("held");
    control.resume("held");
    assertTrue(pipe.source().readable().isSet());
    pipe.source().readFully(ByteBuffer.allocate(64), SOON);
  }

  @Test
  void theEndOfAPausedEmptyPipeReachesItsReader() throws Exception {
    Pipe pipe = pipe("ending", 64);
    control.pause("ending");
    CompletableFuture<Integer> reading =
        started("reader", () -> pipe.source().read(ByteBuffer.allocate(1), SOON));
    while (penstock.runtime().runtime().pipes().get(0).source().waiting().isEmpty()) {
      LockSupport.parkNanos(200_000);
    }
    pipe.sink().end();
    assertEquals(-1, reading.get(20, TimeUnit.SECONDS));
  }

  @Test
  void aCallThatWaitsHasItsNextBytesAndTheOneAfterItWaits() throws Exception {
    Pipe pipe = pipe("held", 64);
    CompletableFuture<String> first = started("reader", () -> read(pipe.source(), 1));
    while (penstock.runtime().runtime().pipes().get(0).source().waiting().isEmpty()) {
      LockSupport.parkNanos(200_000);
    }
    control.pause("held");
    pipe.sink().writeFully("ab", SOON);
    assertEquals("a", first.get(20, TimeUnit.SECONDS));
    assertEquals(0, pipe.source().read(ByteBuffer.allocate(1), Wait.none()));
    control.resume("held");
    assertEquals("b", read(pipe.source(), 1));
  }

  @Test
  void aLongReadStopsBetweenItsPieces() throws Exception {
    Pipe pipe = pipe("long", 64);
    CompletableFuture<String> all = started("gatherer", () -> pipe.source().readString(99));
    pipe.sink().writeFully("a", SOON);
    while (penstock.runtime().runtime().pipes().get(0).source().bytes().total() < 1) {
      LockSupport.parkNanos(200_000);
    }
    control.pause("long");
    pipe.sink().writeFully("b", SOON);
    pipe.sink().writeFully("c", SOON);
    pipe.sink().end();
    assertThrows(TimeoutException.class, () -> all.get(200, TimeUnit.MILLISECONDS));
    control.resume("long");
    assertEquals("abc", all.get(20, TimeUnit.SECONDS));
  }

  @Test
  void aTransferStopsBetweenItsPieces() throws Exception {
    Pipe from = pipe("from", 64);
    Pipe to = pipe("to", 64);
    CompletableFuture<Long> moved =
        started("mover", () -> from.source().transferTo(to.sink(), Long.MAX_VALUE, SOON));
    from.sink().writeFully("a", SOON);
    assertEquals("a", read(to.source(), 1));
    control.pause("from");
    from.sink().writeFully("b", SOON);
    assertThrows(
        StreamTimeoutException.class, () -> to.source().readFully(ByteBuffer.allocate(1), MOMENT));
    control.resume("from");
    assertEquals("b", read(to.source(), 1));
    from.sink().end();
    assertEquals(2, moved.get(20, TimeUnit.SECONDS));
  }

  @Test
  void closeAndAbortReachThoseThatWaitAtAPausedSource() throws Exception {
    Pipe closed = pipe("closed", 64);
    control.pause("closed");
    CompletableFuture<String> reader = started("reader", () -> read(closed.source(), 1));
    Pipe aborted = pipe("aborted", 64);
    control.pause("aborted");
    CompletableFuture<String> other = started("other", () -> read(aborted.source(), 1));
    while (penstock.runtime().runtime().pipes().stream()
        .anyMatch(each -> each.source().waiting().isEmpty())) {
      LockSupport.parkNanos(200_000);
    }
    control.close("closed");
    ExecutionException failure =
        assertThrows(ExecutionException.class, () -> reader.get(20, TimeUnit.SECONDS));
    assertTrue(failure.getCause() instanceof ClosedChannelException, failure.toString());
    aborted.abort(new IOException("burst"));
    failure = assertThrows(ExecutionException.class, () -> other.get(20, TimeUnit.SECONDS));
    assertTrue(failure.getCause().getMessage().contains("burst"), failure.toString());

    Channel[] pair = connection();
    control.pause(number(pair[1]));
    CompletableFuture<String> third = started("third", () -> read(pair[1].source(), 1));
    pair[1].abort(new IOException("cut"));
    failure = assertThrows(ExecutionException.class, () -> third.get(20, TimeUnit.SECONDS));
    assertTrue(failure.getCause().getMessage().contains("cut"), failure.toString());
  }

  @Test
  void nothingSpinsWhileBytesWaitAtAPausedSource() throws Exception {
    Channel[] pair = connection();
    End source = (End) pair[1].source();
    AtomicInteger wakes = new AtomicInteger();
    CountDownLatch ready = new CountDownLatch(1);
    source.addWaiter(wakes::incrementAndGet);
    control.pause(number(pair[1]));
    source.whenReady(ready::countDown);
    pair[0].sink().writeFully("tea", SOON);
    assertThrows(StreamTimeoutException.class, () -> pair[1].source().awaitReadable(MOMENT));
    assertEquals(1, ready.getCount());
    assertTrue(wakes.get() < 20, wakes + " wakes");
    control.resume(number(pair[1]));
    assertTrue(ready.await(20, TimeUnit.SECONDS));
    assertEquals("tea", read(pair[1].source(), 3));
  }

  @Test
  void aPollerSleepsWhileItsSourceIsPausedAndGoesOnAfterwards() throws Exception {
    Channel[] pair = connection();
    StringBuilder got = new StringBuilder();
    ChannelHandler handler =
        new ChannelHandler() {
          @Override
          public void data(Registration registration, ByteBuffer frame) {
            got.append(text(frame));
          }
        };
    try (Poller poller = penstock.poller()) {
      poller.register(pair[1].source(), Framing.bytes());
      poller.poll(MOMENT, handler);
      control.pause(number(pair[1]));
      pair[0].sink().writeFully("tea", SOON);
      long before = ManagementFactory.getThreadMXBean().getThreadCpuTime(threadId());
      assertEquals(0, poller.poll(Wait.upTo(Duration.ofMillis(500)), handler));
      long used = ManagementFactory.getThreadMXBean().getThreadCpuTime(threadId()) - before;
      assertTrue(used < TimeUnit.MILLISECONDS.toNanos(100), used + " ns");
      assertEquals("", got.toString());
      control.resume(number(pair[1]));
      while (got.length() < 3) {
        poller.poll(SOON, handler);
      }
      assertEquals("tea", got.toString());
    }
  }

  @SuppressWarnings("deprecation")
  private static long threadId() {
    return Thread.currentThread().getId();
  }

  @Test
  void aPausedListenerAcceptsNobody() throws Exception {
    Listener listener =
        penstock
            .channels()
            .listen(
                Endpoint.parse("tcp-listen://127.0.0.1:0"),
                ChannelOptions.defaults().withName("door"));
    control.pause("door");
    Channel client =
        penstock.channels().open(listener.endpoint().toString().replace("-listen", ""));
    assertThrows(IOException.class, () -> listener.accept(MOMENT));
    assertTrue(control.why("door").startsWith("The listener 'door' is paused"));
    control.resume("door");
    listener.accept(SOON).close();
    client.close();
    control.close("door");
    assertFalse(listener.isOpen());
  }

  /** Writes what a pause holds back; a call that was under way may still have taken it once. */
  private static void staysBehind(String text, ByteSink sink, ByteSource source)
      throws IOException {
    sink.writeFully(text, SOON);
    try {
      read(source, MOMENT);
    } catch (StreamTimeoutException held) {
      return;
    }
    sink.writeFully(text, SOON);
    assertThrows(StreamTimeoutException.class, () -> read(source, MOMENT));
  }

  @Test
  void aPausedRelayHoldsItsConnectionsAndThoseThatCome() throws Exception {
    Listener target = penstock.channels().listen("tcp-listen://127.0.0.1:0");
    Relay relay =
        penstock
            .relays()
            .create(
                Endpoint.parse("tcp-listen://127.0.0.1:0"),
                Endpoint.parse(target.endpoint().toString().replace("-listen", "")),
                RelayOptions.defaults().withFork(true).withName("through"));
    relay.start();
    String there = relay.listeners().get(0).endpoint().toString().replace("-listen", "");
    Channel one = penstock.channels().open(there);
    Channel one2 = target.accept(SOON);
    one.sink().writeFully("a", SOON);
    assertEquals("a", read(one2.source(), 1));
    control.pause("through");
    assertTrue(penstock.runtime().runtime().relays().get(0).paused());
    staysBehind("b", one.sink(), one2.source());
    staysBehind("c", one2.sink(), one.source());
    Channel two = penstock.channels().open(there);
    assertThrows(IOException.class, () -> target.accept(MOMENT));
    assertTrue(control.why("through").contains("is paused by an operator"));
    control.resume("through");
    assertEquals("b", read(one2.source(), 1));
    assertEquals("c", read(one.source(), 1));
    Channel two2 = target.accept(SOON);
    two.sink().writeFully("d", SOON);
    assertEquals("d", read(two2.source(), 1));
    assertTrue(control.why("through").contains("2 connections"), control.why("through"));
    control.close("through");
    relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Test
  void aPauseIsNoIdleTimeOfARelay() throws Exception {
    Listener target = penstock.channels().listen("tcp-listen://127.0.0.1:0");
    Relay relay =
        penstock
            .relays()
            .create(
                Endpoint.parse("tcp-listen://127.0.0.1:0"),
                Endpoint.parse(target.endpoint().toString().replace("-listen", "")),
                RelayOptions.defaults()
                    .withFork(true)
                    .withName("patient")
                    .withIdle(Wait.millis(3000)));
    relay.start();
    Channel one =
        penstock
            .channels()
            .open(relay.listeners().get(0).endpoint().toString().replace("-listen", ""));
    Channel two = target.accept(SOON);
    control.pause("patient");
    one.sink().writeFully("a", SOON);
    assertThrows(IOException.class, () -> read(two.source(), Wait.millis(4000)));
    control.resume("patient");
    assertEquals("a", read(two.source(), 1));
    relay.close();
  }

  @Test
  void aPauseIsNoIdleTimeOfAPolledSource() throws Exception {
    Channel[] pair = connection();
    CompletableFuture<String> line = new CompletableFuture<>();
    CompletableFuture<Object> over = new CompletableFuture<>();
    Poller poller = penstock.poller();
    poller.register(pair[1].source(), Framing.lines(99).withIdleTimeout(Duration.ofMillis(3000)));
    poller.start(
        new ChannelHandler() {
          @Override
          public void data(Registration registration, ByteBuffer frame) {
            line.complete(text(frame));
          }

          @Override
          public void failed(Registration registration, Throwable cause) {
            over.complete(cause);
          }
        });
    String name = number(pair[1]);
    control.pause(name);
    pair[0].sink().writeFully("tea\n", SOON);
    assertThrows(TimeoutException.class, () -> over.get(4000, TimeUnit.MILLISECONDS));
    control.resume(name);
    assertEquals("tea\n", line.get(20, TimeUnit.SECONDS));
    poller.close();
  }

  private static void read(ByteSource source, Wait wait) throws IOException {
    source.readFully(ByteBuffer.allocate(1), wait);
  }

  @Test
  void aConnectionThatARelayJoinsWhileItIsPausedIsHeld() throws Exception {
    Pipe in = penstock.pipe("in", PipeOptions.defaults());
    Pipe out = penstock.pipe("out", PipeOptions.defaults());
    Relay relay =
        penstock
            .relays()
            .create(
                Endpoint.parse("pipe:in"),
                Endpoint.parse("pipe:out"),
                RelayOptions.defaults().withOneWay(true).withName("late"));
    control.pause("late");
    relay.start();
    in.sink().writeFully("tea", SOON);
    assertThrows(
        StreamTimeoutException.class, () -> out.source().readFully(ByteBuffer.allocate(3), MOMENT));
    control.resume("late");
    assertEquals("tea", read(out.source(), 3));
    relay.close();
  }

  // ---- names

  @Test
  void aNameThatCannotBeMeantIsRefusedAndSaysWhichCan() throws Exception {
    Pipe alone =
        penstock
            .pipes()
            .create(PipeOptions.defaults().withName("alone").withReaders(PipeOptions.Callers.ONE));
    pipe("twin", 64);
    pipe("twin", 64);
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> control.pause("alone"));
    assertTrue(refused.getMessage().contains("one caller only"), refused.getMessage());
    refused = assertThrows(IllegalArgumentException.class, () -> control.pause("none"));
    assertTrue(refused.getMessage().contains("alone, twin"), refused.getMessage());
    refused = assertThrows(IllegalArgumentException.class, () -> control.why("twin"));
    assertTrue(refused.getMessage().contains("#"), refused.getMessage());
    refused = assertThrows(IllegalArgumentException.class, () -> control.why("none"));
    assertTrue(refused.getMessage().contains("alone, twin"), refused.getMessage());
    Poller poller = penstock.poller();
    String name = penstock.runtime().runtime().pollers().get(0).name();
    refused = assertThrows(IllegalArgumentException.class, () -> control.close(name));
    assertTrue(refused.getMessage().contains("is a poller, expected"), refused.getMessage());
    assertThrows(IllegalArgumentException.class, () -> control.peek("alone", 0));
    assertThrows(IllegalArgumentException.class, () -> control.tap("alone", 1 << 25));
    poller.close();
    String second = "#" + penstock.runtime().runtime().pipes().get(2).id();
    control.close(second);
    assertEquals(2, penstock.runtime().runtime().pipes().size());
    alone.close();
  }

  // ---- peek

  @Test
  void aPeekShowsWhatWaitsAndTakesNothing() throws Exception {
    Pipe pipe = pipe("seen", 64);
    assertEquals("", text(control.peek("seen", 10)));
    pipe.sink().writeFully("some tea", SOON);
    assertEquals("some", text(control.peek("seen", 4)));
    assertEquals("some tea", text(control.peek("seen", 100)));
    pipe.sink().give(ByteBuffer.wrap(" please".getBytes(StandardCharsets.US_ASCII)), SOON);
    assertEquals("some tea please", text(control.peek("seen", 100)));
    assertEquals(15, penstock.runtime().runtime().pipes().get(0).buffered());
    assertEquals("some", read(pipe.source(), 4));
    control.pause("seen");
    assertEquals(" tea please", text(control.peek("seen", 100)));
    assertEquals(0, pipe.source().read(ByteBuffer.allocate(1), Wait.none()));
    control.resume("seen");
    pipe.sink().end();
    assertEquals(" tea please", pipe.source().readString(100, SOON));

    Channel[] pair = connection();
    pair[0].sink().writeFully("tea", SOON);
    pair[1].source().awaitReadable(SOON);
    assertEquals("tea", text(control.peek(number(pair[1]), 100)));
    assertEquals("tea", read(pair[1].source(), 3));
  }

  @Test
  void aPeekAtASourceThatIsBeingReadSaysSo() throws Exception {
    Pipe pipe = pipe("read", 64);
    pipe.sink().writeFully("tea", SOON);
    pipe.source()
        .consume(
            10,
            bytes -> {
              IOException refused = assertThrows(IOException.class, () -> control.peek("read", 10));
              assertTrue(refused.getMessage().contains("reading just now"));
            },
            SOON);
  }
}
