// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.impl.core.End;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The entries of a poller, by their ends. Any thread. */
final class Entries {
  private final ReentrantLock lock = new ReentrantLock();
  // Of all maps the one in which an idle connection weighs least.
  private final IdentityHashMap<End, Entry> byEnd = new IdentityHashMap<>();

  /** Adds an entry; false if its end has one. */
  boolean add(Entry entry) {
    lock.lock();
    try {
      return byEnd.putIfAbsent(entry.end(), entry) == null;
    } finally {
      lock.unlock();
    }
  }

  /** Takes an entry out, if it is the one of its end. */
  void remove(Entry entry) {
    lock.lock();
    try {
      if (byEnd.get(entry.end()) == entry) {
        byEnd.remove(entry.end());
      }
    } finally {
      lock.unlock();
    }
  }

  /** The entry of an end; null for none. */
  @Nullable Entry at(End end) {
    lock.lock();
    try {
      return byEnd.get(end);
    } finally {
      lock.unlock();
    }
  }

  /** How many there are. */
  int size() {
    lock.lock();
    try {
      return byEnd.size();
    } finally {
      lock.unlock();
    }
  }

  /** Those that there are now. */
  List<Entry> all() {
    lock.lock();
    try {
      return List.copyOf(byEnd.values());
    } finally {
      lock.unlock();
    }
  }
}
