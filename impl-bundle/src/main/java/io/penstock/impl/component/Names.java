// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Which configuration has which name. The first has it; the others wait in line. */
final class Names {
  /** A configuration's place in the line for a name. */
  final class Claim {
    private final String name;
    private final String pid;
    private final Runnable granted;

    private Claim(String name, String pid, Runnable granted) {
      this.name = name;
      this.pid = pid;
      this.granted = granted;
    }

    /** The configuration that has the name, unless it is this one. */
    Optional<String> rival() {
      lock.lock();
      try {
        Deque<Claim> line = lines.get(name);
        Claim first = line == null ? null : line.peek();
        return first == null || first == this ? Optional.empty() : Optional.of(first.pid);
      } finally {
        lock.unlock();
      }
    }

    /** Leaves the line; when it had the name, the next one has it now and is told. */
    void release() {
      Claim next = leave(this);
      if (next != null) {
        next.granted.run();
      }
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Deque<Claim>> lines = new HashMap<>();

  /**
   * Joins the line for a name. Look at {@link Claim#rival()} afterwards.
   *
   * @param granted called when a claim that had to wait gets the name, on the thread that gave it
   *     up
   */
  Claim claim(String name, String pid, Runnable granted) {
    Claim claim = new Claim(name, pid, granted);
    lock.lock();
    try {
      lines.computeIfAbsent(name, any -> new ArrayDeque<>()).add(claim);
    } finally {
      lock.unlock();
    }
    return claim;
  }

  private @Nullable Claim leave(Claim claim) {
    lock.lock();
    try {
      Deque<Claim> line = lines.get(claim.name);
      if (line == null) {
        return null;
      }
      boolean first = line.peek() == claim;
      boolean left = line.remove(claim);
      if (line.isEmpty()) {
        lines.remove(claim.name);
      }
      return first && left ? line.peek() : null;
    } finally {
      lock.unlock();
    }
  }
}
