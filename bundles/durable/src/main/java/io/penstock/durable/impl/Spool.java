// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import io.penstock.durable.impl.Store.Figure;
import io.penstock.error.StorageException;
import io.penstock.error.StorageException.Kind;
import io.penstock.error.StreamClosedException;
import io.penstock.spi.PipeContent;
import io.penstock.spi.PipeContext;
import io.penstock.spi.content.Block;
import io.penstock.spi.content.Outgoing.Batch;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One open file. Everything that waits for the disk happens in {@link #work}, on the product's
 * executor, in one thread at a time and with no lock held; calls only change the {@link State}.
 */
final class Spool {
  /** So many commits of a reader are not waited for; together they are small. */
  private static final int MOST_UNSYNCED = 64;

  private final Settings first;
  private final PipeContext context;
  private final Consumer<Spool> onOver;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  final State state;

  // Of the thread that works.
  private @Nullable Store store;
  private int unsynced;

  // How long the disk may still take, while it is waited for.
  private final AtomicReference<@Nullable Alarm> alarm = new AtomicReference<>();

  // ---- guarded by the lock
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Runnable> arrivals = new ArrayDeque<>();
  private boolean working;
  private boolean again;

  /**
   * Nothing is open yet.
   *
   * @param onOver is told just before the end is
   */
  Spool(Settings settings, PipeContext context, Consumer<Spool> onOver) {
    this.first = settings;
    this.context = context;
    this.onOver = onOver;
    this.state = new State(settings);
  }

  /** Completes when the file was given back. */
  CompletableFuture<Void> ended() {
    return ended;
  }

  @Override
  public String toString() {
    return first.shown();
  }

  // ---- coming and going

  /**
   * Lets a writer, a reader or both in.
   *
   * @return false if this is being closed
   */
  boolean join(Settings settings, PipeContext asking, CompletableFuture<PipeContent> opened) {
    FileContent content = new FileContent(this, settings, asking);
    lock.lock();
    try {
      if (!state.isOpen()) {
        return false;
      }
      arrivals.add(() -> arrive(content, opened));
    } finally {
      lock.unlock();
    }
    wake();
    return true;
  }

  private void arrive(FileContent content, CompletableFuture<PipeContent> opened) {
    Admission admission = state.admit(content);
    for (FileContent each : admission.fenced()) {
      IOException why = each.failure;
      if (why != null) {
        each.tellGone(why);
      }
    }
    IOException refused = admission.refused();
    if (refused != null) {
      opened.completeExceptionally(refused);
    } else if (!opened.complete(content)) {
      content.close();
    }
  }

  /** Everything is over, because the place as a whole goes. */
  void stop() {
    state.stop().forEach(each -> each.tellGone(new StreamClosedException(each.name)));
    wake();
  }

  // ---- the work

  /** Has the work done that there is. */
  void wake() {
    lock.lock();
    try {
      if (working) {
        // The thread that works may have looked already.
        again = true;
        return;
      }
      working = !ended.isDone();
      if (!working) {
        return;
      }
    } finally {
      lock.unlock();
    }
    context.executor().execute(this::work);
  }

  private void work() {
    boolean more = true;
    while (more) {
      try {
        more = step();
      } catch (IOException e) {
        fail(e);
      } catch (RuntimeException e) {
        fail(Store.failed(first.shown(), state.acknowledged(), e));
      } catch (Error e) {
        fail(e);
      }
    }
  }

  /** Its users are told, and the file must be given back. */
  private void fail(Error fault) {
    fail(
        new StorageException(
            Kind.FAILED,
            first.shown(),
            "it cannot be used: " + fault,
            state.acknowledged(),
            fault));
  }

  /** Does one piece of work; false if there is none. */
  private boolean step() throws IOException {
    Runnable arrival;
    lock.lock();
    try {
      again = false;
      arrival = state.hasRest() ? null : arrivals.poll();
    } finally {
      lock.unlock();
    }
    if (arrival != null) {
      if (store == null && state.failure() == null) {
        load();
      }
      arrival.run();
      return true;
    }
    Store disk = store;
    Turn turn = disk == null || state.failure() != null ? null : state.plan();
    if (disk == null || turn == null) {
      return rest();
    }
    Batch batch = turn.batch();
    if (batch != null) {
      write(disk, turn, batch);
    }
    if (turn.from() >= 0) {
      fetch(disk, turn);
    }
    return true;
  }

  /** Opens the file; the newcomers are told if that fails. */
  private void load() {
    try {
      Store opened = Store.open(first.path(), first.shown());
      store = opened;
      state.loaded(opened);
    } catch (IOException e) {
      fail(e);
    } catch (RuntimeException e) {
      fail(Store.failed(first.shown(), 0, e));
    } catch (Error e) {
      fail(e);
    }
  }

  /** Whether there is more to do after all; gives the file back when nobody has it. */
  private boolean rest() {
    lock.lock();
    try {
      if (again || !arrivals.isEmpty()) {
        return true;
      }
      if (!state.isOver()) {
        working = false;
        return false;
      }
    } finally {
      lock.unlock();
    }
    Store disk = store;
    store = null;
    try {
      if (disk != null && state.failure() != null) {
        disk.abandon();
      } else if (disk != null) {
        disk.close();
      }
      onOver.accept(this);
      ended.complete(null);
    } catch (RuntimeException e) {
      onOver.accept(this);
      ended.completeExceptionally(e);
    }
    return false;
  }

  private void write(Store disk, Turn turn, Batch batch) {
    arm();
    batch.blocks().forEach(block -> disk.append(block, turn.epoch()));
    for (int i = 0; i < batch.marks().size(); i++) {
      disk.put(turn.mark() + i, batch.marks().get(i));
    }
    disk.put(Figure.EPOCH, turn.epoch());
    disk.put(Figure.COMMITTED, turn.committed());
    disk.put(Figure.STREAM, turn.stream());
    if (!batch.blocks().isEmpty()) {
      disk.put(Figure.END, batch.blocks().get(batch.blocks().size() - 1).end());
    }
    disk.dropMarks(turn.stream());
    disk.dropRecords(turn.floor());
    state.dropping(disk.oldest(), turn.floor());
    // A reader alone does not wait for the disk, and yet the file must not grow by its commits.
    boolean waits = turn.waits() || (!turn.spares() && unsynced >= MOST_UNSYNCED);
    unsynced = waits ? 0 : unsynced + 1;
    disk.save(waits);
    if (waits || turn.spares()) {
      disk.reuse();
    }
    disarm();
    Told told = state.saved(turn, batch, disk.oldest());
    told.flushes().forEach(each -> each.complete(null));
    told.users().forEach(FileContent::tell);
  }

  private void fetch(Store disk, Turn turn) {
    List<Block> found = List.of();
    StorageException corrupt = null;
    try {
      found = disk.load(turn.from(), turn.to(), turn.most());
    } catch (StorageException e) {
      corrupt = e;
    }
    FileContent told = state.fetched(turn, found, corrupt);
    if (told != null) {
      told.tell();
    }
  }

  /** How long an end waits for the disk. */
  private static final class Alarm {
    final FileContent waiting;
    volatile @Nullable Future<?> pending;

    Alarm(FileContent waiting) {
      this.waiting = waiting;
    }
  }

  /** From now on, an acknowledgement is late after a while. */
  private void arm() {
    FileContent waiting = state.waiting();
    if (waiting != null) {
      Alarm mine = new Alarm(waiting);
      alarm.set(mine);
      begin(mine);
    }
  }

  private void begin(Alarm mine) {
    mine.pending = context.after(mine.waiting.settings.ackTimeout(), () -> late(mine));
  }

  private void disarm() {
    Alarm mine = alarm.getAndSet(null);
    Future<?> pending = mine == null ? null : mine.pending;
    if (pending != null) {
      boolean unused = pending.cancel(false);
    }
  }

  private void late(Alarm mine) {
    FileContent waiting = state.waiting();
    if (waiting != null && waiting != mine.waiting) {
      // The one that waited has gone, and another end waits for the same disk.
      Alarm next = new Alarm(waiting);
      if (alarm.compareAndSet(mine, next)) {
        begin(next);
      }
      return;
    }
    if (!alarm.compareAndSet(mine, null) || waiting == null) {
      return;
    }
    long position = state.acknowledged();
    fail(
        new StorageException(
            Kind.UNACKNOWLEDGED,
            first.shown(),
            "the disk has not acknowledged anything for "
                + waiting.settings.ackTimeout().toMillis()
                + " ms"
                + "; what was acknowledged ends at position "
                + position,
            position,
            null));
  }

  /** Nothing works any more; everybody is told, and the file is given back as it is. */
  private void fail(IOException why) {
    disarm();
    Told told = state.fail(why);
    told.flushes().forEach(each -> each.completeExceptionally(why));
    told.users().forEach(each -> each.tellGone(why));
    wake();
  }
}
