// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.registry;

import io.penstock.remote.spi.Answer;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RemoteEntry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What the registries in memory of one name share. Tests cut nodes off and let them return. It has
 * no thread: whoever changes something tells the others.
 */
public final class MemoryFabric {
  private static final Map<String, MemoryFabric> FABRICS = new ConcurrentHashMap<>();

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Map<String, RemoteEntry> entries = new LinkedHashMap<>();
  private final Set<Member> members = new LinkedHashSet<>();

  private MemoryFabric() {}

  /** The one of a name. It keeps its entries as long as this class is there. */
  public static MemoryFabric named(String name) {
    return FABRICS.computeIfAbsent(name, any -> new MemoryFabric());
  }

  /** Opens a registry of one node. */
  Registry open(String node, RegistryListener listener) {
    Member made = new Member(node, listener);
    lock.lock();
    try {
      members.add(made);
      made.tell(listener::connected);
    } finally {
      lock.unlock();
    }
    made.drain();
    return made;
  }

  /** Disconnects a node, as when its network has gone. */
  public void cut(String node) {
    change(
        member -> {
          if (member.node.equals(node) && member.linked) {
            member.linked = false;
            member.tell(() -> member.listener.disconnected("it was cut off"));
          }
        });
  }

  /** Connects a node again. */
  public void restore(String node) {
    change(
        member -> {
          if (member.node.equals(node) && !member.linked) {
            member.linked = true;
            member.tell(member.listener::connected);
            member.tellOwn();
            member.watched.forEach(member::tellAll);
          }
        });
  }

  /** Has a node go without a word, as when its process was killed. */
  public void kill(String node) {
    lock.lock();
    try {
      members.removeIf(
          member -> {
            if (member.node.equals(node)) {
              member.open = false;
              member.linked = false;
              return true;
            }
            return false;
          });
    } finally {
      lock.unlock();
    }
  }

  private interface Change {
    void to(Member member);
  }

  private void change(Change change) {
    Set<Member> all;
    lock.lock();
    try {
      all = Set.copyOf(members);
      members.forEach(change::to);
    } finally {
      lock.unlock();
    }
    all.forEach(Member::drain);
  }

  private final class Member implements Registry {
    final String node;
    final RegistryListener listener;
    // Guarded by the lock of the fabric.
    final Set<String> watched = new LinkedHashSet<>();
    final Set<String> followed = new HashSet<>();
    private final Deque<Runnable> untold = new ArrayDeque<>();
    private boolean telling;
    boolean linked = true;
    boolean open = true;

    Member(String node, RegistryListener listener) {
      this.node = node;
      this.listener = listener;
    }

    /** Has the lock. */
    void tell(Runnable what) {
      untold.add(what);
    }

    /** Tells in order, whichever threads have something to tell. */
    void drain() {
      while (true) {
        Runnable next;
        lock.lock();
        try {
          if (telling || untold.isEmpty()) {
            return;
          }
          telling = true;
          next = untold.remove();
        } finally {
          lock.unlock();
        }
        try {
          next.run();
        } finally {
          lock.lock();
          try {
            telling = false;
          } finally {
            lock.unlock();
          }
        }
      }
    }

    private boolean sees(String name) {
      return watched.contains(ALL) || watched.contains(name);
    }

    /** Whether it is told of an entry: of a watched name, or its own. */
    boolean hears(RemoteEntry entry) {
      return linked && (sees(entry.name()) || node.equals(entry.node()));
    }

    /** Has the lock. */
    void tellOwn() {
      for (RemoteEntry entry : entries.values()) {
        if (entry.node().equals(node)) {
          tell(() -> listener.stored(entry));
        }
      }
    }

    /** Has the lock. */
    void tellAll(String name) {
      for (RemoteEntry entry : entries.values()) {
        if (name.equals(ALL) || name.equals(entry.name())) {
          tell(() -> listener.stored(entry));
        }
      }
      tell(() -> listener.known(name));
    }

    private CompletionStage<Void> done(boolean was) {
      return was
          ? CompletableFuture.completedFuture(null)
          : CompletableFuture.failedFuture(new IOException("the registry is not connected"));
    }

    private boolean linkedNow() {
      lock.lock();
      try {
        return linked;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public CompletionStage<Void> put(RemoteEntry entry) {
      boolean goes = linkedNow();
      if (goes) {
        lock.lock();
        try {
          entries.put(entry.key(), entry);
        } finally {
          lock.unlock();
        }
        change(
            member -> {
              if (member.hears(entry)) {
                member.tell(() -> member.listener.stored(entry));
              }
            });
      }
      return done(goes);
    }

    @Override
    public CompletionStage<Void> remove(RemoteEntry entry) {
      boolean goes = linkedNow();
      boolean removed = false;
      if (goes) {
        lock.lock();
        try {
          RemoteEntry there = entries.get(entry.key());
          if (there != null && (entry.node().equals(node) || there.equals(entry))) {
            entries.remove(entry.key());
            removed = true;
          }
        } finally {
          lock.unlock();
        }
      }
      if (removed) {
        change(
            member -> {
              if (member.hears(entry)) {
                member.tell(() -> member.listener.removed(entry.name(), entry.key()));
              }
            });
      }
      return done(goes);
    }

    @Override
    public void watch(String name) {
      lock.lock();
      try {
        if (open && watched.add(name) && linked) {
          tellAll(name);
        }
      } finally {
        lock.unlock();
      }
      drain();
    }

    @Override
    public void unwatch(String name) {
      lock.lock();
      try {
        watched.remove(name);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void beat() {
      if (linkedNow()) {
        change(
            member -> {
              if (member.linked && member.followed.contains(node)) {
                member.tell(() -> member.listener.beat(node));
              }
            });
      }
    }

    @Override
    public void follow(String other) {
      lock.lock();
      try {
        followed.add(other);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void unfollow(String other) {
      lock.lock();
      try {
        followed.remove(other);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public CompletionStage<Answer> probe(String other, Duration limit) {
      lock.lock();
      try {
        if (!linked) {
          return CompletableFuture.completedFuture(Answer.NO_ANSWER);
        }
        boolean there =
            members.stream().anyMatch(member -> member.linked && member.node.equals(other));
        return CompletableFuture.completedFuture(there ? Answer.ALIVE : Answer.NO_RESPONDERS);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void close() {
      lock.lock();
      try {
        open = false;
        linked = false;
        members.remove(this);
        untold.clear();
      } finally {
        lock.unlock();
      }
    }
  }
}
