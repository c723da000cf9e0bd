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
import org.jspecify.annotations.Nullable;

/**
 * The channels that are open, by the entry that they were connected by. They outlive the node that
 * has opened them; the next one for the same registry goes on with them.
 */
public final class OpenChannels {
  private static final String GONE = "its provider is not there any more";

  /** No channel has moved so much. */
  private static final long UNSEEN = -1;

  private final List<String> servers;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Set<OpenChannel>> open = new HashMap<>();
  // Entries that have gone while channels were open, and did not come back.
  private final Map<String, Set<OpenChannel>> doubtful = new HashMap<>();

  private OpenChannels(List<String> servers) {
    this.servers = servers;
  }

  /** Those of an earlier node, if it was for the same registry, or else none. */
  static OpenChannels of(@Nullable OpenChannels before, List<String> servers) {
    return before != null && before.servers.equals(servers) ? before : new OpenChannels(servers);
  }

  OpenChannel opened(RemoteEntry entry, ProviderContext context, boolean own) {
    OpenChannel made = new OpenChannel(entry, context, own);
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
        abort(of(entry), GONE);
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

  /**
   * A channel was opened by an entry that has gone meanwhile.
   *
   * @return whether it is to be looked at when a session has passed, and nobody does so yet
   */
  boolean late(OpenChannel one, OnRemoved how) {
    return switch (how) {
      case KEEP -> false;
      case ABORT -> {
        abort(List.of(one), GONE);
        yield false;
      }
      case ABORT_IF_SILENT -> doubt(one);
    };
  }

  private boolean doubt(OpenChannel one) {
    lock.lock();
    try {
      String key = one.entry.key();
      if (!open.getOrDefault(key, Set.of()).contains(one)) {
        return false;
      }
      // The entry's next look may come at once; it only notes what this one has moved.
      one.moved = UNSEEN;
      Set<OpenChannel> these = doubtful.computeIfAbsent(key, unused -> new LinkedHashSet<>());
      return these.add(one) && these.size() == 1;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Those that are open to other containers, and were connected by an entry that is not in doubt.
   */
  List<OpenChannel> trusted() {
    lock.lock();
    try {
      return open.values().stream()
          .flatMap(Set::stream)
          .filter(each -> !each.own && !doubtful.containsKey(each.entry.key()))
          .toList();
    } finally {
      lock.unlock();
    }
  }

  /** The entries that have gone while channels were open. */
  List<RemoteEntry> doubtful() {
    lock.lock();
    try {
      return doubtful.values().stream().map(these -> these.iterator().next().entry).toList();
    } finally {
      lock.unlock();
    }
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
    abort(silent, GONE + ", and no byte has moved for a session");
    return more;
  }

  private List<OpenChannel> of(RemoteEntry entry) {
    lock.lock();
    try {
      return open.getOrDefault(entry.key(), Set.of()).stream().filter(each -> !each.own).toList();
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
