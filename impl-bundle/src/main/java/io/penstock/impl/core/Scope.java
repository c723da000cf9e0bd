// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What somebody made and has not closed: closed, and reported, when the maker goes. */
public final class Scope implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.penstock");

  /** Something that is left over. */
  private record Entry(
      Object thing, String kind, boolean named, Runnable close, @Nullable Throwable made) {
    String what() {
      return Scope.what(thing, kind, named);
    }
  }

  private static String what(Object thing, String kind, boolean named) {
    return named ? kind + " " + thing : kind;
  }

  private final String owner;
  private final BooleanSupplier traces;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Object, Entry> open = new LinkedHashMap<>();
  private boolean closed;

  /**
   * Makes a scope.
   *
   * @param owner who makes things, for the report
   * @param traces whether the report has the stack that made each
   */
  public Scope(String owner, BooleanSupplier traces) {
    this.owner = owner;
    this.traces = traces;
  }

  /** A scope whose leftovers are no fault of anybody's, so that they are not reported. */
  public static Scope quiet() {
    return new Scope("", () -> false);
  }

  /**
   * Adds something that is closed with this scope.
   *
   * @throws IllegalStateException if the scope was closed
   */
  public void add(Object thing, String what, Runnable close) {
    add(thing, what, false, close);
  }

  /**
   * Adds something that is described by its kind and its own text, which is asked for only when it
   * is needed.
   *
   * @throws IllegalStateException if the scope was closed
   */
  public void addNamed(Object thing, String kind, Runnable close) {
    add(thing, kind, true, close);
  }

  private void add(Object thing, String kind, boolean named, Runnable close) {
    Throwable made =
        traces.getAsBoolean() ? new Throwable(what(thing, kind, named) + " was made here") : null;
    lock.lock();
    try {
      if (!closed) {
        open.put(thing, new Entry(thing, kind, named, close, made));
        return;
      }
    } finally {
      lock.unlock();
    }
    close.run();
    throw new IllegalStateException(
        what(thing, kind, named)
            + " cannot be made: the factory"
            + (owner.isEmpty() ? "" : " of " + owner)
            + " is closed");
  }

  /** Forgets something that was closed. */
  public void remove(Object thing) {
    lock.lock();
    try {
      open.remove(thing);
    } finally {
      lock.unlock();
    }
  }

  /** How many are open. */
  public int size() {
    lock.lock();
    try {
      return open.size();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    close(!owner.isEmpty());
  }

  /** Closes without a report: whoever made things is not to blame for it. */
  public void closeQuietly() {
    close(false);
  }

  private void close(boolean report) {
    List<Entry> left;
    lock.lock();
    try {
      closed = true;
      left = new ArrayList<>(open.values());
      open.clear();
    } finally {
      lock.unlock();
    }
    for (Entry entry : left) {
      if (report) {
        LOG.log(
            Level.WARNING,
            owner + " has stopped without closing " + entry.what() + ", which is closed now",
            entry.made);
      }
      try {
        entry.close.run();
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, entry.what() + " could not be closed", e);
      }
    }
  }
}
