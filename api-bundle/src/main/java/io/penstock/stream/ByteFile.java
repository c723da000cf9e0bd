// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A view of a source, a sink or a channel as a file: reads of an exact size, lines, writes that may
 * be held back, a position.
 *
 * <p><b>Threads.</b> One thread may read and another may write at the same time; two that read, or
 * two that write, get an {@link IllegalStateException}. Any thread may close.
 *
 * <p><b>Waiting.</b> Reads are limited by {@link ByteSource#readWait()} and writes by {@link
 * ByteSink#writeWait()}, like long reads and {@link ByteSink#writeFully}: progress restarts the
 * clock of {@link Wait#upTo}. If told not to wait, they throw the would-block type.
 *
 * <p><b>Nothing is lost.</b> When a read fails, times out, would block or finds bytes that are not
 * text, its bytes go back to the front of the source. Without a {@linkplain FileMode#withBuffer
 * buffer} the file holds no byte of the source between two calls, so that it and other views of the
 * source can be used in turn.
 *
 * <p><b>Exceptions</b> of every method that reads or writes: {@link
 * io.penstock.error.NotSupportedException} when the file is not open in that direction, {@link
 * io.penstock.error.StreamClosedException} after the close of the file, and the exceptions of
 * {@link ByteSource} and {@link ByteSink}. Parity CF-01..13, CF-15, CF-16.
 *
 * @param <L> the type of a line, as the mode says
 */
@ProviderType
public interface ByteFile<L> extends Iterable<L>, Closeable {
  /**
   * A label for errors and logs: the name of the source, sink or channel.
   *
   * @return the name, never empty
   */
  String name();

  /**
   * How lines are treated, which bytes are held back, and what a close of the file closes.
   *
   * @return the mode
   */
  FileMode<L> mode();

  /**
   * Reads exactly the given number of bytes; fewer only if the stream ends first. Parity CF-05.
   *
   * @param size how many bytes, 0 or more; the memory grows with the bytes that arrive, not with
   *     this number
   * @return the bytes; null at the end, when none came before it
   * @throws IllegalArgumentException if {@code size} is negative
   * @throws IOException as this interface says; the bytes are back on the source then
   */
  @Nullable ByteBuffer read(int size) throws IOException;

  /**
   * Reads everything up to the end. Parity CF-05.
   *
   * @param limit the most bytes to gather, 0 or more
   * @return the bytes, possibly none
   * @throws io.penstock.error.BufferFullException if there are more than {@code limit} bytes; they
   *     are back on the source then
   * @throws IllegalArgumentException if {@code limit} is negative
   * @throws IOException as this interface says; the bytes are back on the source then
   */
  ByteBuffer readAll(long limit) throws IOException;

  /**
   * Fills a buffer; it is filled in part only if the stream ends first. Parity CF-09.
   *
   * @param dst filled from its position on; when the call fails its position is as before
   * @return how many bytes; -1 at the end, when none came before it; 0 with nothing remaining
   * @throws IllegalArgumentException if {@code dst} is read-only
   * @throws IOException as this interface says; the bytes are back on the source then
   */
  int readInto(ByteBuffer dst) throws IOException;

  /**
   * Reads a line, however long: the bytes up to and including its newline, which only the last line
   * may lack. For an untrusted peer use {@link #readLine(int)}. Parity CF-06, CF-07.
   *
   * @return the line, or null at the end
   * @throws java.nio.charset.CharacterCodingException if the bytes are not text in the mode's
   *     charset; they are back on the source then
   * @throws IOException as this interface says; the bytes are back on the source then
   */
  @Nullable L readLine() throws IOException;

  /**
   * Reads a line, or a piece of a line that is longer than a cap. The next call continues where
   * this one ended. Parity CF-06.
   *
   * @param cap the most bytes to return, 0 or more; 0 gives an empty line without looking
   * @return the line or a piece of it, or null at the end
   * @throws IllegalArgumentException if {@code cap} is negative
   * @throws java.nio.charset.CharacterCodingException if the bytes are not text in the mode's
   *     charset, or the cap splits a character; they are back on the source then
   * @throws IOException as this interface says; the bytes are back on the source then
   */
  @Nullable L readLine(int cap) throws IOException;

  /**
   * Reads lines up to the end, or until their total size reaches a hint. The line that reaches the
   * hint is the last one. Parity CF-08.
   *
   * @param hint bytes, 1 or more; {@link Long#MAX_VALUE} for all lines
   * @return the lines; none at the end
   * @throws IllegalArgumentException if {@code hint} is less than 1
   * @throws IOException as this interface says; the bytes of all the lines are back on the source
   *     then
   */
  List<L> readLines(long hint) throws IOException;

  /**
   * The remaining lines, as {@link #readLine()} reads them. Parity CF-08.
   *
   * @return an iterator that throws {@link java.io.UncheckedIOException} where a read would fail;
   *     it may be used again afterwards
   */
  @Override
  Iterator<L> iterator();

  /**
   * The kinds of newline that have ended lines so far, where newlines are universal. A carriage
   * return at the end of the bytes read so far is counted once the next byte is known. Parity
   * CF-07.
   *
   * @return a copy; none where newlines are not universal
   */
  Set<Newline> newlines();

  /**
   * Writes bytes, at once or when enough bytes are gathered, as the mode says. Parity CF-10.
   *
   * @param data its position tells, also after a failure, how many bytes were accepted; accepted
   *     bytes that could not be sent are still held, and go with the next write or flush
   * @throws IOException as this interface says
   */
  void write(ByteBuffer data) throws IOException;

  /**
   * Writes text in the mode's charset, or in UTF-8 where the mode is binary. Parity CF-10.
   *
   * @param text accepted whole when the file has a buffer; without one a failure's count tells how
   *     many bytes were sent
   * @throws java.nio.charset.CharacterCodingException if the charset cannot express it; nothing was
   *     accepted then
   * @throws IOException as this interface says
   */
  void write(CharSequence text) throws IOException;

  /**
   * Writes lines one after the other, without adding newlines. Parity CF-11.
   *
   * @param lines the lines
   * @throws IOException as this interface says; the lines before were accepted
   */
  void writeLines(Iterable<? extends L> lines) throws IOException;

  /**
   * Sends the bytes that are held back. Does not wait for the reader; {@link ByteSink#flush} does.
   * Parity CF-11.
   *
   * @throws IOException as this interface says; bytes that could not be sent are still held
   */
  void flush() throws IOException;

  /**
   * Whether the file can be read.
   *
   * @return true for a file made of a source or a channel
   */
  boolean readable();

  /**
   * Whether the file can be written.
   *
   * @return true for a file made of a sink or a channel
   */
  boolean writable();

  /**
   * How many bytes have passed through this file: the sum of the bytes that its reads have consumed
   * and its writes have sent. A file cannot seek; {@link ByteSource#peek} gives a view that can.
   * Parity CF-13.
   *
   * @return bytes, 0 or more
   */
  long tell();

  /**
   * Whether the file is open.
   *
   * @return false after {@link #close()}
   */
  boolean isOpen();

  /**
   * Sends the bytes that are held back, puts bytes that were read ahead back on the source, closes
   * the file, and then does what {@link FileMode#closing()} says. Idempotent. Parity CF-03, CF-15,
   * CF-16.
   *
   * @throws IOException if the held bytes cannot be sent; the file is closed all the same
   */
  @Override
  void close() throws IOException;
}
