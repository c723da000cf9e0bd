// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.spi.Memory;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** What a provider keeps for one connection, in the heap and outside it. */
final class LentMemory implements Memory, Account.Holder {
  private final Budgets budgets;
  private final String name;
  private final Consumer<? super IOException> cut;
  private final List<Budget> limits;
  private final Account inHeap;
  private final Account outside;
  private final AtomicLong progress = new AtomicLong();
  private final AtomicBoolean wasCut = new AtomicBoolean();

  LentMemory(Budgets budgets, String name, Consumer<? super IOException> cut) {
    this.budgets = budgets;
    this.name = name;
    this.cut = cut;
    this.limits = budgets.anywhere();
    this.inHeap = budgets.account(this, budgets.inHeap());
    this.outside = budgets.account(this, budgets.outside());
  }

  @Override
  public int piece(int most) {
    return budgets.piece(most, limits);
  }

  @Override
  public void whenRoom(Runnable task) {
    budgets.whenRoom(task, limits);
  }

  @Override
  public void count(long bytes, boolean direct) {
    (direct ? outside : inHeap).count(bytes);
    if (bytes < 0) {
      progress.addAndGet(-bytes);
    }
  }

  @Override
  public void close() {
    inHeap.close();
    outside.close();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long progress() {
    return progress.get();
  }

  /** May be asked for by the limit of either kind. */
  @Override
  public void cut(IOException cause) {
    if (wasCut.compareAndSet(false, true)) {
      cut.accept(cause);
    }
  }
}
