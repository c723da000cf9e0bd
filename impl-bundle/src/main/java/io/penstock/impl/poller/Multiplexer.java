// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.impl.core.Spinner;
import io.penstock.impl.engine.Canary;
import io.penstock.impl.engine.Parker;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.System.Logger.Level;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The poller's selector: the one place where it waits. Everything but {@link #wake}, {@link
 * #release} and {@link #letGo} is for the thread that has the turn to poll.
 */
final class Multiplexer {
  private static final System.Logger LOG = Messages.log("poller");

  /** How long the polling thread may take to leave the selector once it was woken. */
  private static final long LEAVE_MILLIS = 2000;

  private final Consumer<Entry> due;
  private final Alarms alarms;
  private final Canary canary;
  private final Parker clock;
  private final Spinner spinner;
  private final Queue<Entry> releases = new ConcurrentLinkedQueue<>();
  private final Consumer<SelectionKey> fire = this::fire;
  private final AtomicBoolean waiting = new AtomicBoolean();
  // Taken for each wait in the selector, so that no other thread gets stuck behind one.
  private final SelectorTurn asleep = new SelectorTurn();
  private volatile @Nullable Selector selector;
  private boolean cancelled;
  // How many of the selector's keys are nobody's.
  private int extra;
  private final Doubts doubts = new Doubts();
  // Whether the system is to be asked anew for a channel, and when the selector is checked next.
  private boolean unchecked;
  private long checkAt;
  // The selector is not checked again before.
  private long restUntil = System.nanoTime();
  private boolean refused;
  private volatile long selects;
  private volatile long spins;

  /**
   * Makes one without a selector, which is opened at the first need.
   *
   * @param due is told of the entries that the selector finds ready, and of those whose alarm rings
   * @param spinner how long to ask again before waiting
   * @param canary opens and checks the selector
   */
  Multiplexer(Consumer<Entry> due, Parker clock, Spinner spinner, Canary canary) {
    this.due = due;
    this.canary = canary;
    this.clock = clock;
    this.spinner = spinner;
    this.alarms = new Alarms(clock);
  }

  /** When which entry is due though nothing comes. */
  Alarms alarms() {
    return alarms;
  }

  /** How often the poller looked which entries are ready, with or without a wait. */
  long selects() {
    return selects;
  }

  /** How often it was asked again for a while before a wait. */
  long spins() {
    return spins;
  }

  /** Whether the selector keeps a channel's descriptor from being let go. */
  boolean holds(SelectableChannel channel) {
    Selector current = selector;
    return current != null && channel.keyFor(current) != null;
  }

  boolean isOpen() {
    return selector != null;
  }

  // ---- waiting

  /**
   * Finds out which keys are ready.
   *
   * @param nanos how long to wait for one; 0 or less for not at all
   * @param idle whether there is nothing to do but wait
   */
  void select(long nanos, BooleanSupplier idle) throws IOException {
    // Opened here and not when the first key comes: that it cannot be is no entry's failure.
    Selector current = open();
    drain();
    long left = nanos <= 0 ? 0 : alarms.left(nanos);
    if (left <= 0) {
      selectNow();
    } else if (!askAgain(current, left, idle)) {
      await(current, left, idle);
    }
    alarms.ring(due);
  }

