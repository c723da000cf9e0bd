// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.Charset;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A writable end of a pipe, of a channel, or of any other stream.
 *
 * <p><b>Threads.</b> Any number of threads, platform or virtual, may use it at once. They take
 * turns in the order in which they came. While the thread whose turn has come is still being woken,
 * a {@link #write} to a pipe that has room may go before it. The wait for a turn counts against the
 * caller's limit. {@link #give}, gathering writes and {@link #writeFully} are not interleaved with
 * other writes.
 *
 * <p><b>Waiting</b> and interrupts: as {@link ByteSource} says, with {@link #writeWait()}.
 *
 * <p><b>Exceptions</b> that every method with a {@code throws} clause may throw: {@link
 * io.penstock.error.BrokenPipeException} when there is no reader any more or after {@link #end()},
 * {@link io.penstock.error.StreamTimeoutException} when a limit passed, {@link
 * io.penstock.error.StreamClosedException} after a local close, {@link
 * io.penstock.error.StreamClosedWhileWaitingException} when closed during the wait, {@link
 * java.io.InterruptedIOException} on interrupt, and the failure of the peer as it was reported.
 *
 * <p>Parity BP-07, PY-20..23, PY-26..34, CH-35..45, CH-50, UV-09..11, UV-19, YA-04.
 */
@ProviderType
public interface ByteSink extends WritableByteChannel, GatheringByteChannel {
  /**
   * A label for errors and logs.
   *
   * @return the name, never empty
   */
  String name();

  /**
   * Writes as much as there is room for, under {@link #writeWait()}; waits only while there is
   * none.
   *
   * @param src consumed from its position on; an empty one returns 0 at once and signals nothing
   * @return how many bytes were accepted; 0 when told not to wait and there is no room now
   */
  @Override
  int write(ByteBuffer src) throws IOException;

  /**
   * Writes as much as there is room for; waits only while there is none.
   *
   * @param src consumed from its position on; an empty one returns 0 at once and signals nothing
   * @param wait this call's own limit
   * @return how many bytes were accepted; 0 when told not to wait and there is no room now
   * @throws IOException as this interface says
   */
  int write(ByteBuffer src, Wait wait) throws IOException;

  /**
   * Hands a buffer over, whole or not at all. It is accepted whenever there is any room, so it may
   * exceed the capacity once.
   *
   * <p>The buffer object itself is passed on: where the other end is a pipe's source, {@link
   * ByteSource#take} may return it. After it was accepted the caller must not use the object any
   * more; a caller that wants to keep one gives a {@link ByteBuffer#duplicate()}. The position of
   * the buffer does not move.
   *
   * @param immutable its bytes between position and limit must not change any more
   * @param wait this call's own limit
   * @return how many bytes were accepted: all or 0
   * @throws IOException as this interface says; nothing was accepted then
   */
  int give(ByteBuffer immutable, Wait wait) throws IOException;

  /**
   * The same as {@link #give(ByteBuffer, Wait)}, under {@link #writeWait()} as it is at the moment
   * of the call.
   *
   * @param immutable whose bytes between position and limit must not change any more
   * @return how many bytes were accepted: all or 0
   * @throws IOException as there
   */
  default int give(ByteBuffer immutable) throws IOException {
    return give(immutable, writeWait());
  }

  /**
   * Hands a buffer over like {@link #give(ByteBuffer, Wait)}, and runs a task when the buffer is
   * free again: once, whether its bytes were consumed or dropped, on a thread of the product with
   * no lock held. The task is not run for a buffer that was not accepted.
   *
   * @param immutable its bytes must not change until it is free again
   * @param released called once
   * @param wait this call's own limit
   * @return how many bytes were accepted: all or 0
   * @throws IOException as this interface says; nothing was accepted then
   */
  int give(ByteBuffer immutable, Runnable released, Wait wait) throws IOException;

  /**
   * The same as {@link #give(ByteBuffer, Runnable, Wait)}, under {@link #writeWait()} as it is at
   * the moment of the call.
   *
   * @param immutable whose bytes must not change until it is free again
   * @param released called once
   * @return how many bytes were accepted: all or 0
   * @throws IOException as there
   */
  default int give(ByteBuffer immutable, Runnable released) throws IOException {
    return give(immutable, released, writeWait());
  }

  /**
   * Writes all of a buffer.
   *
   * @param src its position tells, also after a failure, how many bytes were accepted
   * @param wait this call's own limit; {@link Wait#upTo} restarts with each piece that was accepted
   * @throws io.penstock.error.WouldBlockException if told not to wait and not all bytes could be
   *     accepted; its count says how many were
   * @throws IOException as this interface says
   */
  void writeFully(ByteBuffer src, Wait wait) throws IOException;

  /**
   * The same as {@link #writeFully(ByteBuffer, Wait)}, under {@link #writeWait()} as it is at the
   * moment of the call.
   *
   * @param src its position tells, also after a failure, how much was accepted
   * @throws IOException as there
   */
  default void writeFully(ByteBuffer src) throws IOException {
    writeFully(src, writeWait());
  }

  /**
   * Writes all of several buffers, in order.
   *
   * @param parts their positions tell, also after a failure, how many bytes were accepted
   * @param wait this call's own limit; {@link Wait#upTo} restarts with each piece that was accepted
   * @throws io.penstock.error.WouldBlockException if told not to wait and not all could be accepted
   * @throws IOException as this interface says
   */
  void writeFully(ByteBuffer[] parts, Wait wait) throws IOException;

  /**
   * The same as {@link #writeFully(ByteBuffer[], Wait)}, under {@link #writeWait()} as it is at the
   * moment of the call.
   *
   * @param parts their positions tell, also after a failure, how much was accepted
   * @throws IOException as there
   */
  default void writeFully(ByteBuffer[] parts) throws IOException {
    writeFully(parts, writeWait());
  }

  /**
   * Writes all of a text in UTF-8.
   *
   * @param text the text; counts are of its bytes (parity CH-38)
   * @param wait this call's own limit; {@link Wait#upTo} restarts with each piece that was accepted
   * @throws io.penstock.error.WouldBlockException if told not to wait and not all could be accepted
   * @throws IOException as this interface says
   */
  void writeFully(CharSequence text, Wait wait) throws IOException;

  /**
   * The same as {@link #writeFully(CharSequence, Wait)}, under {@link #writeWait()} as it is at the
   * moment of the call.
   *
   * @param text the text
   * @throws IOException as there
   */
  default void writeFully(CharSequence text) throws IOException {
    writeFully(text, writeWait());
  }

  /**
   * Queues buffers to be written in order, without waiting. Each call has one completion, in the
   * order of the calls, on a thread of the product. A close cancels the calls not yet begun, in
   * order, before it completes.
   *
   * @param parts must not change until the completion
   * @return completes when everything was accepted by the transport or the pipe; with {@link
   *     java.util.concurrent.CancellationException} when cancelled, or with the failure
   */
  CompletionStage<Void> writeAsync(ByteBuffer... parts);

  /**
   * How many bytes wait in the queue of {@link #writeAsync}, or are the rest of a given buffer, and
   * were not yet accepted by the transport or the pipe.
   *
   * @return bytes, 0 or more
   */
  long queued();

  /**
   * How many bytes one write will certainly take now. A kind that cannot tell answers 1 for "some".
   * Never waits.
   *
   * @return bytes; 0 when a write would wait or fail; {@link Long#MAX_VALUE} when unbounded
   */
  long room();

  /**
   * Whether {@link #end()} or {@link #close()} was called here.
   *
   * @return true when nothing more can be written from this side
   */
  boolean ended();

  /**
   * Waits until there is room.
   *
   * @param wait this call's own limit
   * @throws io.penstock.error.WouldBlockException if told not to wait and there is no room
   * @throws IOException as this interface says
   */
  void awaitWritable(Wait wait) throws IOException;

  /**
   * The same as {@link #awaitWritable(Wait)}, under {@link #writeWait()} as it is at the moment of
   * the call.
   *
   * @throws IOException as there
   */
  default void awaitWritable() throws IOException {
    awaitWritable(writeWait());
  }

  /**
   * The same as {@link #awaitWritable(Wait)}, and answers false where that throws because the limit
   * has passed.
   *
   * @param wait this call's own limit
   * @return whether there is room
   * @throws IOException as there, but no time-out
   */
  default boolean tryAwaitWritable(Wait wait) throws IOException {
    try {
      awaitWritable(wait);
      return true;
    } catch (StreamTimeoutException | WouldBlockException e) {
      return false;
    }
  }

  /**
   * Waits until all accepted bytes have left: none are queued, and on a pipe none are unread. It
   * also returns when the remaining bytes were dropped; {@link #flush} is a wait that reports this.
   *
   * @param wait this call's own limit, never restarted
   * @throws io.penstock.error.WouldBlockException if told not to wait and not everything has left
   * @throws IOException as this interface says
   */
  void awaitEmpty(Wait wait) throws IOException;

  /**
   * The same as {@link #awaitEmpty(Wait)}, under {@link #writeWait()} as it is at the moment of the
   * call.
   *
   * @throws IOException as there
   */
  default void awaitEmpty() throws IOException {
    awaitEmpty(writeWait());
  }

  /**
   * The same as {@link #awaitEmpty(Wait)}, and answers false where that throws because the limit
   * has passed.
   *
   * @param wait this call's own limit
   * @return whether everything accepted has left
   * @throws IOException as there, but no time-out
   */
  default boolean tryAwaitEmpty(Wait wait) throws IOException {
    try {
      awaitEmpty(wait);
      return true;
    } catch (StreamTimeoutException | WouldBlockException e) {
      return false;
    }
  }

  /**
   * Waits until all accepted bytes have left. {@link Wait#upTo} restarts with each progress (parity
   * PY-33). It also works after {@link #end()}. Bytes that a long read of the peer has gathered
   * count as unread until that read returns: before the end, a flush waits as long as the peer is
   * in {@code readAll}.
   *
   * <p>Of a durable pipe it waits until they are durable, and for no reader; {@link #awaitEmpty}
   * waits for the reader.
   *
   * @param wait this call's own limit
   * @throws io.penstock.error.BrokenPipeException if some bytes were dropped instead; its count
   *     says how many
   * @throws io.penstock.error.StorageException if they cannot become durable
   * @throws io.penstock.error.WouldBlockException if told not to wait and not everything has left
   * @throws IOException as this interface says
   */
  void flush(Wait wait) throws IOException;

  /**
   * The same as {@link #flush(Wait)}, under {@link #writeWait()} as it is at the moment of the
   * call.
   *
   * @throws IOException as there
   */
  default void flush() throws IOException {
    flush(writeWait());
  }

  /**
   * Ends the stream: this side writes no more, accepted bytes are still delivered, then the peer
   * reads -1. It half-closes a channel whose transport can do so, see {@link
   * io.penstock.channel.Capability#HALF_CLOSE}. Idempotent; never waits: queued bytes go first, in
   * the background.
   *
   * @throws IOException if the transport refuses
   */
  void end() throws IOException;

  /**
   * Ends the stream like {@link #end()}.
   *
   * @return completes when all queued bytes have gone out and the end was handed to the transport
   */
  CompletionStage<Void> endAsync();

  /**
   * The limit of calls that have no limit of their own.
   *
   * @return for ever, until it is changed
   */
  Wait writeWait();

  /**
   * Changes the limit of calls that have no limit of their own. Calls that wait under the old limit
   * are woken and continue under the new one, measured from the start of the call.
   *
   * @param wait the new limit
   */
  void writeWait(Wait wait);

  /**
   * Set while a write would succeed <em>or fail</em> at once.
   *
   * @return the signal, always the same
   */
  Signal writable();

  /**
   * Set from the local close on.
   *
   * @return the signal, always the same
   */
  Signal closing();

  /**
   * Tells that the other end was read: set by every read there, cleared when {@link #room()}
   * answers 0 and by hand, set for good when there is no reader any more. Where the reader cannot
   * be seen, each write that the transport accepted counts instead. Parity PY-21.
   *
   * @return the latch, always the same
   */
  Latch reader();

  /**
   * A view of this sink as a stream that is not bound to a thread. Its {@code flush} does not wait;
   * closing it closes this sink only. Where it must not wait and there is no room, it throws the
   * would-block type, whose count tells how many bytes were written.
   *
   * @return a view, safe for use by any thread
   */
  OutputStream outputStream();

  /**
   * A view of this sink as text. Each call writes all of its characters, not interleaved with
   * others; only the first half of a surrogate pair is held back. A character that the charset
   * cannot express is reported with {@link java.nio.charset.CharacterCodingException}, and nothing
   * of that call is written. The view is limited by {@link #writeWait()} and throws the would-block
   * type where it must not wait. Its {@code flush} does not wait; closing it closes this sink only.
   *
   * @param charset how characters are encoded
   * @return a view, for one thread at a time: others get an {@link IllegalStateException}
   */
  Writer writer(Charset charset);

  /**
   * Writes the items of a publisher, with back-pressure.
   *
   * @return a new subscriber, for one subscription
   */
  ByteSubscriber subscriber();

  /**
   * A view of this sink that writes frames, each encoded as the framing says.
   *
   * @param framing how a frame goes on the wire
   * @return a view
   */
  FrameSink frames(Framing framing);

  /**
   * A view of this sink as a file, for writing. Parity CF-01.
   *
   * @param mode how lines are treated, which bytes are held back, and what a close of the file
   *     closes
   * @param <L> the type of a line
   * @return a view
   */
  <L> ByteFile<L> file(FileMode<L> mode);

  /**
   * Whether this end is open, that is, not closed locally.
   *
   * @return false after {@link #close()}
   */
  @Override
  boolean isOpen();

  /**
   * Ends the stream, then refuses later writes with the closed type. Idempotent. Asynchronous parts
   * that were not yet begun are cancelled; accepted bytes go out in the background. Never waits.
   */
  @Override
  void close() throws IOException;
}
