// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What goes through a durable pipe, as a provider keeps it: bytes by their position in the stream,
 * with ends and aborts between them. The product makes the whole pipe of it: waiting, limits, long
 * reads, views.
 *
 * <p>A reader is only shown bytes that are acknowledged, so it never acts on bytes that a crash or
 * a takeover undoes.
 *
 * <p>{@link #append}, {@link #end} and {@link #read} are called by one thread at a time each, with
 * no lock held; all other methods at any time by any thread. No method may wait.
 */
@ConsumerType
public interface PipeContent {
  /**
   * Gives the content its callbacks, once, before anything else is called. They are quick and never
   * wait, and may be called more often than needed; with no lock held.
   *
   * @param writer to be called when there is room again, something was acknowledged or released, or
   *     it has failed
   * @param reader to be called when {@link #ready} has become true
   */
  void onReady(Runnable writer, Runnable reader);

  // ---- the writer's half

  /**
   * Appends as many bytes as there is room for. They become durable without being asked for.
   *
   * @param src the bytes to append
   * @return how many; 0 for no room now
   * @throws IOException the storage type; the broken-pipe type when the stream has ended for good
   */
  int append(ByteBuffer src) throws IOException;

  /**
   * How many bytes {@link #append} will surely take: bounded by the capacity, and by how much may
   * be unacknowledged at once.
   *
   * @return bytes, 0 or more
   */
  long room();

  /**
   * How far was appended.
   *
   * @return the position behind the last byte that was taken
   */
  long written();

  /**
   * How far the stream is durable.
   *
   * @return the position behind the last acknowledged byte
   */
  long acknowledged();

  /**
   * Ends the stream behind what was appended.
   *
   * @throws IOException as {@link #append}
   */
  void end() throws IOException;

  /**
   * Cuts the stream behind what was appended: a reader must not take it for ended.
   *
   * @param cause its text is kept
   */
  void abort(Throwable cause);

  // ---- the reader's half

  /**
   * Reads bytes at a position.
   *
   * @param position where the read before this one stopped, or that of {@link #seek}; of the first
   *     one, {@link #committed()}
   * @param dst has at least one byte remaining
   * @return how many bytes; 0 for nothing now; -1 for the end of the stream
   * @throws IOException the storage type; at a cut, the truncated type
   */
  int read(long position, ByteBuffer dst) throws IOException;

  /**
   * Says that the next read is at another place than behind the last one.
   *
   * @param position of that read
   */
  void seek(long position);

  /**
   * Whether a read would not come back with nothing. The content fetches what comes behind the last
   * read by itself, so that this becomes true. Another thread may ask while a read is under way,
   * with the position where that read began: what the read leaves is what counts then.
   *
   * @param position as for a read
   * @return the level
   */
  boolean ready(long position);

  /**
   * Whether the next thing at a position is known to be the end.
   *
   * @param position as for a read
   * @return whether a read answers -1
   */
  boolean ended(long position);

  /**
   * How far can be read, be it fetched or not.
   *
   * @return the position behind the last acknowledged byte of the present stream
   */
  long readable();

  /**
   * The first byte that is kept.
   *
   * @return its position
   */
  long oldest();

  /**
   * Where a reader that begins anew begins.
   *
   * @return the position that was committed last
   */
  long committed();

  /**
   * Says that everything before a position is done with. It becomes durable without being asked
   * for.
   *
   * @param position also before an earlier one, after a replay
   * @param ended whether the end or the cut at that position was met, so that the next reader
   *     begins with the next stream
   */
  void commit(long position, boolean ended);

  /**
   * Says from where on bytes count against the capacity.
   *
   * @param position also before an earlier one
   */
  void release(long position);

  // ---- both

  /**
   * Hurries what was appended, ended or committed by now.
   *
   * @return completes when it is durable, or with the failure
   */
  CompletionStage<Void> flush();

  /**
   * Tells when the content is of no use any more.
   *
   * @return completes with the failure: the storage type, or the closed type when the provider goes
   */
  CompletionStage<Void> gone();

  /**
   * Lets go. What was appended and committed still becomes durable; the stream does not end.
   * Idempotent.
   */
  void close();
}