  /** Asks for as long as that pays before waiting; returns whether there is something to do. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // only with the turn
  private boolean askAgain(Selector current, long left, BooleanSupplier idle) throws IOException {
    long budget = spinner.budget(left);
    if (budget <= 0) {
      return false;
    }
    spins++;
    // Without a key there is nothing that only the system knows.
    boolean knows = current.keys().size() == extra;
    boolean first = true;
    long start = clock.nanoTime();
    do {
      if (knows) {
        Thread.onSpinWait();
      } else {
        current.selectNow(fire);
        cancelled = false;
      }
      if (!idle.getAsBoolean() || hasReleases()) {
        // What comes at once would have ended a wait at once, too.
        if (!first) {
          spinner.found();
        }
        counted();
        return true;
      }
      first = false;
    } while (clock.nanoTime() - start < budget);
    spinner.inVain();
    return false;
  }

  private void await(Selector current, long nanos, BooleanSupplier idle) throws IOException {
    asleep.enter();
    waiting.set(true);
    try {
      // From here on a thread that changes something wakes the selector; what changed before is
      // seen now.
      if (!idle.getAsBoolean() || hasReleases()) {
        drain();
        selectNow();
      } else {
        counted();
        current.select(fire, millis(Math.min(nanos, untilCheck())));
        cancelled = false;
        check(current);
      }
    } finally {
      waiting.set(false);
      asleep.leave();
    }
  }

  private long untilCheck() {
    return unchecked ? Math.max(1, checkAt - System.nanoTime()) : Long.MAX_VALUE;
  }

  private void check(Selector current) throws IOException {
    if (!unchecked) {
      return;
    }
    long now = System.nanoTime();
    if (checkAt - now <= 0) {
      check(current, now);
    }
  }

  /**
   * Looks whether the selector works, some times after a channel was registered, and not more often
   * than each period. A round is an exception: each wait that ends looks, and asks for a few
   * channels, so that those which are served do not wait for all.
   */
  private void check(Selector current, long now) throws IOException {
    restUntil = now + Canary.PERIOD_NANOS;
    // It stays to be checked if this fails.
    checkAt = restUntil;
    // In each wait of a round, too: to ask anew gives up a watch that may not be had again.
    boolean works = canary.works(current, fire);
    if (works) {
      List<SelectionKey> unsure = doubts.due(now);
      unchecked = false;
      soonest();
      Canary.askAnew(current, unsure, fire);
    } else {
      // Everybody is tried, and watched again, of which doubts arise anew.
      doubts.clear();
      for (SelectionKey key : current.keys()) {
        for (Entry entry = first(key); entry != null; entry = entry.nextOfKey) {
          entry.ops = 0;
          due.accept(entry);
        }
      }
      // Last, because it may fail.
      Canary.forget(current, current.keys(), fire);
      if (!refused) {
        LOG.log(Level.ERROR, "a poller may not hear of its channels: {0}", Canary.refused());
      }
    }
    refused = !works;
  }

  /** The next check, if there is something in doubt. */
  private void soonest() {
    if (!doubts.isEmpty()) {
      long next = doubts.next();
      // A round that is under way goes on at once.
      long at = next - restUntil < 0 && !doubts.isUnderWay() ? restUntil : next;
      if (!unchecked || at - checkAt < 0) {
        unchecked = true;
        checkAt = at;
      }
    }
  }

