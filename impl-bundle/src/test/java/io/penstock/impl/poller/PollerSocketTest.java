// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.core.End;
import io.penstock.impl.core.ListenerEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.PipeInput;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import io.penstock.spi.ListenerDriver;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PollerSocketTest {
  private static final Wait A_MOMENT = Wait.upTo(Duration.ofMillis(200));
  private static final int FEW = 20;

  private final Bench bench = new Bench();
  private final SelectorPoller poller = bench.poller();
  private final Recorder recorder = new Recorder();

  @AfterEach
  void close() {
    poller.close();
    bench.close();
  }

  private record Pair(Channel near, Channel far) {}

  private Pair connected() throws IOException {
    try (Listener listener = bench.listen()) {
      Channel far = bench.connect(listener);
      return new Pair(listener.accept(Bench.SOON), far);
    }
  }

  private void pollUntil(int events) throws IOException {
    int before = recorder.seen.size();
    while (recorder.seen.size() - before < events) {
      assertTrue(poller.poll(Bench.SOON, recorder) > 0, "only " + recorder.seen);
    }
  }

  private static SelectableChannel socket(End end) {
    return Objects.requireNonNull(Objects.requireNonNull(end.driver()).selectable());
  }

  /**
   * Polls where there is nothing to find. The system is asked a few times, because a wake-up that
   * was under way may come late; a poll that spins looks ten thousand times in this moment.
   */
  private void assertFewLooks(String otherwise) throws IOException {
    long before = poller.selects();
    assertEquals(0, poller.poll(A_MOMENT, recorder));
    long looks = poller.selects() - before;
    assertTrue(looks <= FEW, otherwise + ": " + looks + " looks");
  }

  /** Writes until the system has taken nothing for a moment. */
  private static long fill(ByteSink sink, ByteBuffer much) throws IOException {
    long sent = 0;
    while (true) {
      try {
        sent += sink.write(much.clear(), A_MOMENT);
      } catch (StreamTimeoutException full) {
        return sent;
      }
    }
  }

  // ---- listeners

  @Test
  void acceptedChannelsInheritTheFraming() throws IOException {
    Listener listener = bench.listen();
    Registration registration = poller.register(listener, Framing.lines(100));
    Channel client = bench.connect(listener);
    Bench.write(client.sink(), "one\ntw");
    pollUntil(2);
    Bench.write(client.sink(), "o\n");
    client.sink().end();
    pollUntil(2);
    List<String> seen = recorder.drain();
    assertEquals("opened", seen.get(0));
    assertTrue(seen.get(1).endsWith("=one\n"), seen::toString);
    assertTrue(seen.get(2).endsWith("=two\n"), seen::toString);
    assertTrue(seen.get(3).endsWith(" ended"), seen::toString);
    // The channel is the handler's, and half of it is still there.
    Channel server = recorder.channels.get(0);
    Bench.write(server.sink(), "answer");
    server.close();
    assertEquals("answer", Recorder.text(client.source().readAll(100, Bench.SOON)));
    assertEquals(1, poller.size());
    registration.close();
    assertTrue(listener.isOpen());
  }

  @Test
  void theListFormTellsWhoAcceptedWhom(@TempDir Path folder) throws IOException {
    Listener listener =
        bench.channels.listen(
            Endpoint.parse("unix-listen:" + folder.resolve("s")), ChannelOptions.defaults());
    Registration registration = poller.register(listener, Framing.bytes());
    Channel client =
        bench.channels.open(
            Endpoint.parse("unix:" + folder.resolve("s")), ChannelOptions.defaults(), Bench.SOON);
    PollEvent.Accepted accepted =
        assertInstanceOf(PollEvent.Accepted.class, poller.poll(Bench.SOON).get(0));
    assertSame(registration, accepted.registration());
    assertSame(listener, accepted.listener());
    Bench.write(client.sink(), "x");
    PollEvent.Data data = assertInstanceOf(PollEvent.Data.class, poller.poll(Bench.SOON).get(0));
    assertSame(accepted.client(), data.registration());
    assertSame(accepted.channel().source(), data.source());
    client.close();
    PollEvent.Ended ended = assertInstanceOf(PollEvent.Ended.class, poller.poll(Bench.SOON).get(0));
    assertSame(accepted.client(), ended.registration());
  }

  @Test
  void aClosedListenerEndsOnce() throws IOException {
    Listener listener = bench.listen();
    poller.register(listener, Framing.bytes());
    assertEquals(0, poller.poll(Wait.none(), recorder));
    listener.close();
    assertEquals(1, poller.poll(Bench.SOON, recorder));
    assertEquals(0, poller.poll(Wait.none(), recorder));
    assertTrue(recorder.drain().get(0).endsWith(" ended"));
  }

  @Test
  void nobodyIsAcceptedWhileItIsPausedOrFull() throws IOException {
    Listener listener =
        bench.channels.listen(
            Endpoint.parse("tcp-listen://127.0.0.1:0"),
            ChannelOptions.defaults().withMaxConnections(1));
    Registration registration = poller.register(listener, Framing.bytes()).pause();
    bench.connect(listener);
    bench.connect(listener);
    assertFewLooks("spins while paused");
    registration.resume();
    pollUntil(1);
    assertFewLooks("spins while full");
    recorder.channels.get(0).close();
    pollUntil(2);
    List<String> seen = recorder.drain();
    assertEquals(2, seen.stream().filter("opened"::equals).count(), seen::toString);
  }

  @Test
  void aFailureToAcceptIsToldAndTriedAgainLater() throws IOException {
    Listener real = bench.listen();
    ListenerDriver driver = (ListenerDriver) Objects.requireNonNull(((End) real).driver());
    int[] failures = new int[1];
    ListenerEnd failing =
        new ListenerEnd(
            "failing",
            bench.engine,
            driver,
            () -> {
              if (failures[0]-- > 0) {
                throw new IOException("no descriptor left");
              }
              return ((ListenerEnd) real).acceptNow();
            },
            Integer.MAX_VALUE);
    poller.register(failing, Framing.bytes());
    assertEquals(0, poller.poll(Wait.none(), recorder));
    failures[0] = 4;
    bench.connect(real);
    long start = System.nanoTime();
    long looks = poller.selects();
    pollUntil(5);
    // Pauses of 10, 20, 40 and 80 ms.
    assertTrue(System.nanoTime() - start >= TimeUnit.MILLISECONDS.toNanos(150));
    assertTrue(poller.selects() - looks < 40, "spins while accepting fails");
    assertEquals(
        List.of(
            "failing failed IOException",
            "failing failed IOException",
            "failing failed IOException",
            "failing failed IOException",
            "opened"),
        recorder.drain());
    real.close();
  }

  @Test
  void aClientThatComesAfterAnotherRegistrationHasItsFraming() throws IOException {
    Listener real = bench.listen();
    ListenerDriver driver = (ListenerDriver) Objects.requireNonNull(((End) real).driver());
    List<ListenerEnd> changing = new ArrayList<>();
    List<Registration> registered = new ArrayList<>();
    changing.add(
        new ListenerEnd(
            "changing",
            bench.engine,
            driver,
            () -> {
              if (registered.size() == 1) {
                // As another thread may do between the look of the poller and its accept.
                registered.get(0).close();
                registered.add(poller.register(changing.get(0), Framing.lines(1000)));
                Bench.write(bench.connect(real).sink(), "more than ten bytes\n");
              }
              return ((ListenerEnd) real).acceptNow();
            },
            Integer.MAX_VALUE));
    registered.add(poller.register(changing.get(0), Framing.lines(10)));
    List<Registration> told = new ArrayList<>();
    Recorder lines =
        new Recorder() {
          @Override
          public void opened(Registration listener, Channel channel, Registration client) {
            super.opened(listener, channel, client);
            told.add(listener);
          }
        };
    while (lines.seen.size() < 2) {
      poller.poll(Bench.SOON, lines);
    }
    assertEquals(registered.subList(1, 2), told);
    assertTrue(lines.seen.get(1).endsWith("=more than ten bytes\n"), lines.seen.toString());
    real.close();
  }

  @Test
  void aChannelThatCannotBeFramedIsCutAndTheListenerGoesOn() throws IOException {
    Listener listener = bench.listen();
    boolean[] broken = {true};
    poller.register(
        listener,
        Framing.custom(
            100,
            () -> {
              if (broken[0]) {
                throw new IllegalStateException("no framer today");
              }
              return ByteBuffer::remaining;
            }));
    Channel unlucky = bench.connect(listener);
    pollUntil(1);
    assertThrows(
        IOException.class, () -> unlucky.source().read(ByteBuffer.allocate(1), Bench.SOON));
    broken[0] = false;
    bench.connect(listener);
    pollUntil(1);
    List<String> seen = recorder.drain();
    assertTrue(seen.get(0).endsWith(" failed IllegalStateException"));
    assertEquals("opened", seen.get(1));
  }

  // ---- sources

  @Test
  void aResetIsAFailure() throws IOException {
    Pair pair = connected();
    poller.register(pair.near().source(), Framing.lines(100));
    Bench.write(pair.far().sink(), "whole\nhal");
    pollUntil(1);
    pair.far().abort(new IOException("cut"));
    pollUntil(1);
    assertEquals(2, recorder.drain().size());
    assertInstanceOf(ConnectionResetException.class, recorder.failures.get(0));
    assertEquals("hal", Recorder.text(pair.near().source().drain()));
    assertThrows(
        ConnectionResetException.class,
        () -> pair.near().source().read(ByteBuffer.allocate(1), Wait.none()));
  }

  @Test
  void manyIdleSocketsCostNothingWhileOneWorks() throws IOException {
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      Pair pair = connected();
      pairs.add(pair);
      poller.register(pair.near().source(), Framing.bytes());
    }
    assertEquals(0, poller.poll(Wait.none(), recorder));
    assertFewLooks("spins while idle");
    Bench.write(pairs.get(17).far().sink(), "x");
    assertSame(
        pairs.get(17).near().source(), ((PollEvent.Data) poller.poll(Bench.SOON).get(0)).source());
  }

  @Test
  void aPausedSourceStallsItsPeer() throws IOException {
    Pair pair = connected();
    Registration registration = poller.register(pair.near().source(), Framing.bytes());
    assertEquals(0, poller.poll(Wait.none(), recorder));
    registration.pause();
    ByteBuffer much = ByteBuffer.allocate(1 << 16);
    long sent = fill(pair.far().sink(), much);
    assertFewLooks("spins while paused");
    assertThrows(
        StreamTimeoutException.class, () -> pair.far().sink().write(much.clear(), A_MOMENT));
    registration.resume();
    pair.far().sink().end();
    long[] got = new long[1];
    boolean[] ended = new boolean[1];
    while (!ended[0]) {
      poller.poll(
          Bench.SOON,
          new Recorder() {
            @Override
            public void data(Registration from, ByteBuffer frame) {
              got[0] += frame.remaining();
            }

            @Override
            public void ended(Registration from) {
              ended[0] = true;
            }
          });
    }
    assertEquals(sent, got[0]);
  }

  @Test
  void whileSomebodyElseReadsNothingSpins() throws Exception {
    Pair pair = connected();
    poller.register(pair.near().source(), Framing.bytes());
    Bench.write(pair.far().sink(), "lent");
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch enough = new CountDownLatch(1);
    CompletableFuture<Integer> lending =
        Bench.start(
            () ->
                pair.near()
                    .source()
                    .consume(
                        4,
                        run -> {
                          inside.countDown();
                          try {
                            assertTrue(enough.await(20, TimeUnit.SECONDS));
                          } catch (InterruptedException e) {
                            throw new AssertionError(e);
                          }
                          run.position(2);
                        },
                        Bench.SOON));
    assertTrue(inside.await(20, TimeUnit.SECONDS));
    Bench.write(pair.far().sink(), "more");
    assertFewLooks("spins while the source is in use");
    enough.countDown();
    assertEquals(2, Bench.get(lending));
    StringBuilder got = new StringBuilder();
    while (got.length() < 6) {
      for (PollEvent event : poller.poll(Bench.SOON)) {
        got.append(Recorder.text(((PollEvent.Data) event).bytes()));
      }
    }
    assertEquals("ntmore", got.toString());
  }

  @Test
  void aChannelThatIsStillConnectingIsWaitedFor() throws Exception {
    Listener listener = bench.listen();
    String address = listener.endpoint().toString().replaceFirst("-listen", "");
    Channel channel = bench.channels.connect(Endpoint.parse(address), ChannelOptions.defaults());
    poller.register(channel.source(), Framing.bytes());
    CompletableFuture<Integer> polled = Bench.start(() -> poller.poll(Bench.SOON, recorder));
    Bench.write(listener.accept(Bench.SOON).sink(), "welcome");
    assertEquals(1, Bench.get(polled));
    assertEquals(List.of(channel.name() + "=welcome"), recorder.drain());
  }

  @Test
  void aPeerThatALookAtTheListenerHasTakenIsToldOf() throws Exception {
    Listener listener = bench.listen();
    poller.register(listener);
    assertEquals(0, poller.poll(Wait.none(), recorder));
    Channel peer = bench.connect(listener);
    listener.acceptable().await(Bench.SOON);
    assertTrue(listener.acceptable().isSet());
    assertEquals(1, poller.poll(Bench.SOON, recorder));
    assertEquals(List.of("opened"), recorder.drain());
    peer.close();
    listener.close();
  }

  @Test
  void aSourceThatDoesNotExistFails() throws IOException {
    SourceEnd absent = new SourceEnd("absent", bench.engine, Wait.forever());
    poller.register(absent, Framing.bytes());
    assertEquals(0, poller.poll(Wait.none(), recorder));
    absent.attachNothing();
    pollUntil(1);
    assertInstanceOf(NotSupportedException.class, recorder.failures.get(0));
  }

  /** Takes all there is from a selectable pipe at the first read, and hands out three bytes. */
  private static final class Hoarder extends PipeInput {
    private final ByteBuffer hidden = ByteBuffer.allocate(1000).limit(0);
    private boolean ended;

    Hoarder() throws IOException {
      super(Pipe.open());
      pipe.source().configureBlocking(false);
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
      if (!ready()) {
        int n = super.read(hidden.clear());
        hidden.flip();
        ended = n < 0;
      }
      int n = Math.min(Math.min(3, dst.remaining()), hidden.remaining());
      dst.put(hidden.slice(hidden.position(), n));
      hidden.position(hidden.position() + n);
      return n == 0 && ended ? -1 : n;
    }

    @Override
    public boolean ready() {
      return hidden.hasRemaining() || ended;
    }

    @Override
    public void close() throws IOException {
      super.close();
      pipe.sink().close();
    }
  }

  @Test
  void bytesThatNoSelectorSeesAreFound() throws IOException {
    Hoarder driver = new Hoarder();
    SourceEnd source = new SourceEnd("hoarder", bench.engine, Wait.forever(), driver);
    poller.register(source, Framing.fixed(10));
    driver.pipe.sink().write(Bench.bytes("0123456789abcdefghijABCDE"));
    pollUntil(2);
    assertFewLooks("spins while idle");
    driver.pipe.sink().write(Bench.bytes("FGHIJ"));
    pollUntil(1);
    assertEquals(
        List.of("hoarder=0123456789", "hoarder=abcdefghij", "hoarder=ABCDEFGHIJ"),
        recorder.drain());
    driver.pipe.sink().close();
    pollUntil(1);
    assertEquals(List.of("hoarder ended"), recorder.drain());
    source.close();
  }

  @Test
  void whatWasPutBackIsFound() throws Exception {
    Pair pair = connected();
    SourceEnd source = (SourceEnd) pair.near().source();
    poller.register(source, Framing.bytes());
    CompletableFuture<Integer> polled = Bench.start(() -> poller.poll(Bench.SOON, recorder));
    Bench.untilSelecting(poller, 0);
    source.unread(Bench.bytes("back"));
    assertEquals(1, Bench.get(polled));
    assertEquals(List.of(source.name() + "=back"), recorder.drain());
  }

  // ---- sinks

  @Test
  void writableComesWhenThePeerHasRead() throws Exception {
    Pair pair = connected();
    SinkRegistration sink = poller.register(pair.near().sink());
    poller.register(pair.near().source(), Framing.bytes());
    sink.wantWritable();
    pollUntil(1);
    ByteBuffer much = ByteBuffer.allocate(1 << 16);
    long sent = fill(pair.near().sink(), much);
    sink.wantWritable();
    assertFewLooks("spins while there is no room");
    CompletableFuture<Integer> polled = Bench.start(() -> poller.poll(Bench.SOON, recorder));
    assertThrows(TimeoutException.class, () -> polled.get(50, TimeUnit.MILLISECONDS));
    while (sent > 0) {
      int n = pair.far().source().read(much.clear(), Bench.SOON);
      assertTrue(n > 0);
      sent -= n;
    }
    assertEquals(1, Bench.get(polled));
    assertFewLooks("spins after the wish was granted");
    Bench.write(pair.far().sink(), "and back");
    pollUntil(1);
    List<String> seen = recorder.drain();
    assertTrue(seen.get(1).endsWith(" writable"));
    assertTrue(seen.get(2).endsWith("=and back"));
  }

  @Test
  void aSinkBehindQueuedPartsIsWritableAfterThem() throws Exception {
    Pair pair = connected();
    poller.register(pair.near().sink()).wantWritable();
    CompletableFuture<Void> written =
        pair.near().sink().writeAsync(ByteBuffer.allocate(8 << 20)).toCompletableFuture();
    assertFewLooks("spins while parts are queued");
    CompletableFuture<ByteBuffer> read =
        Bench.start(
            () -> {
              ByteBuffer all = ByteBuffer.allocate(8 << 20);
              pair.far().source().readFully(all, Bench.SOON);
              return all;
            });
    pollUntil(1);
    assertEquals(0, pair.near().sink().queued());
    written.get(20, TimeUnit.SECONDS);
    Bench.get(read);
  }

  @Test
  void anAbortedSinkFailsOnce() throws IOException {
    Pair pair = connected();
    poller.register(pair.near().sink());
    assertEquals(0, poller.poll(Wait.none(), recorder));
    pair.near().abort(new IOException("cut"));
    pollUntil(1);
    assertEquals(0, poller.poll(Wait.none(), recorder));
    assertTrue(recorder.drain().get(0).endsWith(" failed IOException"));
    assertEquals(0, poller.size());
  }

  // ---- descriptors

  @Test
  void unregisteringLetsTheDescriptorGoAtOnce() throws Exception {
    Pair pair = connected();
    Registration source = poller.register(pair.near().source(), Framing.bytes());
    SinkRegistration sink = poller.register(pair.near().sink()).wantWritable();
    SelectableChannel socket = socket((End) pair.near().source());
    pollUntil(1);
    assertTrue(poller.holds(socket));
    source.close();
    sink.close();
    assertFalse(poller.holds(socket));
    poller.register(pair.near().source(), Framing.bytes());
    long before = poller.selects();
    CompletableFuture<Integer> polled = Bench.start(() -> poller.poll(Wait.forever(), recorder));
    Bench.untilSelecting(poller, before);
    poller.closeAll();
    poller.wakeup();
    assertEquals(0, Bench.get(polled));
    assertFalse(poller.holds(socket));
    pair.near().closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
    assertFalse(socket.isOpen());
  }

  @Test
  void aChannelClosedWhileNobodyPollsLetsItsDescriptorGo() throws IOException {
    for (boolean abort : new boolean[] {true, false}) {
      Pair pair = connected();
      poller.register(pair.near().source(), Framing.bytes());
      poller.register(pair.near().sink()).wantWritable();
      SelectableChannel socket = socket((End) pair.near().source());
      pollUntil(1);
      assertTrue(poller.holds(socket));
      if (abort) {
        pair.near().abort(new IOException("cut"));
      } else {
        pair.near().close();
      }
      assertFalse(poller.holds(socket));
      recorder.drain();
      pollUntil(2);
      assertEquals(2, recorder.drain().size());
    }
  }

  /** However busy the polling thread is. */
  @Test
  void theAddressOfAClosedListenerIsFreeWhileAHandlerIsAtWork() throws Exception {
    Listener listener = bench.listen();
    poller.register(listener);
    CountDownLatch called = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Recorder busy =
        new Recorder() {
          @Override
          public void opened(Registration from, Channel channel, Registration client) {
            super.opened(from, channel, client);
            called.countDown();
            try {
              assertTrue(goOn.await(20, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          }
        };
    assertEquals(0, poller.poll(Wait.none(), busy));
    CompletableFuture<Integer> polled = Bench.start(() -> poller.poll(Bench.SOON, busy));
    Channel peer = bench.connect(listener);
    assertTrue(called.await(20, TimeUnit.SECONDS));
    listener.close();
    bench.channels.listen(listener.endpoint(), ChannelOptions.defaults()).close();
    goOn.countDown();
    Bench.get(polled);
    while (busy.seen.size() < 2) {
      poller.poll(Bench.SOON, busy);
    }
    assertTrue(busy.drain().get(1).endsWith(" ended"));
    peer.close();
  }

  @Test
  void theAddressOfAClosedListenerIsFreeWhileThePollerWaits() throws Exception {
    Listener listener = bench.listen();
    for (int i = 0; i < FEW; i++) {
      poller.register(listener);
      long before = poller.selects();
      CompletableFuture<Integer> polled = Bench.start(() -> poller.poll(Bench.SOON, recorder));
      Bench.untilSelecting(poller, before);
      listener.close();
      listener = bench.channels.listen(listener.endpoint(), ChannelOptions.defaults());
      assertEquals(1, Bench.get(polled));
    }
    listener.close();
  }

  @Test
  void anEventMayReplaceTheRegistration() throws IOException {
    Pair pair = connected();
    poller.register(pair.near().source(), Framing.lines(100));
    Bench.write(pair.far().sink(), "line\nrest");
    Recorder replacing =
        new Recorder() {
          @Override
          public void data(Registration registration, ByteBuffer frame) throws IOException {
            super.data(registration, frame);
            if (seen.size() == 1) {
              registration.close();
              poller.register(pair.near().source(), Framing.bytes());
            }
          }
        };
    while (replacing.seen.size() < 2) {
      poller.poll(Bench.SOON, replacing);
    }
    Bench.write(pair.far().sink(), "more");
    while (replacing.seen.size() < 3) {
      poller.poll(Bench.SOON, replacing);
    }
    String name = pair.near().source() instanceof End end ? end.name() : "";
    assertEquals(List.of(name + "=line\n", name + "=rest", name + "=more"), replacing.drain());
  }

  @Test
  void closeAllClosesChannelsAndListeners() throws Exception {
    Listener listener = bench.listen();
    poller.register(listener, Framing.bytes());
    Channel client = bench.connect(listener);
    pollUntil(1);
    Channel unregistered = connected().near();
    poller.closeAll();
    assertFalse(recorder.channels.get(0).isOpen());
    assertFalse(listener.isOpen());
    assertEquals(-1, client.source().read(ByteBuffer.allocate(1), Bench.SOON));
    assertTrue(unregistered.isOpen());
    assertEquals(0, poller.poll(Wait.none(), recorder));
  }
}
