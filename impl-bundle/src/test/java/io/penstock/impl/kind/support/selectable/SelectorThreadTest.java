// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.engine.Canary;
import io.penstock.impl.kind.Peers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nothing that a thread was handed is lost, whatever fails, and whatever the system refuses. */
class SelectorThreadTest {
  private final List<Pipe> pipes = new ArrayList<>();
  private final Set<Pipe.SourceChannel> told = ConcurrentHashMap.newKeySet();
  private final AtomicInteger opened = new AtomicInteger();
  private final AtomicInteger refusals = new AtomicInteger();
  private final AtomicInteger faults = new AtomicInteger();
  private final CountDownLatch checks = new CountDownLatch(2);
  private CountDownLatch all = new CountDownLatch(0);

  private final SelectorThread<Pipe.SourceChannel> thread =
      new SelectorThread<>(
          "penstock-test",
          () -> {
            opened.incrementAndGet();
            return Selector.open();
          },
          this::work,
          key -> (Pipe.SourceChannel) key.channel(),
          this::check);

  private boolean check(Selector selector, Consumer<SelectionKey> fire) throws IOException {
    checks.countDown();
    return Canary.probe(selector, fire) && refusals.getAndDecrement() <= 0;
  }

  @AfterEach
  void close() throws IOException {
    for (Pipe pipe : pipes) {
      pipe.sink().close();
      pipe.source().close();
    }
    thread.release();
  }

  private void work(Selector current) throws IOException {
    while (true) {
      if (thread.released()) {
        current.selectNow(this::fire);
      } else {
        thread.select(current, this::fire);
      }
      if (thread.take(current, current.keys().isEmpty(), one -> register(one, current)) < 0) {
        return;
      }
    }
  }

  private void register(Pipe.SourceChannel channel, Selector current) {
    if (faults.getAndDecrement() > 0) {
      throw new OutOfMemoryError("planted");
    }
    try {
      channel.register(current, SelectionKey.OP_READ);
    } catch (ClosedChannelException e) {
      throw new AssertionError(e);
    }
  }

  private void fire(SelectionKey key) {
    key.interestOps(0);
    if (told.add((Pipe.SourceChannel) key.channel())) {
      all.countDown();
    }
  }

  private void hand(int count) throws IOException {
    all = new CountDownLatch(count);
    for (int i = 0; i < count; i++) {
      Pipe pipe = Pipe.open();
      pipes.add(pipe);
      pipe.source().configureBlocking(false);
      thread.hand(pipe.source());
    }
  }

  private void fillAndAwait() throws Exception {
    for (Pipe pipe : pipes) {
      assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    }
    assertTrue(all.await(20, TimeUnit.SECONDS), () -> "told of " + told.size());
  }

  @Test
  void whatTheSystemDoesNotWatchIsGivenToItAgain() throws Exception {
    refusals.set(2);
    hand(3);
    Peers.eventually("the system serves it", () -> refusals.get() < 0);
    assertEquals(3, opened.get(), "two selectors were given up");
    fillAndAwait();
  }

  @Test
  void nothingIsLostWhenTheThreadFailsInTheMiddle() throws Exception {
    faults.set(2);
    hand(5);
    fillAndAwait();
    assertTrue(faults.get() < 0, "the faults were met");
  }

  @Test
  void whatWasThereBeforeIsWatchedOn() throws Exception {
    hand(1);
    faults.set(1);
    hand(1);
    all = new CountDownLatch(2);
    fillAndAwait();
  }

  /** A refusal of one channel alone shows to no check. */
  @Test
  void whatIsWaitedForIsAskedForMoreThanOnce() throws Exception {
    hand(2);
    assertTrue(checks.await(20, TimeUnit.SECONDS), "it was asked for once");
    assertTrue(told.isEmpty());
    fillAndAwait();
  }

  @Test
  void selectorThatIsServedIsFoundToBe() throws Exception {
    try (Selector selector = Selector.open()) {
      hand(0);
      Pipe pipe = Pipe.open();
      pipes.add(pipe);
      pipe.source().configureBlocking(false);
      SelectionKey key = pipe.source().register(selector, SelectionKey.OP_READ);
      assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
      List<SelectionKey> fired = new ArrayList<>();
      assertTrue(Canary.probe(selector, fired::add));
      assertTrue(fired.contains(key), "who is ready meanwhile is told");
      assertEquals(Set.of(key), selector.keys(), "nothing of the check is left");
    }
  }
}
