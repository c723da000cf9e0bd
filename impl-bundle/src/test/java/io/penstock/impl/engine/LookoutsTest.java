// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.core.SourceEnd;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.SelectorProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Threads that wait for a channel by themselves. */
class LookoutsTest {
  private final Engine engine = new Engine();
  private final List<Pipe> pipes = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (Pipe pipe : pipes) {
      pipe.source().close();
      pipe.sink().close();
    }
    engine.close();
    for (Thread thread : threads) {
      thread.join(20_000);
    }
  }

  private Pipe pipe() throws IOException {
    Pipe pipe = Pipe.open();
    pipe.source().configureBlocking(false);
    pipes.add(pipe);
    return pipe;
  }

  private SourceEnd end(Pipe pipe) {
    return new SourceEnd("source", engine, Wait.forever(), new PipeInput(pipe));
  }

  private <T> FutureTask<T> start(Callable<T> call) {
    FutureTask<T> task = new FutureTask<>(call);
    Thread thread = new Thread(task);
    threads.add(thread);
    thread.start();
    return task;
  }

  private FutureTask<Integer> read(SourceEnd end) {
    return start(() -> end.read(ByteBuffer.allocate(10)));
  }

  private static <T> T get(FutureTask<T> task) throws Exception {
    return task.get(20, TimeUnit.SECONDS);
  }

  /** Returns the thread that waits at an end, once its stack is as it should be. */
  private static Thread waiting(SourceEnd end, Predicate<StackTraceElement> where) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (System.nanoTime() < deadline) {
      AtomicReference<Thread> found = new AtomicReference<>();
      end.eachWaiting((thread, since) -> found.set(thread));
      Thread thread = found.get();
      if (thread != null && List.of(thread.getStackTrace()).stream().anyMatch(where)) {
        return thread;
      }
      LockSupport.parkNanos(100_000);
    }
    throw new AssertionError("nobody waits in the way that was expected");
  }

  private static boolean selects(StackTraceElement at) {
    return at.getClassName().equals(Lookout.class.getName());
  }

  private static boolean parks(StackTraceElement at) {
    return at.getClassName().equals(LockSupport.class.getName());
  }

  @Test
  void whoWaitsIsWokenByTheSystem() throws Exception {
    Pipe pipe = pipe();
    SourceEnd end = end(pipe);
    for (int i = 0; i < 3; i++) {
      FutureTask<Integer> read = read(end);
      Thread unused = waiting(end, LookoutsTest::selects);
      assertEquals(3, pipe.sink().write(ByteBuffer.wrap(new byte[3])));
      assertEquals(3, get(read));
    }
  }

  @Test
  void whenAllAreInUseTheReactorWakes() throws Exception {
    List<SourceEnd> ends = new ArrayList<>();
    List<FutureTask<Integer>> reads = new ArrayList<>();
    for (int i = 0; i < Lookouts.MAX; i++) {
      SourceEnd end = end(pipe());
      ends.add(end);
      reads.add(read(end));
      Thread unused = waiting(end, LookoutsTest::selects);
    }
    SourceEnd more = end(pipe());
    ends.add(more);
    reads.add(read(more));
    Thread unused = waiting(more, LookoutsTest::parks);
    for (Pipe pipe : pipes) {
      assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    }
    for (FutureTask<Integer> read : reads) {
      assertEquals(1, get(read));
    }
  }

  @Test
  void aCloseEndsTheWaitAndLetsTheDescriptorGo() throws Exception {
    Pipe pipe = pipe();
    SourceEnd end = end(pipe);
    FutureTask<Integer> read = read(end);
    Thread unused = waiting(end, LookoutsTest::selects);
    end.close();
    ExecutionException thrown = assertThrows(ExecutionException.class, () -> get(read));
    assertEquals(StreamClosedWhileWaitingException.class, thrown.getCause().getClass());
    assertBroken(pipe);
  }

  @Test
  void aCloseBetweenTwoWaitsLetsTheDescriptorGo() throws Exception {
    Pipe pipe = pipe();
    SourceEnd end = end(pipe);
    FutureTask<Integer> read = read(end);
    Thread unused = waiting(end, LookoutsTest::selects);
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    assertEquals(1, get(read));
    end.close();
    assertThrows(IOException.class, () -> pipe.sink().write(ByteBuffer.allocate(1)));
  }

  @Test
  void aCloseWhileSomebodyIsAboutToLeaveLetsTheDescriptorGo() throws Exception {
    Pipe pipe = pipe();
    Lookouts all = new Lookouts(System::nanoTime, new Canary());
    Lookout one = assertNotNullNow(take(all, end(pipe), 0, null));
    assertFalse(one.await(1));
    pipe.source().close();
    all.flush();
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    one.free(0);
    assertThrows(IOException.class, () -> pipe.sink().write(ByteBuffer.allocate(1)));
    all.close();
  }

  /** Such as that of a child whose output is still read so that it does not stall. */
  @Test
  void anEndThatIsClosedNeedsNoneThoughItsChannelIsOpen() throws Exception {
    AtomicLong now = new AtomicLong();
    Lookouts all = new Lookouts(now::get, new Canary());
    SourceEnd closed = end(pipe());
    Lookout one = assertNotNullNow(take(all, closed, 0, null));
    one.free(now.get());
    closed.markClosed();
    assertSame(one, take(all, end(pipe()), 1, null));
    all.close();
  }

  @Test
  void aChannelThatIsClosedWhileBeingRegisteredIsLetGo() throws Exception {
    Pipe pipe = pipe();
    Lookouts all = new Lookouts(System::nanoTime, new Canary());
    Lookout one = assertNotNullNow(take(all, end(pipe), 0, null));
    // As if the flush had come before the registration was known.
    pipe.source().close();
    one.free(0);
    assertThrows(IOException.class, () -> pipe.sink().write(ByteBuffer.allocate(1)));
    all.close();
  }

  /** Is closed, and the selectors told so, before the registering thread has its key. */
  private final class ClosedTooSoon extends SelectableChannel {
    private final Pipe.SourceChannel channel;

    ClosedTooSoon(Pipe.SourceChannel channel) {
      this.channel = channel;
    }

    @Override
    public SelectionKey register(Selector selector, int operations, Object attachment)
        throws ClosedChannelException {
      SelectionKey key = channel.register(selector, operations, attachment);
      try {
        channel.close();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      engine.flushClosed();
      return key;
    }

    @Override
    public SelectorProvider provider() {
      return channel.provider();
    }

    @Override
    public int validOps() {
      return channel.validOps();
    }

    @Override
    public boolean isRegistered() {
      return channel.isRegistered();
    }

    @Override
    public SelectionKey keyFor(Selector selector) {
      return channel.keyFor(selector);
    }

    @Override
    public SelectableChannel configureBlocking(boolean block) throws IOException {
      return channel.configureBlocking(block);
    }

    @Override
    public boolean isBlocking() {
      return channel.isBlocking();
    }

    @Override
    public Object blockingLock() {
      return channel.blockingLock();
    }

    @Override
    protected void implCloseChannel() throws IOException {
      channel.close();
    }
  }

  @Test
  void nobodySleepsOnAChannelThatIsClosedWhileBeingRegistered() throws Exception {
    Pipe pipe = pipe();
    Lookouts lookouts = engine.lookouts();
    assertNotNull(lookouts);
    assertNull(
        lookouts.take(end(pipe), null, new ClosedTooSoon(pipe.source()), SelectionKey.OP_READ));
    assertBroken(pipe);
  }

  @Test
  void aLimitThatIsChangedHoldsForWhoWaits() throws Exception {
    SourceEnd end = end(pipe());
    FutureTask<Integer> read = read(end);
    Thread unused = waiting(end, LookoutsTest::selects);
    end.readWait(Wait.none());
    assertEquals(0, get(read));
  }

  /** The system says so when nobody has the other end open; the waiting caller may be leaving. */
  private static void assertBroken(Pipe pipe) throws Exception {
    pipe.sink().configureBlocking(false);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (System.nanoTime() < deadline) {
      try {
        int unused = pipe.sink().write(ByteBuffer.allocate(1));
      } catch (IOException e) {
        return;
      }
      LockSupport.parkNanos(1_000_000);
    }
    throw new AssertionError("the descriptor of a closed channel is still open");
  }

  @Test
  void limitsAreKept() throws Exception {
    SourceEnd end = end(pipe());
    for (int millis : new int[] {5, 60}) {
      long start = System.nanoTime();
      assertThrows(
          StreamTimeoutException.class,
          () -> end.read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofMillis(millis))));
      assertTrue(System.nanoTime() - start >= millis * 1_000_000L, "before its time");
    }
  }

  @Test
  void theEndOfTheEngineLeavesNobodyWaiting() throws Exception {
    SourceEnd end = end(pipe());
    FutureTask<Integer> read = read(end);
    Thread unused = waiting(end, LookoutsTest::selects);
    engine.close();
    end.close();
    assertThrows(ExecutionException.class, () -> get(read));
  }

  /** It is asked anew only for what it has not been found to watch. */
  @Test
  void whatWasFoundReadyIsInNoDoubt() throws Exception {
    AtomicInteger looks = new AtomicInteger();
    Canary canary =
        new Canary() {
          @Override
          public boolean works(Selector selector, Consumer<SelectionKey> fire) throws IOException {
            looks.incrementAndGet();
            return super.works(selector, fire);
          }
        };
    Pipe pipe = pipe();
    SourceEnd end = end(pipe);
    Lookout one = new Lookout(canary);
    int opened = looks.get();
    long longer = Canary.PERIOD_NANOS + Canary.PERIOD_NANOS / 10;
    one.watch(end, pipe.source(), SelectionKey.OP_READ);
    assertFalse(one.await(longer));
    assertEquals(1, looks.get() - opened, "looks for what is in doubt");
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    assertTrue(one.await(Long.MAX_VALUE));
    assertEquals(1, pipe.source().read(ByteBuffer.allocate(1)));
    one.watch(end, pipe.source(), SelectionKey.OP_READ);
    assertFalse(one.await(2 * longer));
    assertEquals(1, looks.get() - opened, "looks for what was found");
    one.close();
  }

  @Test
  void oneWhoseSelectorFailsIsNotUsedAgain() throws Exception {
    Pipe pipe = pipe();
    Lookout failing = new Lookout(new Canary());
    failing.watch(end(pipe), pipe.source(), SelectionKey.OP_READ);
    failing.selector.close();
    assertTrue(failing.await(Long.MAX_VALUE), "there was nothing to wait with");
    failing.free(0);
    assertFalse(failing.take());
  }

  @Test
  void oneIsKeptForAWhileAndThenLeftToOthers() throws Exception {
    AtomicLong now = new AtomicLong();
    Lookouts all = new Lookouts(now::get, new Canary());
    List<SourceEnd> ends = new ArrayList<>();
    List<Lookout> taken = new ArrayList<>();
    for (int i = 0; i <= Lookouts.MAX; i++) {
      ends.add(end(pipe()));
      Lookout one = take(all, ends.get(i), i, null);
      if (i < Lookouts.MAX) {
        taken.add(assertNotNullNow(one));
      } else {
        assertNull(one);
      }
    }
    taken.get(7).free(now.get());
    assertNull(take(all, ends.get(Lookouts.MAX), Lookouts.MAX, null));
    assertSame(taken.get(7), take(all, ends.get(7), 7, taken.get(7)));
    taken.get(7).free(now.get());
    now.addAndGet(TimeUnit.SECONDS.toNanos(2));
    assertSame(taken.get(7), take(all, ends.get(Lookouts.MAX), Lookouts.MAX, null));
    assertNull(take(all, ends.get(7), 7, taken.get(7)));
    all.close();
  }

  private static Lookout assertNotNullNow(Lookout one) {
    assertNotNull(one);
    return one;
  }

  private Lookout take(Lookouts all, SourceEnd end, int at, Lookout last) {
    return all.take(end, last, pipes.get(at).source(), SelectionKey.OP_READ);
  }
}
