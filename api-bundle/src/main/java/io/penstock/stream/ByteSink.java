// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

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
 * A writable end: of a pipe, of a channel, of anything.
 *
 * <p><b>Threads.</b> Any number of threads, platform or virtual, may use it at once. They take
 * turns in the order in which they came; waiting for one's turn counts against one's limit. {@link
 * #give}, gathering writes and {@link #writeFully} are not interleaved with others.
 *
 * <p><b>Waiting</b> and interrupts: as {@link ByteSource} says, with {@link #writeWait()}.
 *
 * <p><b>Exceptions</b> that every method with a {@code throws} clause may throw: {@link
 * io.penstock.error.BrokenPipeException} when nobody will read any more or after {@link #end()},
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
   * Hands a buffer over, whole or not at all: admitted whenever there is any room, so that it may
   * overshoot the capacity once.
   *
   * <p>The buffer object itself moves: where the other end is a pipe's source, {@link
   * ByteSource#take} may return it. When it was accepted the caller must not use the object any
   * more, and who wants to keep one gives a {@link ByteBuffer#duplicate()}; its position does not
   * move.
   *
   * @param immutable whose bytes between position and limit must not change any more
   * @param wait this call's own limit
   * @return how many bytes were accepted: all or 0
   * @throws IOException as this interface says; nothing was accepted then
   */
  int give(ByteBuffer immutable, Wait wait) throws IOException;

  /**
   * Hands a buffer over like {@link #give(ByteBuffer, Wait)}, and tells when it is free again:
   * once, whether its bytes were consumed or dropped, on a thread of the product's with no lock
   * held. It is not called for a buffer that was not accepted.
   *
   * @param immutable whose bytes must not change until it is free again
   * @param released called once
   * @param wait this call's own limit
   * @return how many bytes were accepted: all or 0
   * @throws IOException as this interface says; nothing was accepted then
   */
  int give(ByteBuffer immutable, Runnable released, Wait wait) throws IOException;

  /**
   * Writes all of a buffer.
   *
   * @param src its position tells, also after a failure, how much was accepted
   * @param wait this call's own limit; {@link Wait#upTo} restarts with each piece that was accepted
   * @throws io.penstock.error.WouldBlockException if told not to wait and not all could be
   *     accepted; its count says how many
   * @throws IOException as this interface says
   */
  void writeFully(ByteBuffer src, Wait wait) throws IOException;

  /**
   * Writes all of several buffers, in order.
   *
   * @param parts their positions tell, also after a failure, how much was accepted
   * @param wait this call's own limit; {@link Wait#upTo} restarts with each piece that was accepted
   * @throws io.penstock.error.WouldBlockException if told not to wait and not all could be accepted
   * @throws IOException as this interface says
   */
  void writeFully(ByteBuffer[] parts, Wait wait) throws IOException;

  /**
   * Writes all of a text in UTF-8.
   *
   * @param text the text; what counts is its bytes (parity CH-38)
   * @param wait this call's own limit; {@link Wait#upTo} restarts with each piece that was accepted
   * @throws io.penstock.error.WouldBlockException if told not to wait and not all could be accepted
   * @throws IOException as this interface says
   */
  void writeFully(CharSequence text, Wait wait) throws IOException;

  /**
   * Queues buffers to be written in order, without waiting. Each call has one completion, in the
   * order of the calls, on a thread of the product's. Closing cancels those not yet begun, in
   * order, before the close completes.
   *
   * @param parts must not change until the completion
   * @return completes when everything was accepted by the transport or the pipe; with {@link
   *     java.util.concurrent.CancellationException} when cancelled, or with the failure
   */
  CompletionStage<Void> writeAsync(ByteBuffer... parts);

  /**
   * How many bytes wait in the queue of {@link #writeAsync} (or of a given buffer's rest) and were
   * not yet accepted below.
   *
   * @return bytes, 0 or more
   */
  long queued();

  /**
   * How many bytes one write will surely take now. A kind that cannot tell answers 1 for "some".
   * Never waits.
   *
   * @return bytes; 0 when a write would wait or fail; {@link Long#MAX_VALUE} when unbounded
   */
  long room();

  /**
   * Whether {@link #end()} or {@link #close()} was called here.
   *
   * @return true when no more can be written from this side
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
   * Waits until everything accepted has left: nothing queued, and on a pipe nothing unread. Returns
   * also when what was left was dropped; see {@link #flush} for a wait that reports that.
   *
   * @param wait this call's own limit, never restarted
   * @throws io.penstock.error.WouldBlockException if told not to wait and not everything has left
   * @throws IOException as this interface says
   */
  void awaitEmpty(Wait wait) throws IOException;

  /**
   * Waits until everything accepted has left, {@link Wait#upTo} restarting with each progress
   * (parity PY-33). Works after {@link #end()}, too.
   *
   * @param wait this call's own limit
   * @throws io.penstock.error.BrokenPipeException if some of it was dropped instead; its count says
   *     how many bytes
   * @throws io.penstock.error.WouldBlockException if told not to wait and not everything has left
   * @throws IOException as this interface says
   */
  void flush(Wait wait) throws IOException;

  /**
   * Ends the stream: no more from this side, what was accepted is still delivered, then the peer
   * reads -1. Half-closes a channel where the transport can; {@link
   * io.penstock.channel.Capability#HALF_CLOSE} tells. Idempotent; never waits: what is queued goes
   * first, in the background.
   *
   * @throws IOException if the transport refuses
   */
  void end() throws IOException;

  /**
   * Ends the stream like {@link #end()}.
   *
   * @return completes when everything queued went out and the end was handed to the transport
   */
  CompletionStage<Void> endAsync();

  /**
   * The limit of calls that do not bring their own.
   *
   * @return for ever, until it is changed
   */
  Wait writeWait();

  /**
   * Changes the limit of calls that do not bring their own. Those who wait under the old one are
   * woken and go on under the new one, measured from their call's start.
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
   * Tells that a reader was here: set by every read of the other end, cleared when {@link #room()}
   * answers 0 and by hand, set for good when nobody will read any more. Where the reader cannot be
   * seen, each write that the transport accepted counts. Parity PY-21.
   *
   * @return the latch, always the same
   */
  Latch reader();

  /**
   * This sink as a stream without thread identity. Its {@code flush} waits for nothing; closing it
   * closes this sink only. Where it must not wait and there is no room, it throws the would-block
   * type, whose count tells how many bytes were written.
   *
   * @return a view, safe for use by any thread
   */
  OutputStream outputStream();

  /**
   * This sink as text. Each call writes all of its characters, not interleaved with others; nothing
   * is held back but the first half of a surrogate pair. What the charset cannot express is
   * reported with {@link java.nio.charset.CharacterCodingException}, and nothing of that call is
   * written. It goes by {@link #writeWait()} and throws the would-block type where it must not
   * wait. Its {@code flush} waits for nothing; closing it closes this sink only.
   *
   * @param charset how characters are encoded
   * @return a view, for one thread at a time: others get an {@link IllegalStateException}
   */
  Writer writer(Charset charset);

  /**
   * Writes what a publisher sends, with back-pressure.
   *
   * @return a new subscriber, for one subscription
   */
  ByteSubscriber subscriber();

  /**
   * This sink in the manner of a file, for writing. Parity CF-01.
   *
   * @param mode how lines are treated, what is held back, and what closing closes
   * @param <L> what a line is
   * @return a view
   */
  <L> ByteFile<L> file(FileMode<L> mode);

  /**
   * Whether this end was not closed locally.
   *
   * @return false after {@link #close()}
   */
  @Override
  boolean isOpen();

  /**
   * Ends the stream, then refuses later writes with the closed type. Idempotent. Asynchronous parts
   * that were not yet begun are cancelled; what was accepted goes out in the background. Never
   * waits.
   */
  @Override
  void close() throws IOException;
}
