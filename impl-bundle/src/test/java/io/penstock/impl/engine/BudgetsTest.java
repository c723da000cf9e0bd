// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.MemoryLimitException;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is counted, when reading pauses, and which stream is cut. */
class BudgetsTest {
  private static final int MB = 1 << 20;

  private final Engine engine = new Engine();
  private final Budgets budgets = new Budgets(engine, 8 * MB, 8 * MB);
  private final List<Budget> inHeap = budgets.inHeap();
  private final LinkedBlockingQueue<Holder> cut = new LinkedBlockingQueue<>();

  @AfterEach
  void close() {
    engine.close();
  }

  private class Holder implements Account.Holder {
    private final String name;
    protected final AtomicLong progress = new AtomicLong();
    protected final Account account;
    private final AtomicReference<@Nullable IOException> cause = new AtomicReference<>();
    private volatile long spare;

    Holder(String name, List<Budget> limits) {
      this.name = name;
      this.account = budgets.account(this, limits);
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public long progress() {
      return progress.get();
    }

    @Override
    public void trim() {
      account.release(spare);
      spare = 0;
    }

    @Override
    public void cut(IOException why) {
      // Told again as long as it has not gone, and by two threads at once for two limits.
      boolean first = cause.getAndSet(why) == null;
      account.close();
      if (first) {
        cut.add(this);
      }
    }
  }

  private Holder next() throws InterruptedException {
    return Objects.requireNonNull(cut.poll(20, TimeUnit.SECONDS), "nobody was cut");
  }

  @Test
  void nobodyIsCutWhereWhatIsGivenBackIsEnough() throws Exception {
    Holder slow = new Holder("slow", inHeap);
    Holder idle = new Holder("idle", inHeap);
    slow.account.hold(5 * MB);
    idle.spare = 3 * MB;
    idle.account.hold(3 * MB);
    CountDownLatch room = new CountDownLatch(1);
    budgets.whenRoom(room::countDown, inHeap);
    assertTrue(room.await(20, TimeUnit.SECONDS));
    assertEquals(0, idle.account.held());
    assertNull(cut.poll(300, TimeUnit.MILLISECONDS));
    assertEquals(5 * MB, slow.account.held());
    slow.account.hold(3 * MB);
    assertEquals(slow, next());
  }

  @Test
  void somebodyIsCutThoughSomethingIsGivenBackAtEachLook() throws Exception {
    Holder slow = new Holder("slow", inHeap);
    Holder busy =
        new Holder("busy", inHeap) {
          @Override
          public void trim() {
            account.hold(MB);
            account.release(MB + 1);
          }
        };
    slow.account.hold(5 * MB);
    busy.account.hold(3 * MB);
    assertEquals(slow, next());
  }

  /** What one gives back at each look, and holds again before the next one, is no room. */
  @Test
  void somebodyIsCutWhereWhatIsGivenBackIsSoonHeldAgain() throws Exception {
    Holder slow = new Holder("slow", inHeap);
    Holder busy =
        new Holder("busy", inHeap) {
          @Override
          public void trim() {
            account.release(5 * MB);
            Future<?> unused =
                engine.schedule(Budgets.GRACE.dividedBy(5), () -> account.hold(5 * MB));
          }
        };
    slow.account.hold(3 * MB);
    busy.account.hold(5 * MB);
    assertEquals(slow, next());
  }

  @Test
  void oneThatIsCutAndHoldsOnDoesNotSaveTheOthers() throws Exception {
    Holder stuck =
        new Holder("stuck", inHeap) {
          @Override
          public void cut(IOException why) {
            cut.add(this);
          }
        };
    Holder other = new Holder("other", inHeap);
    stuck.account.hold(5 * MB);
    other.account.hold(3 * MB);
    Holder now = next();
    for (int i = 0; i < 20 && now == stuck; i++) {
      now = next();
    }
    assertEquals(other, now);
  }

  @Test
  void whatOneLimitCutsIsEnoughForAnother() throws Exception {
    List<Budget> both = budgets.inHeap(budgets.relay("mine", 8 * MB));
    Holder large =
        new Holder("large", both) {
          @Override
          public void cut(IOException why) {
            Future<?> unused = engine.schedule(Budgets.GRACE.dividedBy(5), () -> super.cut(why));
          }
        };
    Holder small = new Holder("small", both);
    large.account.hold(5 * MB);
    small.account.hold(3 * MB);
    assertEquals(large, next());
    assertNull(cut.poll(Budgets.GRACE.toMillis() * 2, TimeUnit.MILLISECONDS));
    assertEquals(3 * MB, budgets.heap().held());
  }

  @Test
  void whatWasLetGoIsForgotten() {
    Holder holder = new Holder("one", inHeap);
    holder.account.hold(MB);
    holder.account.look(budgets.now());
    holder.account.release(MB);
    long between = budgets.now();
    holder.account.hold(MB);
    long now = budgets.now();
    assertTrue(holder.account.slowFor(now) > 0);
    assertTrue(holder.account.slowFor(now) <= now - between);
  }

  @Test
  void aTaskMayWaitForALookThoughThereIsRoom() throws Exception {
    long start = budgets.now();
    CountDownLatch looked = new CountDownLatch(1);
    budgets.whenLooked(looked::countDown);
    assertTrue(looked.await(20, TimeUnit.SECONDS));
    assertTrue(budgets.now() - start >= Budgets.GRACE.toNanos());
  }

