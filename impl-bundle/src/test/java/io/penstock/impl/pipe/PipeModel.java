// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import io.penstock.impl.pipe.PipeOperation.Way;
import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * What the contract says that a pipe holds and answers: bytes in a queue, and a few rules.
 *
 * <p>The contract leaves one thing open: how far queued writes get while a call makes room for
 * them. What is observed then tells.
 */
final class PipeModel {
  /**
   * What a call comes to.
   *
   * @param kind what is returned or thrown
   * @param count the number that is returned or that the exception has; -1 where it is open
   * @param moved how many bytes have moved
   */
  record Outcome(String kind, long count, long moved) {
    static Outcome ok(long n) {
      return new Outcome("ok", n, n);
    }

    static Outcome of(String kind, long count) {
      return new Outcome(kind, count, 0);
    }

    boolean matches(Outcome actual) {
      return kind.equals(actual.kind)
          && (count < 0 || count == actual.count)
          && moved == actual.moved;
    }
  }

  /** A queue of bytes. */
  static final class Bytes {
    private byte[] ring = new byte[64];
    private int head;
    private int size;

    int size() {
      return size;
    }

    byte get(int i) {
      return ring[(head + i) & (ring.length - 1)];
    }

    void add(byte b) {
      if (size == ring.length) {
        byte[] more = new byte[ring.length * 2];
        for (int i = 0; i < size; i++) {
          more[i] = get(i);
        }
        ring = more;
        head = 0;
      }
      ring[(head + size++) & (ring.length - 1)] = b;
    }

    byte[] peek(int n) {
      byte[] out = new byte[n];
      for (int i = 0; i < n; i++) {
        out[i] = get(i);
      }
      return out;
    }

    void remove(int n) {
      head = (head + n) & (ring.length - 1);
      size -= n;
    }
  }

  /** Bytes that came by one call. */
  static final class Run {
    final int id;
    final boolean given;
    final boolean told;
    int left;

    Run(int id, int left, boolean given, boolean told) {
      this.id = id;
      this.left = left;
      this.given = given;
      this.told = told;
    }
  }

  /** A write that is queued. */
  static final class Later {
    final int id;
    final byte[] bytes;
    int at;

    Later(int id, byte[] bytes) {
      this.id = id;
      this.bytes = bytes;
    }
  }

  final long capacity;
  final Bytes bytes = new Bytes();
  final ArrayDeque<Run> runs = new ArrayDeque<>();
  final ArrayDeque<Later> later = new ArrayDeque<>();

  /** So many of the first bytes may have been copied, so that a given buffer is free again. */
  long copied;

  boolean endAsked;
  boolean sinkClosed;
  boolean sourceClosed;
  boolean failed;
  long dropped;
  long lost;
  Way readWay = Way.NOT_AT_ALL;
  Way writeWay = Way.NOT_AT_ALL;

  PipeModel(long capacity) {
    this.capacity = capacity;
  }

  // ---- what there is

  int size() {
    return bytes.size();
  }

  int queued() {
    int sum = 0;
    for (Later one : later) {
      sum += one.bytes.length - one.at;
    }
    return sum;
  }

  boolean ended() {
    return (endAsked || sinkClosed) && later.isEmpty();
  }

  boolean broken() {
    return failed || sourceClosed;
  }

  long room() {
    if (endAsked || sinkClosed || broken() || !later.isEmpty()) {
      return 0;
    }
    return capacity == Long.MAX_VALUE ? capacity : Math.max(0, capacity - size());
  }

  /** Queued bytes have gone into the pipe until so many were left. */
  boolean sawQueued(long left) {
    long moved = queued() - left;
    if (moved < 0) {
      return false;
    }
    while (moved > 0) {
      Later one = later.element();
      int n = (int) Math.min(moved, one.bytes.length - one.at);
      accept(Arrays.copyOfRange(one.bytes, one.at, one.at + n), one.id, false, false);
      one.at += n;
      moved -= n;
      if (one.at == one.bytes.length) {
        later.remove();
      }
    }
    while (!later.isEmpty() && later.element().at == later.element().bytes.length) {
      later.remove();
    }
    // A writer that is queued waits only for room.
    return later.isEmpty() || size() >= capacity;
  }

  void accept(byte[] src, int id, boolean given, boolean told) {
    for (byte b : src) {
      bytes.add(b);
    }
    if (src.length > 0) {
      runs.add(new Run(id, src.length, given, told));
    }
  }

  void remove(long n) {
    bytes.remove((int) n);
    copied = Math.max(0, copied - n);
    long left = n;
    while (left > 0) {
      Run run = runs.element();
      int step = (int) Math.min(left, run.left);
      run.left -= step;
      left -= step;
      if (run.left == 0) {
        runs.remove();
      }
    }
  }

  /** A long read may have copied so many bytes, and put them back in front. */
  void mayHaveGathered(long n) {
    copied = Math.max(copied, Math.min(n, size()));
  }

  // ---- what calls come to. "seen" is how many bytes the call finds.

  private Outcome nothing(Way way) {
    return way == Way.NOT_AT_ALL ? Outcome.of("nothing", 0) : Outcome.of("timed out", 0);
  }

  private static Outcome blocked(Way way, long count) {
    return Outcome.of(way == Way.NOT_AT_ALL ? "would block" : "timed out", count);
  }

