// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which waiters are taken out, and that a wish that is kept is in one list at most. */
class AwaitedTest {
  private final Awaited awaited = new Awaited();
  private final Queue<Waiter> found = new ArrayDeque<>();
  private final List<Pipe> pipes = new ArrayList<>();
  private Selector selector;

  @BeforeEach
  void open() throws IOException {
    selector = Selector.open();
    for (int i = 0; i < 3; i++) {
      Pipe pipe = Pipe.open();
      pipe.source().configureBlocking(false);
      pipe.sink().configureBlocking(false);
      pipes.add(pipe);
    }
  }

  @AfterEach
  void close() throws IOException {
    for (Pipe each : pipes) {
      each.source().close();
      each.sink().close();
    }
    selector.close();
  }

  private Wish register(int pipe) throws IOException {
    Wish wish = new Wish(() -> {});
    return register(pipe, wish);
  }

  private Wish register(int pipe, Wish wish) throws IOException {
    wish.ops = SelectionKey.OP_READ;
    awaited.register(selector, source(pipe), wish);
    return wish;
  }

  private SelectableChannel source(int pipe) {
    return pipes.get(pipe).source();
  }

  private void makeReady(int pipe) throws IOException {
    assertEquals(1, pipes.get(pipe).sink().write(ByteBuffer.allocate(1)));
  }

  private List<SelectionKey> keys() {
    List<SelectionKey> keys = new ArrayList<>();
    awaited.forEach(keys::add);
    return keys;
  }

  private void select() throws IOException {
    int unused = selector.selectNow(key -> awaited.fire(key, found));
  }

  @Test
  void allWaitersOfAReadyKeyAreTakenOutAndOthersStay() throws IOException {
    Wish first = register(0);
    Wish second = register(0);
    Wish other = register(1);
    makeReady(0);
    select();
    assertEquals(2, found.size());
    assertTrue(found.contains(first.waiter));
    assertTrue(found.contains(second.waiter));
    assertEquals(List.of(source(1).keyFor(selector)), keys());
    found.clear();

    makeReady(1);
    select();
    assertEquals(List.of(other.waiter), List.copyOf(found));
    assertEquals(List.of(), keys());
  }

  @Test
  void aKeptWishComesAgainAndAgain() throws IOException {
    register(1);
    Wish kept = new Wish(() -> {});
    makeReady(0);
    for (int i = 0; i < 3; i++) {
      register(0, kept);
      select();
      assertEquals(List.of(kept.waiter), List.copyOf(found));
      found.clear();
      select();
      assertTrue(found.isEmpty());
    }
  }

  /** As after a close that wakes a waiter while its wish is still on its way. */
  @Test
  void aWishThatIsRegisteredTwiceIsListedOnce() throws IOException {
    Wish wish = register(0);
    register(0, wish);
    makeReady(0);
    select();
    assertEquals(List.of(wish.waiter), List.copyOf(found));
    assertEquals(List.of(), keys());
  }

  @Test
  void theWaitersOfClosedChannelsAreTakenOutWhereverTheyAre() throws IOException {
    Wish[] wishes = {register(0), register(1), register(2)};
    source(0).close();
    source(2).close();
    awaited.fireClosed(found);
    assertEquals(2, found.size());
    assertTrue(found.contains(wishes[0].waiter));
    assertTrue(found.contains(wishes[2].waiter));
    assertEquals(List.of(source(1).keyFor(selector)), keys());
    found.clear();

    awaited.fireAll(found);
    assertEquals(List.of(wishes[1].waiter), List.copyOf(found));
    assertEquals(List.of(), keys());
  }
}
