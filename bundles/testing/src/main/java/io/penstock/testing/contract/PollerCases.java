// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Listener;
import io.penstock.error.FrameTooLongException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A poller takes channels and listeners of the kind like any other. */
abstract class PollerCases extends ListenerCases {
  private List<PollEvent> poll(Poller poller) throws IOException {
    List<PollEvent> events = poller.poll(Wait.upTo(LONG));
    assertFalse(events.isEmpty(), "nothing happened");
    return events;
  }

  /** Polls until so many data events have come, and only such. */
  private List<String> pollData(Poller poller, int count) throws IOException {
    List<String> frames = new ArrayList<>();
    while (frames.size() < count) {
      for (PollEvent event : poll(poller)) {
        frames.add(text(assertInstanceOf(PollEvent.Data.class, event).bytes()));
      }
    }
    return frames;
  }

  @Case
  void pollerReportsDataAndThenTheEndOnce() throws Exception {
    try (Poller poller = services().pollers().get()) {
      Registration registration = poller.register(far().source(), Framing.bytes());
      assertTrue(poller.poll(NONE).isEmpty());
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
      near().sink().writeFully("abc", Wait.upTo(LONG));
      StringBuilder got = new StringBuilder();
      while (got.length() < 3) {
        for (PollEvent event : poll(poller)) {
          PollEvent.Data data = assertInstanceOf(PollEvent.Data.class, event);
          assertSame(registration, data.registration());
          assertSame(far().source(), data.source());
          got.append(text(data.bytes()));
        }
      }
      assertEquals("abc", got.toString());
      near().sink().end();
      List<PollEvent> end = poll(poller);
      assertEquals(1, end.size());
      assertInstanceOf(PollEvent.Ended.class, end.get(0));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty(), "the end comes once");
    }
  }

  @Case
  void pollerWaitsUntilSomethingHappens() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.bytes());
      Task<List<PollEvent>> polling = async(() -> poller.poll(FOREVER)).waiting();
      near().sink().writeFully("a", Wait.upTo(LONG));
      PollEvent.Data data = assertInstanceOf(PollEvent.Data.class, polling.get().get(0));
      assertEquals("a", text(data.bytes()));
    }
  }

  @Case
  void pollerCutsLinesAndDeliversTheLastPartialOne() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.lines(100));
      near().sink().writeFully("one\ntw", Wait.upTo(LONG));
      assertEquals(List.of("one\n"), pollData(poller, 1));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty(), "no line is no event");
      near().sink().writeFully("o\nthree\nrest", Wait.upTo(LONG));
      assertEquals(List.of("two\n", "three\n"), pollData(poller, 2));
      near().sink().end();
      List<PollEvent> last = new ArrayList<>();
      while (last.size() < 2) {
        last.addAll(poll(poller));
      }
      assertEquals("rest", text(assertInstanceOf(PollEvent.Data.class, last.get(0)).bytes()));
      assertInstanceOf(PollEvent.Ended.class, last.get(1));
    }
  }

  @Case
  void pollerRefusesAFrameThatIsTooLongOnce() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.lines(4));
      near().sink().writeFully("abcdefgh\n", Wait.upTo(LONG));
      List<PollEvent> events = poll(poller);
      PollEvent.Failed failed = assertInstanceOf(PollEvent.Failed.class, events.get(0));
      assertInstanceOf(FrameTooLongException.class, failed.cause());
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
    }
  }

  @Case(needs = Trait.ABORT_SEEN)
  void pollerReportsAFailureOnce() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.bytes());
      near().abort(new IOException("cut on purpose"));
      List<PollEvent> events = poll(poller);
      assertEquals(1, events.size());
      assertInstanceOf(PollEvent.Failed.class, events.get(0));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
    }
  }

  @Case
  void unregisteringGivesUndeliveredBytesBack() throws Exception {
    try (Poller poller = services().pollers().get()) {
      Registration registration = poller.register(far().source(), Framing.lines(100));
      near().sink().writeFully("no line yet", Wait.upTo(LONG));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
      registration.close();
      registration.close();
      assertTrue(far().isOpen());
      assertEquals("no line yet", receive(11));
      near().sink().writeFully("x", Wait.upTo(LONG));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
      poller.register(far().source(), Framing.bytes());
      assertEquals(List.of("x"), pollData(poller, 1));
    }
  }

  @Case
  void pausedRegistrationIsSilentAndKeepsTheBytes() throws Exception {
    try (Poller poller = services().pollers().get()) {
      Registration registration = poller.register(far().source(), Framing.lines(100));
      registration.pause().pause();
      near().sink().writeFully("abc\n", Wait.upTo(LONG));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
      registration.resume().resume();
      assertEquals(List.of("abc\n"), pollData(poller, 1));
    }
  }

  @Case
  void registrationKnowsItsChannel() throws Exception {
    try (Poller poller = services().pollers().get()) {
      // A channel may be wrapped; its ends are not.
      Channel bySource = poller.register(near().source()).channel().orElseThrow();
      assertSame(near().sink(), bySource.sink());
      Channel bySink = poller.register(near().sink()).channel().orElseThrow();
      assertSame(near().source(), bySink.source());
    }
  }

  @Case
  void pollerTellsOfAWritableSinkOncePerWish() throws Exception {
    try (Poller poller = services().pollers().get()) {
      SinkRegistration registration = poller.register(near().sink());
      assertTrue(poller.poll(NONE).isEmpty(), "nobody has asked");
      registration.wantWritable();
      PollEvent.Writable writable = assertInstanceOf(PollEvent.Writable.class, poll(poller).get(0));
      assertSame(near().sink(), writable.sink());
      assertTrue(poller.poll(NONE).isEmpty());
    }
  }

  @Case(needs = Trait.BOUNDED)
  void pollerTellsWhenAFullSinkHasRoomAgain() throws Exception {
    try (Poller poller = services().pollers().get()) {
      SinkRegistration registration = poller.register(near().sink());
      long filled = fill();
      registration.wantWritable();
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
      receivePattern(0, filled);
      assertInstanceOf(PollEvent.Writable.class, poll(poller).get(0));
    }
  }

  @Case
  void handlerIsLentEachFrame() throws Exception {
    try (Poller poller = services().pollers().get()) {
      Registration registration = poller.register(far().source(), Framing.lines(100));
      registration.attach("mine");
      List<String> told = new ArrayList<>();
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void data(Registration from, ByteBuffer frame) {
              assertTrue(frame.isReadOnly());
              told.add(from.attachment() + ":" + text(frame));
            }

            @Override
            public void ended(Registration from) {
              told.add(from.attachment() + " ended");
            }
          };
      assertEquals(0, poller.poll(NONE, handler));
      near().sink().writeFully("one\ntwo\n", Wait.upTo(LONG));
      near().sink().end();
      int handled = 0;
      while (handled < 3) {
        int now = poller.poll(Wait.upTo(LONG), handler);
        assertTrue(now > 0);
        handled += now;
      }
      assertEquals(List.of("mine:one\n", "mine:two\n", "mine ended"), told);
    }
  }

  @Case
  void whatAHandlerThrowsReachesTheCallerAndThePollerGoesOn() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.lines(100));
      near().sink().writeFully("one\n", Wait.upTo(LONG));
      IOException thrown = new IOException("thrown on purpose");
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void data(Registration from, ByteBuffer frame) throws IOException {
              throw thrown;
            }
          };
      assertSame(
          thrown, assertThrows(IOException.class, () -> poller.poll(Wait.upTo(LONG), handler)));
      near().sink().writeFully("two\n", Wait.upTo(LONG));
      assertEquals(List.of("two\n"), pollData(poller, 1), "the first counts as delivered");
    }
  }

  @Case
  void pollerServesOnAThreadOfItsOwnUntilItIsClosed() throws Exception {
    Poller poller = services().pollers().get();
    BlockingQueue<String> told = new LinkedBlockingQueue<>();
    CompletionStage<Void> done =
        poller.start(
            new ChannelHandler() {
              @Override
              public void data(Registration from, ByteBuffer frame) throws IOException {
                String line = text(frame);
                told.add(line);
                if (line.equals("bad\n")) {
                  throw new IOException("thrown on purpose");
                }
              }

              @Override
              public void failed(Registration from, Throwable cause) {
                told.add(String.valueOf(cause.getMessage()));
              }
            });
    poller.register(far().source(), Framing.lines(100));
    near().sink().writeFully("one\nbad\nnever\n", Wait.upTo(LONG));
    for (String expected : List.of("one\n", "bad\n", "thrown on purpose")) {
      assertEquals(expected, told.poll(LONG.toMillis(), TimeUnit.MILLISECONDS));
    }
    assertThrows(IOException.class, () -> far().source().readAll(100, Wait.upTo(LONG)));
    assertThrows(IllegalStateException.class, () -> poller.start(new ChannelHandler() {}));
    poller.close();
    join(done);
    assertEquals(0, told.size());
  }

  @Case
  void pollerLimitsTheTimeOfAFrameAndOfTheSilence() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.lines(100).withIdleTimeout(SHORT));
      PollEvent.Failed silent = assertInstanceOf(PollEvent.Failed.class, poll(poller).get(0));
      assertInstanceOf(StreamTimeoutException.class, silent.cause());
      poller.register(far().source(), Framing.lines(100).withFrameTimeout(SHORT));
      assertTrue(poller.poll(Wait.upTo(SHORT.multipliedBy(2))).isEmpty(), "only a frame has one");
      near().sink().writeFully("pa", Wait.upTo(LONG));
      PollEvent.Failed slow = assertInstanceOf(PollEvent.Failed.class, poll(poller).get(0));
      assertInstanceOf(StreamTimeoutException.class, slow.cause());
      near().sink().writeFully("rt\n", Wait.upTo(LONG));
      poller.register(
          far().source(), Framing.lines(100).withFrameTimeout(LONG).withIdleTimeout(LONG));
      assertEquals(List.of("part\n"), pollData(poller, 1), "the bytes are back on the source");
    }
  }

  @Case
  void wakeupAndCloseReturnWhoPolls() throws Exception {
    Poller poller = services().pollers().get();
    poller.register(far().source(), Framing.bytes());
    Task<List<PollEvent>> polling = async(() -> poller.poll(FOREVER)).waiting();
    poller.wakeup();
    assertTrue(polling.get().isEmpty());
    poller.wakeup();
    assertTrue(poller.poll(FOREVER).isEmpty(), "a wake-up counts for the next poll");
    Task<List<PollEvent>> interrupted = async(() -> poller.poll(FOREVER)).waiting();
    interrupted.thread().interrupt();
    assertInstanceOf(InterruptedIOException.class, interrupted.failure());
    Task<List<PollEvent>> last = async(() -> poller.poll(FOREVER)).waiting();
    poller.close();
    assertInstanceOf(StreamClosedWhileWaitingException.class, last.failure());
    assertThrows(StreamClosedException.class, () -> poller.poll(NONE));
    poller.close();
    assertTrue(far().isOpen(), "a closed poller closes nothing else");
  }

  @Case
  void registeringTwiceIsRefused() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.bytes());
      assertThrows(
          IllegalStateException.class, () -> poller.register(far().source(), Framing.bytes()));
    }
  }

  @Case(needs = Trait.LISTENS)
  void pollerAcceptsAndRegistersClients() throws Exception {
    try (Poller poller = services().pollers().get();
        Listener listener = listen()) {
      Registration registration = poller.register(listener, Framing.lines(100));
      Channel client = connect(listener);
      PollEvent.Accepted accepted = assertInstanceOf(PollEvent.Accepted.class, poll(poller).get(0));
      assertSame(registration, accepted.registration());
      assertSame(listener, accepted.listener());
      client.sink().writeFully("hello\n", Wait.upTo(LONG));
      assertEquals(List.of("hello\n"), pollData(poller, 1));
      release(client, accepted.channel());
    }
  }

  @Case(needs = Trait.LISTENS)
  void endOfAListenerIsACallOfItsOwn() throws Exception {
    Listener listener = listen(ChannelOptions.defaults());
    try (Poller poller = services().pollers().get()) {
      Registration registered = poller.register(listener, Framing.bytes());
      List<Object> told = new ArrayList<>();
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void ended(Registration client) {
              told.add("a client's end");
            }

            @Override
            public void listenerEnded(Registration closed) {
              told.add(closed);
            }
          };
      assertEquals(0, poller.poll(NONE, handler));
      listener.close();
      assertEquals(1, poller.poll(Wait.upTo(LONG), handler));
      assertEquals(List.of(registered), told);
    }
  }

  @Case(needs = Trait.LISTENS)
  void closeAllClosesChannelsAndListeners() throws Exception {
    try (Poller poller = services().pollers().get();
        Listener listener = listen()) {
      poller.register(listener, Framing.bytes());
      poller.register(far().source(), Framing.bytes());
      poller.closeAll();
      assertFalse(listener.isOpen());
      assertFalse(far().isOpen());
      assertTrue(poller.poll(NONE).isEmpty());
    }
  }

  @Case(needs = Trait.LISTENS)
  void pollerKeepsTheLimitOfConnections() throws Exception {
    try (Poller poller = services().pollers().get();
        Listener listener = listen(ChannelOptions.defaults().withMaxConnections(1))) {
      poller.register(listener, Framing.bytes());
      Channel one = connect(listener);
      Channel two = connect(listener);
      PollEvent.Accepted first = assertInstanceOf(PollEvent.Accepted.class, poll(poller).get(0));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty(), "one is there, and no more may be");
      // Both write, because either may have been the first.
      Task<Void> writing = asyncRun(() -> one.sink().writeFully("x", FOREVER));
      Task<Void> another = asyncRun(() -> two.sink().writeFully("x", FOREVER));
      assertEquals(List.of("x"), pollData(poller, 1));
      Task<List<PollEvent>> polling = async(() -> poller.poll(FOREVER)).waiting();
      release(first.channel());
      List<PollEvent> events = new ArrayList<>(polling.get());
      // The one that made room has failed, of which the poller tells, too.
      while (events.stream().noneMatch(event -> event instanceof PollEvent.Accepted)) {
        events.addAll(poll(poller));
      }
      writing.get();
      another.get();
      release(one, two);
      for (PollEvent event : events) {
        if (event instanceof PollEvent.Accepted second) {
          release(second.channel());
        }
      }
    }
  }
}
