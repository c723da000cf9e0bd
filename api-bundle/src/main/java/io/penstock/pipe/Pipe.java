// SPDX-License-Identifier: Apache-2.0
package io.penstock.pipe;

import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Joins its {@link #sink()} to its {@link #source()} through a buffer in memory.
 *
 * <p>Safe for use by any number of threads at either end, platform or virtual; no end is bound to
 * the thread that made or first used it. Parity BP-01, BP-02, PY-03.
 *
 * <p>As a service, {@code Pipe} with the property {@code penstock.name} is a named pipe that
 * bundles share; a prototype-scoped {@code Pipe} without that property is a fresh one for each that
 * asks.
 */
@ProviderType
public interface Pipe extends AutoCloseable {
  /** Service property: the name of a named pipe. */
  String NAME = "penstock.name";

  /**
   * The end to write to.
   *
   * @return always the same
   */
  ByteSink sink();

  /**
   * The end to read from.
   *
   * @return always the same
   */
  ByteSource source();

  /**
   * A label for errors and logs.
   *
   * @return the name, never empty
   */
  String name();

  /**
   * Cuts the stream short, so that the cut is never taken for a whole: what is buffered is still
   * delivered, then each read throws the cause; writers and who waits for them get it at once. Does
   * nothing after the end was read or the pipe closed.
   *
   * @param cause thrown to the other side; an {@link IOException} as the cause of a fresh one of
   *     the same meaning
   */
  void abort(Throwable cause);

  /**
   * What has gone through the pipe, and who waits.
   *
   * @return a snapshot; its figures are taken one after the other while the pipe goes on
   */
  PipeStats stats();

  /**
   * Gives the memory for copied bytes back if nothing is buffered; the next copying write allocates
   * anew, small at first. For pipes that will be idle for long. Never waits.
   *
   * @return false if something is buffered or there was nothing to give back
   */
  boolean trim();

  /**
   * Closing both ends, or reading the end of an ended stream, completes this.
   *
   * @return completes normally when the pipe is closed, or ended and drained, and with the cause
   *     when aborted
   */
  CompletionStage<Void> closed();

  /**
   * Closes both ends, the source first: what is still buffered is dropped with one warning that has
   * the name and the count. Idempotent.
   */
  @Override
  void close() throws IOException;
}
