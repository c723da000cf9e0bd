// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.spi.EndDriver;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The threads that serve everything: one reactor, short-lived workers, one timer. Each exists from
 * its first need; all are daemons and gone after {@link #close()}.
 */
public final class Engine implements Executor, AutoCloseable {
  private static final System.Logger LOG = Messages.log("core");
  private static final long STOP_MILLIS = 2000;
  private static final int CARRIERS = 4;
  private static final int CORES = Runtime.getRuntime().availableProcessors();

  private final Parker parker;
  private final Upkeep upkeep;
  private final Canary canary;
  private final Reactor reactor;
  private final ThreadPoolExecutor workers;
  private final Timer timer;
  // Each has a thread from its first need.
  private final Reactor[] carriers = new Reactor[Math.min(CARRIERS, CORES)];
  private final AtomicInteger nextCarrier = new AtomicInteger();
  private final @Nullable Lookouts lookouts;
  private final Budgets budgets;
  private final Events events = new Events(serial());
  private final Set<Object> roster = ConcurrentHashMap.newKeySet();

  /** An engine that waits for real. */
  public Engine() {
    this(Parker.SYSTEM);
  }

  /** An engine whose waiting is driven from outside. */
  public Engine(Parker parker) {
    this(parker, Engine::daemon, new Canary());
  }

  /** An engine whose waiting, threads and selectors come from outside. */
  public Engine(Parker parker, Upkeep.Threads threads, Canary canary) {
    this.parker = parker;
    this.upkeep = new Upkeep(threads);
    this.canary = canary;
    this.reactor = new Reactor("penstock-reactor", upkeep, canary);
    this.timer = new Timer("penstock-timer", upkeep);
    this.lookouts = isDriven() ? null : new Lookouts(parker::nanoTime, canary);
    this.budgets = new Budgets(this);
    for (int i = 0; i < carriers.length; i++) {
      carriers[i] = new Reactor("penstock-carrier-" + (i + 1), upkeep, canary);
    }
    AtomicInteger count = new AtomicInteger();
    this.workers =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            2,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> threads.make("penstock-worker-" + count.incrementAndGet(), task));
  }

  /** Whether the waiting is driven from outside; the driver must then see all of it. */
  public boolean isDriven() {
    return parker != Parker.SYSTEM;
  }

  /** A thread that keeps nothing alive, not started yet. */
  public static Thread daemon(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    // A thread must not keep alive whichever bundle happened to cause it, nor ours: the JDK's own
    // threads inherit this.
    thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
    thread.setUncaughtExceptionHandler(
        (dead, failure) -> {
          outOfMemory(failure);
          LOG.log(Level.ERROR, dead.getName() + " died of a fault", failure);
        });
    return thread;
  }

  /**
   * Tells the guardian of the whole process that there is no memory left: a process that goes on
   * may not be able to answer any peer.
   */
  private static void outOfMemory(Throwable failure) {
    Thread.UncaughtExceptionHandler last = Thread.getDefaultUncaughtExceptionHandler();
    String what = String.valueOf(failure.getMessage());
    // Threads, and memory outside the heap, become free when other code releases some.
    boolean passes = what.contains("thread") || what.contains("direct buffer");
    if (failure instanceof OutOfMemoryError && !passes && last != null) {
      last.uncaughtException(Thread.currentThread(), failure);
    }
  }

  /** Waits for a thread to end, and says so if it does not. */
  public static void join(Thread thread, long millis) {
    try {
      thread.join(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (thread.isAlive()) {
      LOG.log(Level.WARNING, "{0} has not stopped within {1} ms", thread.getName(), millis);
    }
  }

  /** The memory for what is buffered. */
  public Budgets budgets() {
    return budgets;
  }

  /** Tells of what happens. */
  public Events events() {
    return events;
  }

  /** Shows something to operators that no scope keeps. */
  public void enlist(Object thing) {
    roster.add(thing);
  }

  /** Shows it no longer. */
  public void delist(Object thing) {
    roster.remove(thing);
  }

  /** What was enlisted; changes under the caller. */
  public Set<Object> roster() {
    return roster;
  }

  /** How threads wait and what time it is. */
  public Parker parker() {
    return parker;
  }

  /** Wakes a waiter once when a channel is ready, was closed, or the engine stops. */
  public void await(SelectableChannel channel, int ops, Waiter waiter) {
    reactor.await(channel, ops, waiter);
  }

  /** The same for a waiter that waits over and over. */
  public void await(SelectableChannel channel, int ops, Wish wish) {
    reactor.await(channel, ops, wish);
  }

  /**
   * Takes the descriptors that {@link #await} needs while there are any; without them it waits for
   * them.
   */
  public void prepareToAwait() {
    boolean unused = reactor.open();
  }

  /**
   * A reactor for users that move bytes between selectable channels on the thread that finds them
   * ready, without ever waiting: one of a few, in turn.
   */
  public Reactor carrier() {
    return carriers[Math.floorMod(nextCarrier.getAndIncrement(), carriers.length)];
  }

  /** How the calling thread can wait for a channel by itself; null if it must be parked. */
  public @Nullable Lookouts lookouts() {
    return VirtualThreads.isCurrent() ? null : lookouts;
  }

  /** Lets the selectors forget closed channels, so that their descriptors are released. */
  public void flushClosed() {
    reactor.flush();
    for (Reactor carrier : carriers) {
      carrier.flush();
    }
    flushLookouts();
  }

  /**
   * The same for what an end's driver has closed: wakes no thread whose selector does not have it.
   */
  public void flushClosed(EndDriver driver) {
    SelectableChannel channel = null;
    try {
      channel = driver.selectable();
    } catch (RuntimeException | Error e) {
      // The bundle that it is from may be gone. The caller's close goes on all the same.
      LOG.log(Level.DEBUG, "a driver does not say what it has closed", e);
    }
    if (channel == null) {
      // It is not known what was closed.
      flushClosed();
      return;
    }
    reactor.flush(channel);
    for (Reactor carrier : carriers) {
      carrier.flush(channel);
    }
    flushLookouts();
  }

  /** The same for all, and runs a task when it is done: only then is an address free. */
  public void flushClosed(Runnable then) {
    flushLookouts();
    for (Reactor carrier : carriers) {
      carrier.flush();
    }
    reactor.flush(then);
  }

  private void flushLookouts() {
    if (lookouts != null) {
      lookouts.flush();
    }
  }

  /** The same, and returns when it is done, or after a moment: only then is an address free. */
  public void settleClosed() {
    flushLookouts();
    if (!reactor.settle(STOP_MILLIS)) {
      LOG.log(Level.WARNING, "closed channels were not released within {0} ms", STOP_MILLIS);
    }
  }

  /** Runs a task on a worker; after the close, in the caller, so that nothing is lost. */
  @Override
  public void execute(Runnable task) {
    Runnable guarded =
        () -> {
          try {
            task.run();
          } catch (RuntimeException | Error e) {
            outOfMemory(e);
            LOG.log(Level.ERROR, "a callback failed", e);
          }
        };
    try {
      upkeep.begin();
      submit(guarded);
    } catch (OutOfMemoryError e) {
      // Such as no thread: code that depends on the task must not wait for ever.
      upkeep.again("a worker cannot be started", e, () -> submit(guarded));
    }
  }

  private void submit(Runnable guarded) {
    try {
      workers.execute(guarded);
    } catch (RejectedExecutionException e) {
      guarded.run();
    } catch (OutOfMemoryError e) {
      if (!upkeep.isClosed()) {
        throw e;
      }
      guarded.run();
    }
  }

  /** Opens selectors, and checks them. */
  public Canary canary() {
    return canary;
  }

  /** Keeps going what others depend on. */
  public Upkeep upkeep() {
    return upkeep;
  }

  /**
   * Runs a task on a worker after a while, unless cancelled or the engine is closed first.
   *
   * @return cancelled if the engine was closed before
   */
  public Future<?> schedule(Duration delay, Runnable task) {
    try {
      return timer.schedule(() -> execute(task), nanos(delay));
    } catch (RejectedExecutionException e) {
      // An ordinary stop: a caller that comes too late must not fail in the middle of its work.
      LOG.log(Level.DEBUG, "a task came after the stop", e);
      Future<?> never = new CompletableFuture<>();
      never.cancel(false);
      return never;
    }
  }

  private static long nanos(Duration delay) {
    try {
      return delay.toNanos();
    } catch (ArithmeticException e) {
      return Long.MAX_VALUE;
    }
  }

  /** Runs tasks one after the other, in order. */
  public Executor serial() {
    return new SerialExecutor(this);
  }

  /** Runs each task on a virtual thread of its own; empty where Java has none. */
  public Optional<Executor> virtual(String name) {
    return VirtualThreads.perTask(name);
  }

  /** Stops every thread; waits for them a moment. */
  @Override
  public void close() {
    upkeep.close();
    timer.stop();
    if (lookouts != null) {
      lookouts.close();
    }
    reactor.close();
    for (Reactor carrier : carriers) {
      carrier.close();
    }
    workers.shutdown();
    try {
      if (!workers.awaitTermination(STOP_MILLIS, TimeUnit.MILLISECONDS)) {
        workers.shutdownNow();
        if (!workers.awaitTermination(STOP_MILLIS, TimeUnit.MILLISECONDS)) {
          LOG.log(Level.WARNING, "{0} workers have not stopped", workers.getActiveCount());
        }
      }
      timer.join(STOP_MILLIS);
      canary.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "a descriptor could not be closed", e);
    } catch (InterruptedException e) {
      workers.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
