// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi.content;

import io.penstock.error.StreamTruncatedException;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Where the streams of a durable pipe end, and which of them its reader is in. Not safe for use by
 * several threads: the place guards it.
 */
@ProviderType
public final class Marks {
  private final NavigableMap<Long, Mark> marks = new TreeMap<>();
  private long stream;
  private long committed;

  // A cut of this process may be met before the place has it.
  private boolean endMet;

  /**
   * None is known.
   *
   * @param stream which stream the reader is in, as the number of those before it
   */
  public Marks(long stream) {
    this.stream = stream;
  }

  /**
   * The place has a mark.
   *
   * @param number how many come before it
   * @param mark where the stream of that number ends
   * @return whether the reader is in another stream by that
   */
  public boolean put(long number, Mark mark) {
    marks.put(number, mark);
    return beginNext();
  }

  /**
   * Forgets those of earlier streams.
   *
   * @param number of the first one that is kept
   */
  public void dropBefore(long number) {
    marks.headMap(number).clear();
  }

  /**
   * Whether none is known.
   *
   * @return true if there is none
   */
  public boolean isEmpty() {
    return marks.isEmpty();
  }

  /**
   * Which stream the reader is in.
   *
   * @return how many come before it
   */
  public long stream() {
    return stream;
  }

  /**
   * The number of the next mark.
   *
   * @return how many there are before it
   */
  public long next() {
    return marks.isEmpty() ? stream : Math.max(stream, marks.lastKey() + 1);
  }

  /**
   * How far the reader may read in its stream.
   *
   * @param known how far the place is known to be
   * @return a position
   */
  public long readable(long known) {
    Mark mark = mark();
    return mark == null ? known : mark.position();
  }

  /**
   * Whether the reader's stream is over at a position, by an end or a cut.
   *
   * @param position of a read
   * @return the level
   */
  public boolean isOver(long position) {
    Mark mark = mark();
    return mark != null && position >= mark.position();
  }

  /**
   * Whether the reader's stream has ended at a position.
   *
   * @param position of a read
   * @return true for an end, and not for a cut
   */
  public boolean hasEnded(long position) {
    return isOver(position) && cut() == null;
  }

  /**
   * Where the reader's stream ends. If that mark was lost, its bytes go on with the next stream.
   */
  private @Nullable Mark mark() {
    return marks.isEmpty() || marks.lastKey() < stream
        ? null
        : marks.ceilingEntry(stream).getValue();
  }

  private @Nullable String cut() {
    Mark mark = mark();
    return mark == null ? null : mark.cut();
  }

  /**
   * The same for a read.
   *
   * @param name of the reader, for the error
   * @param position of the read
   * @return true for an end
   * @throws StreamTruncatedException if the stream was cut there
   */
  public boolean meetsEnd(String name, long position) throws StreamTruncatedException {
    String cut = cut();
    if (cut != null && isOver(position)) {
      throw new StreamTruncatedException(name, "the writer has cut the stream: " + cut, position);
    }
    return isOver(position);
  }

  /**
   * The reader commits.
   *
   * @param position up to where
   * @param ended whether it has met the end of its stream, and goes on to the next one
   * @return whether it is in another stream by that
   */
  public boolean commit(long position, boolean ended) {
    committed = position;
    endMet = ended;
    return beginNext();
  }

  private boolean beginNext() {
    boolean next = endMet && isOver(committed);
    if (next) {
      endMet = false;
      stream = marks.ceilingKey(stream) + 1;
    }
    return next;
  }
}