  private boolean endedAt(int seen) {
    return (endAsked || sinkClosed) && seen == size() + queued();
  }

  private Outcome empty(int seen, Way way) {
    return failed ? Outcome.of("cause", -1) : endedAt(seen) ? Outcome.of("end", -1) : nothing(way);
  }

  Outcome read(int want, int seen, Way way) {
    if (sourceClosed) {
      return Outcome.of("closed", -1);
    }
    return want == 0 || seen > 0 ? Outcome.ok(Math.min(want, seen)) : empty(seen, way);
  }

  Outcome readUntil(int match, int limit, int seen, boolean line, Way way) {
    if (sourceClosed) {
      return Outcome.of("closed", -1);
    } else if (match > 0) {
      return Outcome.ok(match);
    }
    boolean whole = !failed && endedAt(seen) && seen <= limit;
    if (!whole && (seen >= limit || (seen > 0 && seen >= capacity))) {
      return Outcome.of("full", -1);
    } else if (failed) {
      return Outcome.of("cause", -1);
    } else if (endedAt(seen)) {
      return line && seen > 0 ? Outcome.ok(seen) : Outcome.of("end", -1);
    }
    return blocked(way, seen);
  }

  Outcome readFully(int want, int seen, Way way) {
    if (sourceClosed) {
      return Outcome.of("closed", -1);
    } else if (seen >= want) {
      return Outcome.ok(want);
    } else if (failed) {
      return Outcome.of("cause", -1);
    }
    return endedAt(seen) ? Outcome.of("cut", seen) : blocked(way, seen);
  }

  Outcome readAll(int limit, int seen, Way way) {
    if (sourceClosed) {
      return Outcome.of("closed", -1);
    } else if (seen > limit) {
      return Outcome.of("full", -1);
    } else if (failed) {
      return Outcome.of("cause", -1);
    }
    return endedAt(seen) ? Outcome.ok(seen) : blocked(way, seen);
  }

  Outcome transfer(int max, int seen, long room, boolean brokenThere, Way way) {
    if (sourceClosed) {
      return Outcome.of("closed", -1);
    } else if (max == 0) {
      return Outcome.ok(0);
    } else if (seen == 0) {
      return empty(seen, way);
    } else if (brokenThere) {
      return Outcome.of("broken", -1);
    }
    long n = Math.min(Math.min(max, seen), room);
    if (n == max || (n == seen && (failed || endedAt(seen)))) {
      return Outcome.ok(n);
    } else if (way == Way.NOT_AT_ALL) {
      return n == 0 ? Outcome.of("nothing", 0) : Outcome.ok(n);
    }
    return new Outcome("timed out", n, n);
  }

  Outcome awaitReadable(int seen, Way way) {
    if (sourceClosed) {
      return Outcome.of("closed", -1);
    }
    return seen > 0 || failed || endedAt(seen) ? Outcome.ok(0) : blocked(way, 0);
  }

  /** What a call that writes comes to before it asks for room; null if it may ask. */
  private Outcome refused(Way way, boolean throwing) {
    if (sinkClosed) {
      return Outcome.of("closed", -1);
    } else if (endAsked) {
      return Outcome.of("broken", 0);
    } else if (!later.isEmpty()) {
      return throwing ? blocked(way, 0) : nothing(way);
    } else if (failed) {
      return Outcome.of("cause", -1);
    }
    return sourceClosed ? Outcome.of("broken", -1) : null;
  }

  Outcome write(int want, long room, Way way) {
    if (want == 0) {
      return sinkClosed ? Outcome.of("closed", -1) : Outcome.ok(0);
    }
    Outcome refused = refused(way, false);
    if (refused != null) {
      return refused;
    }
    return room > 0 ? Outcome.ok(Math.min(want, room)) : nothing(way);
  }

  Outcome writeFully(int want, long room, Way way) {
    if (want == 0) {
      return sinkClosed ? Outcome.of("closed", -1) : Outcome.ok(0);
    }
    Outcome refused = refused(way, true);
    if (refused != null) {
      return refused;
    } else if (room >= want) {
      return Outcome.ok(want);
    }
    return new Outcome(way == Way.NOT_AT_ALL ? "would block" : "timed out", room, room);
  }

  Outcome give(int want, long room, Way way) {
    Outcome written = write(want, room, way);
    return written.moved() > 0 ? Outcome.ok(want) : written;
  }

  Outcome awaitWritable(long room, Way way) {
    Outcome refused = refused(way, true);
    if (refused != null) {
      return refused;
    }
    return room > 0 ? Outcome.ok(0) : blocked(way, 0);
  }

  Outcome awaitEmpty(long buffered, Way way) {
    if (sinkClosed) {
      return Outcome.of("closed", -1);
    } else if (buffered == 0 && later.isEmpty()) {
      return Outcome.ok(0);
    }
    return Outcome.of(way == Way.NOT_AT_ALL ? "would block" : "timed out", -1);
  }

  Outcome flush(long buffered, long dropped, Way way) {
    Outcome empty = awaitEmpty(buffered, way);
    return empty.kind().equals("ok") && dropped + lost > 0 ? Outcome.of("broken", -1) : empty;
  }
}
