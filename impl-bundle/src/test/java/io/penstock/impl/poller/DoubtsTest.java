// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.impl.engine.Canary;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Parker;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The system is asked anew for a key some times, whatever it answers, and not more often. */
class DoubtsTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  /** How many groups there are at the most, with a new key at any time. */
  private static final int MOST = 24;

  private final Doubts doubts = new Doubts();

  private static final class Key extends SelectionKey {
    @Override
    public SelectableChannel channel() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Selector selector() {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean isValid() {
      return true;
    }

    @Override
    public void cancel() {}

    @Override
    public int interestOps() {
      return 0;
    }

    @Override
    public SelectionKey interestOps(int ops) {
      return this;
    }

    @Override
    public int readyOps() {
      return 0;
    }
  }

  @Test
  void aKeyIsAskedForAfterOneThreeAndSevenSeconds() {
    // With a clock that passes from the greatest number to the least.
    long begin = Long.MAX_VALUE - SECOND;
    Key key = new Key();
    doubts.add(key, begin);
    for (int at : List.of(1, 3, 7)) {
      long due = begin + at * SECOND;
      assertEquals(due, doubts.next());
      assertEquals(List.of(), doubts.due(due - 1));
      assertEquals(List.of(key), doubts.due(due));
    }
    assertTrue(doubts.isEmpty());
  }

  @Test
  void aKeyThatComesAgainIsAskedForOnlyAfterThat() {
    Key key = new Key();
    for (int i = 0; i < 100; i++) {
      doubts.add(key, i * SECOND / 10);
    }
    assertEquals(1, doubts.groups());
    assertEquals(List.of(), doubts.due(10 * SECOND));
    assertEquals(List.of(key), doubts.due(11 * SECOND));
    doubts.remove(key);
    assertTrue(doubts.isEmpty());
  }

  @Test
  void thereAreFewGroupsHoweverLongKeysCome() {
    for (int i = 0; i < 10_000; i++) {
      long now = i * SECOND / 10;
      doubts.add(new Key(), now);
      if (i % 10 == 0) {
        List<SelectionKey> unused = doubts.due(now);
      }
      assertTrue(doubts.groups() <= MOST, doubts.groups() + " groups");
    }
  }

  @Test
  void norAreThereMoreWhileNobodyAsks() {
    for (int i = 0; i < 10_000; i++) {
      doubts.add(new Key(), i * SECOND / 10);
      assertTrue(doubts.groups() <= MOST, doubts.groups() + " groups");
    }
    assertEquals(10_000, round(2000 * SECOND).size());
  }

  /** What is due at a time, of all groups. */
  private Set<SelectionKey> round(long now) {
    Set<SelectionKey> asked = new HashSet<>();
    do {
      List<SelectionKey> some = doubts.due(now);
      assertTrue(some.size() <= Doubts.AT_ONCE, some.size() + " at once");
      for (SelectionKey key : some) {
        assertTrue(asked.add(key), "twice in one round");
      }
    } while (doubts.isUnderWay());
    return asked;
  }

  @Test
  void manyAreAskedForInPartsEachAfterOneThreeAndSevenSeconds() {
    Set<SelectionKey> keys = new HashSet<>();
    for (int i = 0; i < 2 * Doubts.AT_ONCE + 1; i++) {
      keys.add(new Key());
    }
    keys.forEach(key -> doubts.add(key, 0));
    for (int at : List.of(1, 3, 7)) {
      assertEquals(keys, round(at * SECOND));
    }
    assertTrue(doubts.isEmpty());
  }

  @Test
  void aKeyThatGoesDuringARoundIsNotAskedFor() {
    List<Key> keys = Stream.generate(Key::new).limit(2 * Doubts.AT_ONCE).toList();
    keys.forEach(key -> doubts.add(key, 0));
    Set<SelectionKey> asked = new HashSet<>(doubts.due(SECOND));
    List<Key> left = keys.stream().filter(key -> !asked.contains(key)).toList();
    assertEquals(Doubts.AT_ONCE, left.size());
    doubts.remove(left.get(0));
    // It is asked for with others from now on.
    doubts.add(left.get(1), SECOND);
    Set<SelectionKey> rest = round(SECOND);
    assertEquals(Set.copyOf(left.subList(2, left.size())), rest);
    assertEquals(Set.of(left.get(1)), round(2 * SECOND));
  }

  /** Finds for a thread that the system refuses. */
  private static final class Deaf extends Canary {
    private final AtomicInteger looks = new AtomicInteger();
    private volatile Thread poller;
    private volatile boolean fails;

    @Override
    public boolean works(Selector selector, Consumer<SelectionKey> fire) throws IOException {
      boolean refuses = Thread.currentThread() == poller;
      if (refuses) {
        looks.incrementAndGet();
        if (fails) {
          throw new IOException("no descriptors");
        }
      }
      return super.works(selector, fire) && !refuses;
    }
  }

  /** Everybody is tried once a second, and is served meanwhile. */
  @Test
  void aPollerWhoseSystemRefusesAsksItOnceASecond() throws Exception {
    Deaf canary = new Deaf();
    try (Bench bench = new Bench(new Engine(Parker.SYSTEM, Engine::daemon, canary));
        SelectorPoller poller = bench.poller();
        Listener listener = bench.listen();
        Channel near = bench.connect(listener);
        Channel far = listener.accept(Bench.SOON)) {
      poller.register(near.source(), Framing.bytes());
      AtomicInteger bytes = new AtomicInteger();
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void data(Registration registration, ByteBuffer frame) {
              bytes.addAndGet(frame.remaining());
            }
          };
      // Opens the selector.
      int none = poller.poll(Wait.none(), handler);
      assertEquals(0, none);
      canary.poller = Thread.currentThread();
      long begin = System.nanoTime();
      while (System.nanoTime() - begin < 3 * SECOND + SECOND / 2) {
        int unused = poller.poll(Wait.upTo(Duration.ofMillis(100)), handler);
      }
      int looks = canary.looks.get();
      assertTrue(looks >= 3 && looks <= 5, looks + " looks");
      Bench.write(far.sink(), "x");
      while (bytes.get() == 0) {
        assertTrue(System.nanoTime() - begin < 20 * SECOND, "nothing came");
        int unused = poller.poll(Wait.upTo(Duration.ofMillis(100)), handler);
      }
    }
  }

  @Test
  void aPollerThatCouldNotAskTheSystemAsksItAgain() throws Exception {
    Deaf canary = new Deaf();
    try (Bench bench = new Bench(new Engine(Parker.SYSTEM, Engine::daemon, canary));
        SelectorPoller poller = bench.poller();
        Listener listener = bench.listen();
        Channel near = bench.connect(listener)) {
      poller.register(near.source(), Framing.bytes());
      ChannelHandler handler = new ChannelHandler() {};
      int none = poller.poll(Wait.none(), handler);
      assertEquals(0, none);
      canary.poller = Thread.currentThread();
      canary.fails = true;
      Wait wait = Wait.upTo(Duration.ofSeconds(20));
      assertThrows(IOException.class, () -> poller.poll(wait, handler));
      canary.fails = false;
      long begin = System.nanoTime();
      while (canary.looks.get() < 2) {
        assertTrue(System.nanoTime() - begin < 20 * SECOND, "not asked again");
        int unused = poller.poll(Wait.upTo(Duration.ofMillis(100)), handler);
      }
    }
  }

  /** Without doubts a poller waits without a limit, for which the system would set a timer. */
  @Test
  void aPollerIsSureOfWhatItsSelectorHasFound() throws Exception {
    Deaf canary = new Deaf();
    try (Bench bench = new Bench(new Engine(Parker.SYSTEM, Engine::daemon, canary));
        SelectorPoller poller = bench.poller();
        Listener listener = bench.listen();
        Channel near = bench.connect(listener);
        Channel far = listener.accept(Bench.SOON)) {
      Registration registration = poller.register(near.source(), Framing.bytes());
      ChannelHandler handler = new ChannelHandler() {};
      Bench.write(far.sink(), "x");
      assertEquals(1, poller.poll(Bench.SOON, handler));
      // What it was asked for anew is found anew.
      registration.pause();
      Bench.write(far.sink(), "x");
      assertEquals(0, poller.poll(Wait.upTo(Duration.ofMillis(20)), handler));
      registration.resume();
      assertEquals(1, poller.poll(Bench.SOON, handler));
      Bench.write(far.sink(), "x");
      assertEquals(1, poller.poll(Bench.SOON, handler));
      canary.poller = Thread.currentThread();
      Wait wait = Wait.upTo(Duration.ofMillis(1500));
      assertEquals(0, poller.poll(wait, handler));
      assertEquals(0, canary.looks.get(), "looks");
    }
  }

  /** To ask anew gives up a watch: another process may have taken what is left meanwhile. */
  @Test
  void aPollerLooksBeforeEachPartOfARound() throws Exception {
    List<Long> looks = new ArrayList<>();
    List<Channel> open = new ArrayList<>();
    Thread here = Thread.currentThread();
    Canary canary =
        new Canary() {
          @Override
          public boolean works(Selector selector, Consumer<SelectionKey> fire) throws IOException {
            if (Thread.currentThread() == here) {
              looks.add(System.nanoTime());
            }
            return super.works(selector, fire);
          }
        };
    try (Bench bench = new Bench(new Engine(Parker.SYSTEM, Engine::daemon, canary));
        SelectorPoller poller = bench.poller();
        Listener listener = bench.listen()) {
      ChannelHandler handler = new ChannelHandler() {};
      int none = poller.poll(Wait.none(), handler);
      assertEquals(0, none);
      for (int i = 0; i < Doubts.AT_ONCE + 1; i++) {
        Channel near = bench.connect(listener);
        open.add(near);
        open.add(listener.accept(Bench.SOON));
        poller.register(near.source(), Framing.bytes());
      }
      looks.clear();
      long begin = System.nanoTime();
      while (looks.size() < 2) {
        assertTrue(System.nanoTime() - begin < 20 * SECOND, "not asked for");
        int unused = poller.poll(Wait.upTo(Duration.ofMillis(100)), handler);
      }
      long between = looks.get(1) - looks.get(0);
      assertTrue(between < SECOND / 2, between + " ns between two looks");
    } finally {
      for (Channel channel : open) {
        channel.close();
      }
    }
  }
}
