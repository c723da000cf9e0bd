// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a selector that have waiters, and the waiters of each. The selector's own set is not
 * enough: the select that the close of a channel ends also removes its key, and the waiter with it.
 * For one thread. A wish that is kept comes and goes without garbage.
 */
final class Awaited implements Iterable<SelectionKey> {
  private static final int NOWHERE = -1;

  /** What is attached to a key. */
  private static final class Wishes {
    @Nullable SelectionKey key;
    @Nullable Wish first;

    /** Where it is among those that have waiters. */
    int at = NOWHERE;
  }

  private final List<Wishes> all = new ArrayList<>();

  /**
   * Has the selector watch a channel for one more wish.
   *
   * @throws ClosedChannelException if the channel is closed
   * @throws RuntimeException if it was closed meanwhile, or cannot be selected
   */
  void register(Selector selector, SelectableChannel channel, Wish wish)
      throws ClosedChannelException {
    SelectionKey key = channel.keyFor(selector);
    Wishes wishes;
    if (key == null) {
      wishes = new Wishes();
      wishes.key = channel.register(selector, wish.ops, wishes);
    } else {
      // A key that was cancelled refuses this, so it comes before what would have to be undone.
      key.interestOpsOr(wish.ops);
      wishes = wishes(key);
    }
    if (wish.listed) {
      // Its waiter was woken before it was taken out, such as at a close, and waits again.
      return;
    }
    if (wishes.at == NOWHERE) {
      // The list may fail to grow for want of memory, so it comes before the wish is marked.
      all.add(wishes);
      wishes.at = all.size() - 1;
    }
    wish.listed = true;
    wish.next = wishes.first;
    wishes.first = wish;
  }

  private static Wishes wishes(SelectionKey key) {
    return (Wishes) key.attachment();
  }

  /** Takes out the waiters whose operations a key is ready for, or all of them if it has gone. */
  void fire(SelectionKey key, Queue<Waiter> found) {
    Wishes wishes = wishes(key);
    try {
      int ready = key.readyOps();
      int rest = 0;
      Wish before = null;
      for (Wish wish = wishes.first; wish != null; wish = wish.next) {
        if ((wish.ops & ready) == 0) {
          rest |= wish.ops;
          before = wish;
          continue;
        }
        // The queue may fail to grow for want of memory, so it comes before the wish is taken out.
        found.add(wish.waiter);
        wish.listed = false;
        if (before == null) {
          wishes.first = wish.next;
        } else {
          before.next = wish.next;
        }
      }
      key.interestOps(rest);
      if (wishes.first == null) {
        remove(wishes);
      }
    } catch (CancelledKeyException e) {
      take(wishes, found);
      remove(wishes);
    }
  }

  private static void take(Wishes wishes, Queue<Waiter> found) {
    for (Wish wish = wishes.first; wish != null; wish = wish.next) {
      found.add(wish.waiter);
      wish.listed = false;
      wishes.first = wish.next;
    }
  }

  private void remove(Wishes wishes) {
    if (wishes.at != NOWHERE) {
      Wishes last = all.remove(all.size() - 1);
      if (last != wishes) {
        last.at = wishes.at;
        all.set(last.at, last);
      }
      wishes.at = NOWHERE;
    }
  }

  /** Takes out all waiters. */
  void fireAll(Queue<Waiter> found) {
    for (int i = all.size() - 1; i >= 0; i--) {
      take(all.get(i), found);
      remove(all.get(i));
    }
  }

  /** Takes out the waiters of keys that are not valid any more. */
  void fireClosed(Queue<Waiter> found) {
    // From the end: what takes the place of one that goes has been looked at.
    for (int i = all.size() - 1; i >= 0; i--) {
      Wishes each = all.get(i);
      if (each.key == null || !each.key.isValid()) {
        take(each, found);
        remove(each);
      }
    }
  }

  /** Shows the wishes of a key that has waiters. */
  void each(SelectionKey key, Consumer<Wish> task) {
    for (Wish wish = wishes(key).first; wish != null; wish = wish.next) {
      task.accept(wish);
    }
  }

  @Override
  public Iterator<SelectionKey> iterator() {
    return all.stream().map(each -> each.key).iterator();
  }
}
