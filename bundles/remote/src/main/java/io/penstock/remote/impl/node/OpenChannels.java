// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import io.penstock.error.ConnectionResetException;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.spi.ProviderContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/** The channels that are open, by the entry that they were connected by. */
final class OpenChannels {
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Set<OpenChannel>> open = new HashMap<>();
  // Entries that have gone while channels were open, and did not come back.
  private final Map<String, Set<OpenChannel>> doubtful = new HashMap<>();

  OpenChannel opened(RemoteEntry entry, ProviderContext context) {
    OpenChannel made = new OpenChannel(entry, context);
    lock.lock();
    try {
      open.computeIfAbsent(entry.key(), key -> new LinkedHashSet<>()).add(made);
    } finally {
      lock.unlock();
    }
    return made;
  }

  void closed(OpenChannel gone) {
    lock.lock();
    try {
      for (Map<String, Set<OpenChannel>> each : List.of(open, doubtful)) {
        Set<OpenChannel> of = each.get(gone.entry.key());
        if (of != null && of.remove(gone) && of.isEmpty()) {
          each.remove(gone.entry.key());
        }
      }
    } finally {
      lock.unlock();
    }
  }

  int count(String key) {
    lock.lock();
    try {
      Set<OpenChannel> of = open.get(key);
      return of == null ? 0 : of.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * An entry has gone.
   *
   * @return whether its channels are to be looked at when a session has passed
   */
  boolean gone(RemoteEntry entry, OnRemoved how) {
    return switch (how) {
      case KEEP -> false;
      case ABORT -> {
        abort(of(entry), "its provider is not there any more");
        yield false;
      }
      case ABORT_IF_SILENT -> doubt(entry);
    };
  }

  private boolean doubt(RemoteEntry entry) {
    List<OpenChannel> these = of(entry);
    lock.lock();
    try {
      for (OpenChannel each : these) {
        each.moved = each.context.moved();
        doubtful.computeIfAbsent(entry.key(), key -> new LinkedHashSet<>()).add(each);
      }
    } finally {
      lock.unlock();
    }
    return !these.isEmpty();
  }

  /** The entry is there again. */
  void trust(RemoteEntry entry) {
    lock.lock();
    try {
      doubtful.remove(entry.key());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Aborts those that have moved nothing since the last look.
   *
   * @return whether there are others to be looked at
   */
  boolean look(RemoteEntry entry) {
    List<OpenChannel> silent = new ArrayList<>();
    boolean more = false;
    lock.lock();
    try {
      for (OpenChannel each : doubtful.getOrDefault(entry.key(), Set.of())) {
        long moved = each.context.moved();
        if (moved == each.moved) {
          silent.add(each);
        } else {
          each.moved = moved;
          more = true;
        }
      }
    } finally {
      lock.unlock();
    }
    abort(silent, "its provider is not there any more, and no byte has moved for a session");
    return more;
  }

  private List<OpenChannel> of(RemoteEntry entry) {
    lock.lock();
    try {
      return List.copyOf(open.getOrDefault(entry.key(), Set.of()));
    } finally {
      lock.unlock();
    }
  }

  private static void abort(List<OpenChannel> these, String why) {
    for (OpenChannel each : these) {
      each.context.abort(new ConnectionResetException(each.context.name(), why, 0));
    }
  }
}