  @Test
  void nobodyIsCutForALimitThatIsNotReachedAnyMore() throws Exception {
    Holder slow = new Holder("slow", inHeap);
    AtomicInteger looks = new AtomicInteger();
    CountDownLatch three = new CountDownLatch(3);
    Holder other =
        new Holder("other", inHeap) {
          @Override
          public long progress() {
            // Before the third look judges, and not in a trim, which would count as given back.
            if (looks.incrementAndGet() == 3) {
              account.release(3 * MB / 2);
            }
            three.countDown();
            return looks.get() * (8L * MB);
          }
        };
    slow.progress.set(100 * MB);
    slow.account.hold(5 * MB);
    other.account.hold(3 * MB);
    assertTrue(three.await(20, TimeUnit.SECONDS));
    assertNull(cut.poll(Budgets.GRACE.toMillis() * 2, TimeUnit.MILLISECONDS));
  }

  @Test
  void whatIsHeldIsCountedOnceAndGivenBackOnce() {
    Holder holder = new Holder("one", inHeap);
    holder.account.hold(3 * MB);
    holder.account.hold(MB);
    assertEquals(4 * MB, budgets.heap().held());
    assertEquals(4 * MB, budgets.container().held());
    assertEquals(0, budgets.direct().held());
    holder.account.release(MB);
    assertEquals(3 * MB, budgets.heap().held());
    holder.account.release(100 * MB);
    assertEquals(0, budgets.heap().held());
    holder.account.close();
    holder.account.hold(MB);
    assertEquals(0, budgets.heap().held(), "of an account that is closed");
    assertEquals(0, budgets.container().held());
  }

  @Test
  void piecesBecomeSmallWhileMemoryIsScarceAndNoneAreReadWhenThereIsNone() {
    Holder holder = new Holder("one", inHeap);
    holder.account.hold(5 * MB);
    assertEquals(MB, budgets.piece(MB, inHeap));
    holder.account.hold(MB);
    assertEquals(Account.SMALL, budgets.piece(MB, inHeap));
    assertEquals(100, budgets.piece(100, inHeap));
    holder.account.hold(2 * MB);
    assertEquals(0, budgets.piece(MB, inHeap));
    assertEquals(MB, budgets.piece(MB, budgets.outside()), "there is memory outside the heap");
    assertEquals(0, budgets.piece(MB, budgets.anywhere()));
  }

  @Test
  void whoeverHasHeldMostForLongestIsCutAndWhoWaitedGoesOn() throws Exception {
    Holder small = new Holder("small", inHeap);
    small.account.hold(MB);
    Holder large = new Holder("large", inHeap);
    large.account.hold(5 * MB);
    Holder busy = new Holder("busy", inHeap);
    busy.account.hold(2 * MB);
    busy.progress.set(Long.MAX_VALUE / 2);
    LinkedBlockingQueue<String> room = new LinkedBlockingQueue<>();
    assertEquals(0, budgets.piece(1, inHeap));
    budgets.whenRoom(() -> room.add("there is room"), inHeap);
    assertEquals("large", next().name);
    MemoryLimitException cause = assertInstanceOf(MemoryLimitException.class, large.cause.get());
    assertEquals(5 * MB, cause.count());
    assertEquals("large", cause.stream());
    String message = String.valueOf(cause.getMessage());
    assertTrue(
        message.startsWith(
            "large: cut, because the heap may hold 8388608 bytes of buffers and this connection"
                + " has held 5242880 of them for "),
        message);
    assertEquals("there is room", room.poll(20, TimeUnit.SECONDS));
    assertNull(cut.poll(Budgets.GRACE.toMillis() * 2, TimeUnit.MILLISECONDS), "nobody else");
    assertEquals(3 * MB, budgets.heap().held());
  }

  @Test
  void aLimitOfOnesOwnCutsOnesOwn() throws Exception {
    List<Budget> own = budgets.inHeap(budgets.relay("mine", MB));
    Holder other = new Holder("other", inHeap);
    other.account.hold(6 * MB);
    Holder mine = new Holder("mine", own);
    mine.account.hold(MB);
    assertEquals("mine", next().name);
    assertNull(other.cause.get());
  }

  @Test
  void descriptorsAreScarceWhenFewerThanAQuarterAreFree() {
    assertFalse(MemoryFacts.scarce(1000, 750));
    assertTrue(MemoryFacts.scarce(1000, 751));
    assertFalse(MemoryFacts.scarce(-1, 751), "no limit");
    assertFalse(MemoryFacts.scarce(1000, -1), "not known");
  }

  @Test
  void sizesAreReadAsTheVirtualMachineReadsThem() {
    assertEquals(64L << 20, MemoryFacts.size("64m"));
    assertEquals(2L << 30, MemoryFacts.size("2G"));
    assertEquals(4096, MemoryFacts.size("4096"));
    assertEquals(0, MemoryFacts.size("much"));
    assertTrue(MemoryFacts.direct() >= MemoryFacts.CERTAIN);
    assertTrue(MemoryFacts.connections(1) >= MemoryFacts.connections(4));
    assertTrue(MemoryFacts.connections(Integer.MAX_VALUE) > 0);
  }
}