  private static long millis(long nanos) {
    // The selector takes 0 for "without limit".
    return nanos == Long.MAX_VALUE
        ? 0
        : Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos + 999_999));
  }

  private void selectNow() throws IOException {
    Selector current = selector;
    if (current != null && current.keys().size() > extra) {
      counted();
      current.selectNow(fire);
    }
    cancelled = false;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only with the turn
  private void counted() {
    selects++;
  }

  private Selector open() throws IOException {
    Selector current = selector;
    if (current == null) {
      current = canary.open();
      extra = Canary.keys(current);
      selector = current;
    }
    return current;
  }

  private void fire(SelectionKey key) {
    int ready;
    try {
      ready = key.readyOps();
    } catch (CancelledKeyException e) {
      ready = ~0;
    }
    for (Entry entry = first(key); entry != null; entry = entry.nextOfKey) {
      if (entry.unsure) {
        entry.unsure = false;
        sure(key);
      }
      if ((entry.ops & ready) != 0) {
        entry.selected = true;
        due.accept(entry);
      }
    }
  }

  /** Ends the wait that is under way, if any. Any thread; never waits. */
  void wake() {
    if (waiting.compareAndSet(true, false)) {
      Selector current = selector;
      if (current != null) {
        current.wakeup();
      }
    }
  }

  // ---- keys

  /**
   * The first of the entries that share a key, such as a socket's source and its sink; each leads
   * to the next one. The key leads to it by itself, because a registration must weigh little.
   */
  private static @Nullable Entry first(SelectionKey key) {
    return key.attachment() instanceof Entry entry ? entry : null;
  }

  /** Watches an entry's channel for some operations from now on, or with 0 for none. */
  void watch(Entry entry, int ops) throws IOException {
    SelectionKey key = entry.key;
    SelectableChannel channel = ops == 0 ? null : entry.selectable();
    if (key != null && (channel == null || (key.isValid() && key.channel() == channel))) {
      if (entry.ops != ops) {
        entry.ops = (byte) ops;
        update(key);
      }
      return;
    }
    forget(entry);
    if (channel == null) {
      return;
    }
    entry.ops = (byte) ops;
    try {
      join(entry, channel, open());
    } catch (ClosedChannelException | CancelledKeyException e) {
      // The waiting thread finds out by trying.
      forget(entry);
      due.accept(entry);
    }
  }

  private void join(Entry entry, SelectableChannel channel, Selector current) throws IOException {
    SelectionKey key = channel.keyFor(current);
    if (key != null && !key.isValid()) {
      // Unregistered a moment ago; the selector has to forget that before it takes a new key.
      counted();
      current.selectNow(fire);
      cancelled = false;
      key = null;
    }
    if (key == null) {
      key = channel.register(current, entry.ops, entry);
      entry.key = key;
      unsure(key, entry);
    } else {
      entry.nextOfKey = first(key);
      key.attach(entry);
      entry.key = key;
      update(key);
    }
    if (entry.over()) {
      // Closed by a thread that may not have seen the key.
      release(entry);
      due.accept(entry);
    }
  }

  private void unsure(SelectionKey key, Entry entry) {
    entry.unsure = true;
    doubts.add(key, System.nanoTime());
    soonest();
  }

  /**
   * What is found ready is watched. Without doubts a wait needs no limit, for which the system
   * would set a timer.
   */
  private void sure(SelectionKey key) {
    doubts.remove(key);
    unchecked &= !doubts.isEmpty();
  }

  private void update(SelectionKey key) {
    int ops = 0;
    Entry first = first(key);
    for (Entry entry = first; entry != null; entry = entry.nextOfKey) {
      ops |= entry.ops;
    }
    try {
      if (first != null && ops != 0 && key.interestOps() == 0) {
        // The system forgets what nobody watches for, so it is asked anew.
        unsure(key, first);
      }
      key.interestOps(ops);
    } catch (CancelledKeyException e) {
      // The channel was closed, of which each entry's waiter is told.
      return;
    }
  }

  /** Drops an entry's share of a key, and the key with the last one. */
  private void forget(Entry entry) {
    SelectionKey key = entry.key;
    entry.ops = 0;
    entry.key = null;
    if (key == null) {
      return;
    }
    leave(key, entry);
    if (first(key) != null) {
      update(key);
    } else {
      doubts.remove(key);
      key.cancel();
      cancelled = true;
    }
  }

  private static void leave(SelectionKey key, Entry entry) {
    if (first(key) == entry) {
      key.attach(entry.nextOfKey);
    } else {
      for (Entry each = first(key); each != null; each = each.nextOfKey) {
        if (each.nextOfKey == entry) {
          each.nextOfKey = entry.nextOfKey;
        }
      }
    }
    entry.nextOfKey = null;
  }

  /** Asks for an entry's key to be dropped. Any thread; never waits. */
  void release(Entry entry) {
    releases.add(entry);
  }

  /** Whether somebody asked for a key to be dropped and nobody has done it yet. */
  boolean hasReleases() {
    return !releases.isEmpty();
  }

  private void drain() {
    Entry entry;
    while ((entry = releases.poll()) != null) {
      forget(entry);
      alarms.clear(entry.pace());
    }
  }

  /** Drops the keys that are to be dropped, so that closed channels let their descriptors go. */
  void flush() {
    try {
      drain();
      if (cancelled) {
        selectNow();
      }
    } catch (IOException e) {
      mayKeep(e);
    }
  }

  private static void mayKeep(IOException cause) {
    LOG.log(Level.WARNING, "a closed channel may keep its descriptor until the next poll", cause);
  }

  /**
   * Drops the key of a closed channel. Any thread, after a {@link #release} and a {@link #wake};
   * waits for as long as the polling thread takes to leave the selector.
   */
  void letGo(SelectableChannel channel) {
    Selector current = selector;
    if (current == null || channel.keyFor(current) == null) {
      return;
    }
    try {
      if (!asleep.visit(TimeUnit.MILLISECONDS.toNanos(LEAVE_MILLIS))) {
        throw new IOException(
            "the polling thread has not left the selector within " + LEAVE_MILLIS + " ms");
      }
      try {
        // What is ready stays so, and the polling thread finds it.
        current.selectNow(key -> {});
      } finally {
        asleep.leave();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      mayKeep(new InterruptedIOException("interrupted while the polling thread left the selector"));
    } catch (IOException e) {
      mayKeep(e);
    }
  }

  /** Closes the selector. */
  void close() throws IOException {
    drain();
    alarms.clear();
    Selector current = selector;
    selector = null;
    if (current != null) {
      current.close();
    }
  }
}
