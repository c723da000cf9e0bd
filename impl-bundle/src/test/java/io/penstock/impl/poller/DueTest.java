// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** The queue of what is due keeps the order, has each once, and loses none. */
class DueTest {
  private static final int MANY = 5;
  private static final int ROUNDS = 300_000;

  private static final class One extends Due.Link<One> {
    /** Set before it is added, and taken by the look. */
    private final AtomicBoolean wants = new AtomicBoolean();
  }

  private final Due<One> due = new Due<>();

  @Test
  void oldestComesFirst() {
    One a = new One();
    One b = new One();
    One c = new One();
    assertTrue(due.isEmpty());
    assertTrue(due.add(a));
    assertTrue(due.add(b));
    assertFalse(due.isEmpty());
    assertSame(a, due.poll());
    assertTrue(due.add(c));
    assertSame(b, due.poll());
    assertSame(c, due.poll());
    assertNull(due.poll());
    assertTrue(due.isEmpty());
  }

  @Test
  void whatThePollingThreadAddsComesBehindWhatCameBefore() {
    One a = new One();
    One b = new One();
    One c = new One();
    One d = new One();
    due.addMine(a);
    due.add(b);
    due.addMine(c);
    due.addMine(b);
    due.add(d);
    assertSame(a, due.poll());
    due.putBack(a);
    assertSame(b, due.poll());
    assertSame(c, due.poll());
    assertSame(d, due.poll());
    assertSame(a, due.poll());
    assertNull(due.poll());
    a.looksNow();
    b.looksNow();
    due.addMine(a);
    due.addMine(b);
    due.clear();
    assertTrue(due.isEmpty());
    due.add(a);
    assertTrue(due.isEmpty(), "it is queued still");
    a.looksNow();
    due.addMine(a);
    assertSame(a, due.poll());
    assertNull(due.poll());
  }

  @Test
  void eachIsThereOnceUntilItIsLookedAt() {
    One a = new One();
    One b = new One();
    assertTrue(due.add(a));
    assertFalse(due.add(a));
    assertTrue(due.add(b));
    assertSame(a, due.poll());
    assertFalse(due.add(a));
    due.putBack(a);
    assertSame(b, due.poll());
    assertSame(a, due.poll());
    a.looksNow();
    assertTrue(due.add(a));
    due.clear();
    assertNull(due.poll());
  }

  @Test
  void noneIsLostBetweenThreads() throws Exception {
    List<One> all = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      all.add(new One());
    }
    CountDownLatch done = new CountDownLatch(2);
    for (int i = 0; i < 2; i++) {
      Thread thread =
          new Thread(
              () -> {
                for (int j = 0; j < ROUNDS; j++) {
                  One one = all.get(ThreadLocalRandom.current().nextInt(MANY));
                  one.wants.set(true);
                  due.add(one);
                }
                done.countDown();
              });
      thread.setDaemon(true);
      thread.start();
    }
    boolean last = false;
    while (true) {
      One one = due.poll();
      if (one != null) {
        one.looksNow();
        one.wants.set(false);
        One other = all.get(ThreadLocalRandom.current().nextInt(MANY));
        if (done.getCount() > 0) {
          other.wants.set(true);
          due.addMine(other);
        }
      } else if (last) {
        break;
      } else {
        last = done.getCount() == 0;
      }
    }
    assertEquals(0, all.stream().filter(one -> one.wants.get()).count());
  }
}
