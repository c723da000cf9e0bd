// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.runtime.PenstockEvent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The latest events, each with a number. Thread-safe. */
final class RecentEvents {
  private static final int MOST = 200;

  private record Numbered(long number, PenstockEvent event) {
    Map<String, @Nullable Object> fields() {
      Map<String, @Nullable Object> fields = new LinkedHashMap<>();
      fields.put("number", number);
      fields.put("at", event.at());
      fields.put("type", event.type());
      fields.put("object", event.object());
      fields.put("name", event.name());
      fields.put("endpoint", event.endpoint());
      fields.put("peer", event.peer());
      fields.put("cause", event.cause());
      return fields;
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Deque<Numbered> kept = new ArrayDeque<>();
  private long last;

  void add(PenstockEvent event) {
    lock.lock();
    try {
      kept.addLast(new Numbered(++last, event));
      if (kept.size() > MOST) {
        kept.removeFirst();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The number of the latest; 0 before the first. */
  long last() {
    lock.lock();
    try {
      return last;
    } finally {
      lock.unlock();
    }
  }

  /** Those with numbers after the one, up to the other. */
  List<Map<String, @Nullable Object>> between(long after, long upTo) {
    lock.lock();
    try {
      return kept.stream()
          .filter(one -> one.number() > after && one.number() <= upTo)
          .map(Numbered::fields)
          .toList();
    } finally {
      lock.unlock();
    }
  }
}
