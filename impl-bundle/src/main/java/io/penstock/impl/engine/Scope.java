// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * The objects that an owner has made and not closed: they are closed, and reported, when the owner
 * goes.
 */
public final class Scope implements AutoCloseable {
  private static final System.Logger LOG = Messages.log("core");

  /** Something that a scope can close by itself, so that the scope needs to keep nothing else. */
  public interface Member {
    /** What it is, for a report. */
    String describe();

    /** Closes it, now and quietly. */
    void closeNow();
  }

  /**
   * A member of which there may be very many. It knows its age, so that a scope keeps it without a
   * place in a row, and it weighs less.
   */
  public interface Dated extends Member {
    /** When it was made, in nanoseconds by a clock that all such members share. */
    long since();
  }

  private record Described(String describe, Runnable close) implements Member {
    @Override
    public void closeNow() {
      close.run();
    }
  }

  /** A member and where it was made. */
  private record Traced(Member member, Throwable made) implements Member {
    @Override
    public String describe() {
      return member.describe();
    }

    @Override
    public void closeNow() {
      member.closeNow();
    }
  }

  private final String owner;
  private final BooleanSupplier traces;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Object, Member> open = new LinkedHashMap<>();
  private final IdentityHashMap<Dated, Member> dated = new IdentityHashMap<>();
  private boolean closed;

  /**
   * Makes a scope.
   *
   * @param owner the maker of the objects, for the report
   * @param traces whether the report has the stack that made each
   */
  public Scope(String owner, BooleanSupplier traces) {
    this.owner = owner;
    this.traces = traces;
  }

  /** The maker of the objects, for messages. */
  @Override
  public String toString() {
    return owner.isEmpty() ? "the factory" : "the factory of " + owner;
  }

  /** A scope whose leftovers are not a fault, so that they are not reported. */
  public static Scope quiet() {
    return new Scope("", () -> false);
  }

  /**
   * Adds something that is closed with this scope.
   *
   * @throws IllegalStateException if the scope was closed
   */
  public void add(Object thing, String what, Runnable close) {
    add(thing, new Described(what, close));
  }

  /**
   * Adds something that is closed with this scope.
   *
   * @throws IllegalStateException if the scope was closed
   */
  public void add(Member member) {
    add(member, member);
  }

  private void add(Object thing, Member member) {
    Member entry =
        traces.getAsBoolean()
            ? new Traced(member, new Throwable(member.describe() + " was made here"))
            : member;
    lock.lock();
    try {
      if (!closed) {
        if (thing instanceof Dated one) {
          dated.put(one, entry);
        } else {
          open.put(thing, entry);
        }
        return;
      }
    } finally {
      lock.unlock();
    }
    member.closeNow();
    throw new IllegalStateException(
        member.describe()
            + " cannot be made: the factory"
            + (owner.isEmpty() ? "" : " of " + owner)
            + " is closed");
  }

  /** Forgets something that was closed. */
  public void remove(Object thing) {
    lock.lock();
    try {
      if (thing instanceof Dated) {
        dated.remove(thing);
      } else {
        open.remove(thing);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * What is open.
   *
   * @return in the order of making, members with a date after the others; each with the stack that
   *     made it, or with a cause without a stack if that was not traced
   */
  public Map<Object, Throwable> unclosed() {
    Map<Object, Throwable> all = new LinkedHashMap<>();
    lock.lock();
    try {
      for (Object thing : inOrder()) {
        Member entry = member(thing);
        all.put(
            thing, entry instanceof Traced traced ? traced.made() : new Untraced(entry.describe()));
      }
    } finally {
      lock.unlock();
    }
    return all;
  }

  /** Has the lock. */
  private List<Object> inOrder() {
    List<Dated> rest = new ArrayList<>(dated.keySet());
    // The clock may have passed from the greatest number to the least.
    rest.sort((one, other) -> Long.signum(one.since() - other.since()));
    List<Object> all = new ArrayList<>(open.keySet());
    all.addAll(rest);
    return all;
  }

  /** What an open thing was added with. Has the lock. */
  private Member member(Object thing) {
    Member entry = thing instanceof Dated ? dated.get(thing) : open.get(thing);
    return Objects.requireNonNull(entry, "entry");
  }

  /** Says what was made, but not where. */
  private static final class Untraced extends Throwable {
    private static final long serialVersionUID = 1L;

    Untraced(String what) {
      super(what + " was made", null, false, false);
    }
  }

  /** Who has made what is here; empty if that is nobody's bundle. */
  public String owner() {
    return owner;
  }

  /** What is open, in the order of {@link #unclosed}. */
  public List<Object> things() {
    lock.lock();
    try {
      return inOrder();
    } finally {
      lock.unlock();
    }
  }

  /** How many are open. */
  public int size() {
    lock.lock();
    try {
      return open.size() + dated.size();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    close(!owner.isEmpty());
  }

  /** Closes without a report: the maker is not to blame. */
  public void closeQuietly() {
    close(false);
  }

  private void close(boolean report) {
    List<Member> left;
    lock.lock();
    try {
      closed = true;
      left = inOrder().stream().map(this::member).toList();
      open.clear();
      dated.clear();
    } finally {
      lock.unlock();
    }
    for (Member entry : left) {
      if (report) {
        LOG.log(
            Level.WARNING,
            owner + " has stopped without closing " + entry.describe() + ", which is closed now",
            entry instanceof Traced traced ? traced.made() : null);
      }
      try {
        entry.closeNow();
      } catch (RuntimeException | Error e) {
        LOG.log(Level.ERROR, entry.describe() + " could not be closed", e);
      }
    }
  }
}
