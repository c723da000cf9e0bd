// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.nio.charset.Charset;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A readable end of a pipe, of a channel, or of any other stream.
 *
 * <p><b>Threads.</b> Any number of threads, platform or virtual, may use it at once. They take
 * turns in the order in which they came. While the thread whose turn has come is still being woken,
 * a {@link #read} from a pipe that has bytes may go before it. The wait for a turn counts against
 * the caller's limit.
 *
 * <p><b>Waiting.</b> A call without a {@link Wait} is limited by {@link #readWait()}, a call with
 * one by that wait. A call checks for an interrupt only when it would wait. The interrupt ends the
 * wait with {@link java.io.InterruptedIOException}; the thread's flag stays set and the source
 * stays usable.
 *
 * <p><b>Results are never overloaded.</b> 0 (or an empty buffer) means "nothing now", and is
 * returned only to a call that was told not to wait. -1 (or null) means that the stream has ended;
 * it is final, and each later read returns it again. A failure of the peer is thrown after the
 * buffered bytes were delivered, and again by each later read.
 *
 * <p><b>Exceptions</b> that every method with a {@code throws} clause may throw: {@link
 * io.penstock.error.StreamTimeoutException} when a limit passed, {@link
 * io.penstock.error.StreamClosedException} after a local close, {@link
 * io.penstock.error.StreamClosedWhileWaitingException} when closed during the wait, {@link
 * java.io.InterruptedIOException} on interrupt, and the failure of the peer as it was reported.
 *
 * <p>Parity BP-05..17, PY-09..11, PY-19, PY-24, PY-25, PY-35..39, CH-26..31, YA-03.
 */
@ProviderType
public interface ByteSource extends ReadableByteChannel, ScatteringByteChannel {
  /**
   * A label for errors and logs.
   *
   * @return the name, never empty
   */
  String name();

  /**
   * Reads the bytes that are there, merging separate writes, under {@link #readWait()}.
   *
   * @param dst filled from its position on; with nothing remaining the call returns 0 at once
   * @return how many bytes; 0 when told not to wait and there is nothing now; -1 at the end
   */
  @Override
  int read(ByteBuffer dst) throws IOException;

  /**
   * Reads the bytes that are there, merging separate writes.
   *
   * @param dst filled from its position on; with nothing remaining the call returns 0 at once
   * @param wait this call's own limit
   * @return how many bytes; 0 when told not to wait and there is nothing now; -1 at the end
   * @throws IOException as this interface says
   */
  int read(ByteBuffer dst, Wait wait) throws IOException;

  /**
   * Lends the next run of bytes in place for the length of a callback, with no lock held. A
   * concurrent {@link #close()} waits for the callback.
   *
   * @param max the most bytes to lend, 1 or more
   * @param use the bytes that it does not consume stay readable
   * @param wait this call's own limit
   * @return how many bytes were consumed (0 also if the callback consumed nothing, or when told not
   *     to wait and there is nothing now); -1 at the end
   * @throws IllegalArgumentException if {@code max} is less than 1
   * @throws IOException as this interface says, or the exception of the callback; nothing is
   *     consumed then
   */
  int consume(int max, ByteConsumer use, Wait wait) throws IOException;

  /**
   * The same as {@link #consume(int, ByteConsumer, Wait)}, under {@link #readWait()} as it is at
   * the moment of the call.
   *
   * @param max the most bytes to lend, 1 or more
   * @param use what it does not consume stays readable
   * @return how many bytes were consumed; -1 at the end
   * @throws IOException as there
   */
  default int consume(int max, ByteConsumer use) throws IOException {
    return consume(max, use, readWait());
  }

  /**
   * Hands the next run of bytes over for good. Bytes that were given to the sink as a buffer are
   * not copied; otherwise the caller gets a private copy.
   *
   * @param max the most bytes to take, 1 or more
   * @param wait this call's own limit
   * @return the bytes, between position and limit; empty when told not to wait and there is nothing
   *     now; null at the end
   * @throws IllegalArgumentException if {@code max} is less than 1
   * @throws IOException as this interface says
   */
  @Nullable ByteBuffer take(int max, Wait wait) throws IOException;

  /**
   * The same as {@link #take(int, Wait)}, under {@link #readWait()} as it is at the moment of the
   * call.
   *
   * @param max the most bytes to take, 1 or more
   * @return the bytes; null at the end
   * @throws IOException as there
   */
  default @Nullable ByteBuffer take(int max) throws IOException {
    return take(max, readWait());
  }

  /**
   * Takes all buffered bytes at once; never waits.
   *
   * @return the bytes; empty when nothing is buffered, which does not mean the end (parity BP-06)
   * @throws IOException the closed type, after a local close
   */
  ByteBuffer drain() throws IOException;

  /**
   * Moves bytes to a sink until {@code max} were moved or this source ends; with {@link
   * Wait#none()} as many as possible now. Bytes that the sink did not accept stay readable here.
   *
   * @param sink where the bytes go
   * @param max the most bytes to move, 0 or more
   * @param wait this call's own limit; {@link Wait#upTo} restarts with each piece that moved
   * @return how many bytes were moved; 0 when told not to wait and nothing could be; -1 at the end.
   *     A failure after some bytes were moved is thrown by the next call
   * @throws IllegalArgumentException if {@code max} is negative
   * @throws IOException as this interface and {@link ByteSink} say; a time-out's count is the
   *     number of bytes that were moved
   */
  long transferTo(ByteSink sink, long max, Wait wait) throws IOException;

  /**
   * The same as {@link #transferTo(ByteSink, long, Wait)}, under {@link #readWait()} as it is at
   * the moment of the call.
   *
   * @param sink where the bytes go
   * @param max the most bytes to move, 0 or more
   * @return how many bytes were moved; -1 at the end
   * @throws IOException as there
   */
  default long transferTo(ByteSink sink, long max) throws IOException {
    return transferTo(sink, max, readWait());
  }

  /**
   * Fills a buffer. Room (or credit) is released while the call gathers bytes, so that it cannot
   * deadlock against a bounded writer. If it fails, the gathered bytes go back in front, and {@code
   * dst} keeps its position.
   *
   * @param dst filled to its limit
   * @param wait this call's own limit
   * @throws io.penstock.error.EndOfStreamException if the stream ends first; the bytes stay
   *     readable
   * @throws io.penstock.error.WouldBlockException if told not to wait and too few bytes are there;
   *     they stay readable
   * @throws IOException as this interface says
   */
  void readFully(ByteBuffer dst, Wait wait) throws IOException;

  /**
   * The same as {@link #readFully(ByteBuffer, Wait)}, under {@link #readWait()} as it is at the
   * moment of the call.
   *
   * @param dst filled to its limit
   * @throws IOException as there
   */
  default void readFully(ByteBuffer dst) throws IOException {
    readFully(dst, readWait());
  }

  /**
   * Reads up to and including a delimiter, which may span separate writes.
   *
   * @param delimiter one byte or more
   * @param limit the most bytes to return, the delimiter included; at least its length
   * @param wait this call's own limit
   * @return the bytes, the delimiter included; null at the end, when the unmatched tail stays
   *     readable
   * @throws io.penstock.error.BufferFullException if there is no match within the smaller of {@code
   *     limit} and the capacity, at once; the bytes stay readable
   * @throws io.penstock.error.WouldBlockException if told not to wait and there is no match yet;
   *     the bytes stay readable
   * @throws IllegalArgumentException if the delimiter is empty or longer than {@code limit}
   * @throws IOException as this interface says; the bytes stay readable
   */
  @Nullable ByteBuffer readUntil(ByteSequence delimiter, int limit, Wait wait) throws IOException;

  /**
   * The same as {@link #readUntil(ByteSequence, int, Wait)}, under {@link #readWait()} as it is at
   * the moment of the call.
   *
   * @param delimiter one byte or more
   * @param limit the most bytes to return, the delimiter included; at least its length
   * @return the bytes, the delimiter included; null at the end
   * @throws IOException as there
   */
  default @Nullable ByteBuffer readUntil(ByteSequence delimiter, int limit) throws IOException {
    return readUntil(delimiter, limit, readWait());
  }

  /**
   * Reads everything up to the end. Room is released while the call gathers bytes. If it fails, the
   * gathered bytes go back in front.
   *
   * @param limit the most bytes to gather, 0 or more
   * @param wait this call's own limit
   * @return the bytes, possibly none
   * @throws io.penstock.error.BufferFullException if there are more than {@code limit} bytes; they
   *     stay readable
   * @throws io.penstock.error.WouldBlockException if told not to wait and the end is not there yet;
   *     the bytes stay readable
   * @throws IOException as this interface says; the bytes stay readable
   */
  ByteBuffer readAll(long limit, Wait wait) throws IOException;

  /**
   * The same as {@link #readAll(long, Wait)}, under {@link #readWait()} as it is at the moment of
   * the call.
   *
   * @param limit the most bytes to gather, 0 or more
   * @return the bytes, possibly none
   * @throws IOException as there
   */
  default ByteBuffer readAll(long limit) throws IOException {
    return readAll(limit, readWait());
  }

  /**
   * Reads everything up to the end into an array, as {@link #readAll(long, Wait)} does.
   *
   * @param limit the most bytes to gather, 0 or more
   * @param wait this call's own limit
   * @return the bytes, possibly none
   * @throws IOException as there
   */
  default byte[] readAllBytes(long limit, Wait wait) throws IOException {
    ByteBuffer all = readAll(limit, wait);
    byte[] bytes = new byte[all.remaining()];
    all.get(bytes);
    return bytes;
  }

  /**
   * The same as {@link #readAllBytes(long, Wait)}, under {@link #readWait()} as it is at the moment
   * of the call.
   *
   * @param limit the most bytes to gather, 0 or more
   * @return the bytes, possibly none
   * @throws IOException as there
   */
  default byte[] readAllBytes(long limit) throws IOException {
    return readAllBytes(limit, readWait());
  }

  /**
   * Reads everything up to the end as a text in UTF-8: what {@link
   * ByteSink#writeFully(CharSequence, Wait)} has written.
   *
   * @param limit the most bytes to gather, 0 or more
   * @param wait this call's own limit
   * @return the text, possibly empty
   * @throws io.penstock.error.BufferFullException if there are more than {@code limit} bytes; they
   *     stay readable
   * @throws io.penstock.error.WouldBlockException if told not to wait and the end is not there yet;
   *     the bytes stay readable
   * @throws java.nio.charset.CharacterCodingException if the bytes are not UTF-8; they stay
   *     readable
   * @throws IOException as this interface says; the bytes stay readable
   */
  String readString(long limit, Wait wait) throws IOException;

  /**
   * The same as {@link #readString(long, Wait)}, under {@link #readWait()} as it is at the moment
   * of the call.
   *
   * @param limit the most bytes to gather, 0 or more
   * @return the text, possibly empty
   * @throws IOException as there
   */
  default String readString(long limit) throws IOException {
    return readString(limit, readWait());
  }

  /**
   * Reads a line: the bytes up to and including a line feed, decoded. The end of the stream
   * delivers a last partial line, then null.
   *
   * @param charset decodes the line; a charset in which a line feed is the single byte 10
   * @param limit the most bytes of a line, its terminator included; 1 or more
   * @param terminator whether the line feed (and a carriage return before it) is returned
   * @param wait this call's own limit
   * @return the line, or null at the end
   * @throws io.penstock.error.BufferFullException if there is no line feed within the smaller of
   *     {@code limit} and the capacity, at once; the bytes stay readable
   * @throws io.penstock.error.WouldBlockException if told not to wait and there is no line yet; the
   *     bytes stay readable
   * @throws java.nio.charset.CharacterCodingException if the bytes are not text in that charset;
   *     they stay readable
   * @throws IOException as this interface says; the bytes stay readable
   */
  @Nullable String readLine(Charset charset, int limit, Terminator terminator, Wait wait)
      throws IOException;

  /**
   * Reads a line without its terminator, as {@link #readLine(Charset, int, Terminator, Wait)} does,
   * under {@link #readWait()} as it is at the moment of the call.
   *
   * @param charset decodes the line; a charset in which a line feed is the single byte 10
   * @param limit the most bytes of a line, its terminator included; 1 or more
   * @return the line, or null at the end
   * @throws IOException as there
   */
  default @Nullable String readLine(Charset charset, int limit) throws IOException {
    return readLine(charset, limit, Terminator.STRIP, readWait());
  }

  /**
   * How many bytes are known to be readable without waiting. A kind whose bytes are in the
   * operating system counts only bytes that it has looked at. Never waits.
   *
   * @return bytes, 0 or more; 0 after a local close
   */
  long available();

  /**
   * Whether the stream has ended and everything before the end was read, so that the next read
   * returns -1. Never waits.
   *
   * @return true at the end
   */
  boolean ended();

  /**
   * Waits until a read would not wait: until there are data, the end or a failure.
   *
   * @param wait this call's own limit
   * @throws io.penstock.error.WouldBlockException if told not to wait and there is nothing now
   * @throws IOException as this interface says; the peer's failure is left to the read
   */
  void awaitReadable(Wait wait) throws IOException;

  /**
   * The same as {@link #awaitReadable(Wait)}, under {@link #readWait()} as it is at the moment of
   * the call.
   *
   * @throws IOException as there
   */
  default void awaitReadable() throws IOException {
    awaitReadable(readWait());
  }

  /**
   * The same as {@link #awaitReadable(Wait)}, and answers false where that throws because the limit
   * has passed.
   *
   * @param wait this call's own limit
   * @return whether a read would not wait
   * @throws IOException as there, but no time-out
   */
  default boolean tryAwaitReadable(Wait wait) throws IOException {
    try {
      awaitReadable(wait);
      return true;
    } catch (StreamTimeoutException | WouldBlockException e) {
      return false;
    }
  }

  /**
   * The limit of calls that have no limit of their own.
   *
   * @return for ever, until it is changed
   */
  Wait readWait();

  /**
   * Changes the limit of calls that have no limit of their own. Calls that wait under the old limit
   * are woken and continue under the new one, measured from the start of the call.
   *
   * @param wait the new limit
   */
  void readWait(Wait wait);

  /**
   * Set while a read would not wait: data, the end, a failure, or a local close.
   *
   * @return the signal, always the same
   */
  Signal readable();

  /**
   * Set from the local close on.
   *
   * @return the signal, always the same
   */
  Signal closing();

  /**
   * A view of this source as a stream that is not bound to a thread. Closing it closes this source
   * only. Where it must not wait and there is nothing, it throws the would-block type, because an
   * input stream cannot return 0 for that. A failed read of several bytes loses none of them,
   * except in {@code skip} and in {@code transferTo} to another stream than {@link
   * ByteSink#outputStream()}.
   *
   * @return a view, safe for use by any thread
   */
  InputStream inputStream();

  /**
   * A view of this source as text. It takes from the source exactly the bytes of the characters
   * that it returns, so that it and other views can be used in turn. Bytes that are not text are
   * reported with {@link java.nio.charset.CharacterCodingException}, by each read, and stay
   * readable here. The view is limited by {@link #readWait()} and throws the would-block type where
   * it must not wait; {@code ready()} tells whether it would return or fail at once. Closing it
   * closes this source only.
   *
   * @param charset how characters are encoded
   * @return a view, for one thread at a time: others get an {@link IllegalStateException}
   */
  Reader reader(Charset charset);

  /**
   * A view of this source as a publisher of the bytes that it reads, in pieces of up to 64 KiB, one
   * for each request, on threads of the product. No thread is blocked while there is nothing to
   * read. The end completes the subscriber; a failure or a local close is its error. Bytes that
   * were not delivered when it cancels stay readable. The publisher follows the rules of Reactive
   * Streams. It has one subscriber at a time; another one is refused with {@link
   * IllegalStateException} as its error.
   *
   * @return the publisher, always the same
   */
  Flow.Publisher<ByteBuffer> publisher();

  /**
   * A view of this source as frames: lines, records with a length in front, or whatever the framing
   * finds.
   *
   * @param framing how the bytes are cut
   * @return a view with a framer of its own
   */
  FrameSource frames(Framing framing);

  /**
   * A view of this source as a file, for reading. Parity CF-01.
   *
   * @param mode how lines are treated, which bytes are read ahead, and what a close of the file
   *     closes
   * @param <L> the type of a line
   * @return a view
   */
  <L> ByteFile<L> file(FileMode<L> mode);

  /**
   * Reads ahead, so that the caller can look at the beginning of this source, or at all of it if it
   * is short. It reads until the end, until {@code limit} bytes, or until the wait is over; none of
   * these is an error. A failure or an interrupt ends it, too, and is reported again by the read.
   * Parity PY-42.
   *
   * @param limit the most bytes to read ahead, 0 or more; a source of exactly this many bytes is
   *     not seekable, because its end was not seen
   * @param wait how long to wait for more; {@link Wait#none()} takes what is there
   * @return the view that reads this source until it is closed
   * @throws IllegalArgumentException if {@code limit} is negative
   * @throws IOException the closed type, after a local close
   */
  PeekSource peek(int limit, Wait wait) throws IOException;

  /**
   * The same as {@link #peek(int, Wait)}, under {@link #readWait()} as it is at the moment of the
   * call.
   *
   * @param limit the most bytes to read ahead, 0 or more
   * @return reads this source until it is closed
   * @throws IOException as there
   */
  default PeekSource peek(int limit) throws IOException {
    return peek(limit, readWait());
  }

  /**
   * Whether this end is open, that is, not closed locally.
   *
   * @return false after {@link #close()}
   */
  @Override
  boolean isOpen();

  /**
   * Says that nothing more will be read. Buffered bytes are dropped, with one warning that gives
   * the name and the count. Every writer of the other side gets the broken-pipe type, and callers
   * that wait here are woken. On a channel, bytes that still arrive are dropped, so that the peer
   * is not stalled. Idempotent; waits only for a {@link #consume} callback in progress.
   */
  @Override
  void close() throws IOException;
}
