// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.error.WouldBlockException;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Newline;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The reading half of a file. Between {@link #begin} and {@link #end} it gathers every byte that it
 * takes, so that all of them can go back.
 */
final class FileInput {
  private static final byte LF = '\n';
  private static final byte CR = '\r';

  private final ByteSource source;
  private final Consumer<ByteBuffer> unread;
  private final boolean universal;
  private final ByteBuffer one = ByteBuffer.allocate(1);
  private final OneAtATime guard;
  // What was fetched beyond what was asked for; always ready to be read from.
  private final ByteBuffer ahead;
  private final EnumSet<Newline> seen = EnumSet.noneOf(Newline.class);
  // A line ended in a carriage return; whether a line feed belongs to it is not known yet.
  private boolean pendingCr;

  private Gathered gathered = new Gathered();
  private boolean beganWithCr;
  private boolean ended;
  // The line that is being looked for: where it begins, how long it may be, whether it is there.
  private int start;
  private int cap;
  private boolean found;
  private boolean lent;

  FileInput(ByteSource source, Consumer<ByteBuffer> unread, int buffer, boolean universal) {
    this.source = source;
    this.unread = unread;
    this.universal = universal;
    this.ahead = ByteBuffer.allocate(buffer).limit(0);
    this.guard = new OneAtATime("a file of " + source.name());
  }

  void begin() {
    guard.enter();
    reset();
  }

  boolean tryBegin() {
    if (!guard.tryEnter()) {
      return false;
    }
    reset();
    return true;
  }

  private void reset() {
    gathered = new Gathered();
    beganWithCr = pendingCr;
    ended = false;
  }

  void end() {
    gathered = new Gathered();
    guard.exit();
  }

  /** Puts everything back that was taken since the beginning, and what was fetched ahead. */
  void restore() {
    pendingCr = beganWithCr;
    if (ahead.hasRemaining()) {
      unread.accept(ahead);
      ahead.limit(0);
    }
    if (gathered.size() > 0) {
      unread.accept(gathered.bytes());
    }
  }

  /** Puts back what was fetched ahead. */
  void finish() {
    if (ahead.hasRemaining()) {
      unread.accept(ahead);
      ahead.limit(0);
    }
  }

  /** How many bytes the caller has consumed since the beginning. */
  int passed() {
    return gathered.size();
  }

  /** How many bytes have come since the beginning, without a line feed that belonged before it. */
  int size() {
    return gathered.size() - start;
  }

  ByteBuffer bytes() {
    return gathered.bytes().position(start).slice();
  }

  // ---- bytes

  /** Gathers so many bytes, or fewer up to the end. */
  void gather(int count) throws IOException {
    start = 0;
    if (pendingCr && count > 0) {
      take(1);
      settleCr();
    }
    while (size() < count && !ended) {
      take(count - size());
    }
  }

  /** The first byte that follows a carriage return tells what that was. */
  private void settleCr() {
    if (gathered.size() == start && !ended) {
      return;
    }
    pendingCr = false;
    if (gathered.size() > start && gathered.bytes().get(start) == LF) {
      seen.add(Newline.CRLF);
      start++;
    } else {
      seen.add(Newline.CR);
    }
  }

  /** Takes up to so many bytes, waiting for the first. */
  private void take(int most) throws IOException {
    if (ahead.hasRemaining()) {
      gathered.add(slice(Math.min(most, ahead.remaining())));
    } else if (most < ahead.capacity()) {
      fetch();
      gathered.add(slice(Math.min(most, ahead.remaining())));
    } else {
      came(gathered.read(source, most));
    }
  }

  private ByteBuffer slice(int count) {
    ByteBuffer slice = ahead.slice(ahead.position(), count);
    ahead.position(ahead.position() + count);
    return slice;
  }

  private void fetch() throws IOException {
    ahead.clear();
    int n = 0;
    try {
      n = source.read(ahead);
    } finally {
      ahead.flip();
    }
    came(n);
  }

  private void came(int n) throws WouldBlockException {
    if (n == 0) {
      throw new WouldBlockException(
          source.name(), "only " + gathered.size() + " bytes are there", gathered.size());
    }
    ended = n < 0;
  }

  // ---- lines

  /**
   * The next line, or a piece of it, or the rest before the end; null at the end.
   *
   * @param most how long a piece may be
   */
  @Nullable ByteBuffer line(int most) throws IOException {
    start = gathered.size();
    if (most == 0) {
      return bytes();
    }
    cap = most;
    found = false;
    while (!found && !ended && size() < cap) {
      if (ahead.hasRemaining()) {
        scan(ahead);
      } else if (ahead.capacity() > 0) {
        fetch();
      } else {
        scanInPlace();
      }
    }
    if (ended && pendingCr) {
      settleCr();
    }
    if (size() == 0) {
      return null;
    }
    return found && universal ? translated() : bytes();
  }

  /** What is there without waiting, or one byte, for which the source's own setting holds. */
  private void scanInPlace() throws IOException {
    lent = false;
    int n =
        source.consume(
            Integer.MAX_VALUE,
            run -> {
              lent = true;
              scan(run);
            },
            Wait.none());
    if (n < 0) {
      ended = true;
    } else if (!lent) {
      one.clear();
      came(source.read(one));
      scan(one.flip());
    }
  }

  /** Takes bytes up to and including the end of the line. */
  private void scan(ByteBuffer run) throws IOException {
    if (pendingCr && run.hasRemaining()) {
      gathered.add(run.slice(run.position(), 1));
      run.position(run.position() + 1);
      int before = start;
      settleCr();
      if (start == before) {
        // It is the first byte of this line, and may end it.
        ended(gathered.bytes().get(start), run);
      }
    }
    int room = cap - size();
    int stop = run.position() + Math.min(run.remaining(), room);
    int from = run.position();
    for (int i = from; i < stop && !found; i++) {
      byte b = run.get(i);
      if (b == LF || (universal && b == CR)) {
        gathered.add(run.slice(from, i + 1 - from));
        run.position(i + 1);
        ended(b, run);
        return;
      }
    }
    if (!found) {
      gathered.add(run.slice(from, stop - from));
      run.position(stop);
    }
  }

  /** Looks at the byte that was gathered last, and at what follows a carriage return. */
  private void ended(byte last, ByteBuffer next) {
    if (last == LF) {
      found = true;
      if (universal) {
        seen.add(Newline.LF);
      }
    } else if (universal && last == CR) {
      found = true;
      if (!next.hasRemaining()) {
        pendingCr = true;
      } else if (next.get(next.position()) == LF) {
        gathered.add(next.slice(next.position(), 1));
        next.position(next.position() + 1);
        seen.add(Newline.CRLF);
      } else {
        seen.add(Newline.CR);
      }
    }
  }

  /** The line with a line feed for its newline. */
  private ByteBuffer translated() {
    ByteBuffer raw = bytes();
    int size = raw.limit();
    if (raw.get(size - 1) == LF && (size < 2 || raw.get(size - 2) != CR)) {
      return raw;
    }
    int text = raw.get(size - 1) == LF ? size - 2 : size - 1;
    return ByteBuffer.allocate(text + 1).put(raw.limit(text)).put(LF).flip();
  }

  Set<Newline> newlines() {
    return seen.isEmpty() ? Set.of() : Set.copyOf(seen);
  }
}
