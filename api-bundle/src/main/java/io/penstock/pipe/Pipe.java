// SPDX-License-Identifier: Apache-2.0
package io.penstock.pipe;

import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Joins its {@link #sink()} to its {@link #source()} through a buffer in memory, or through a store
 * that survives the process: a durable pipe.
 *
 * <p>Safe for use by any number of threads at either end, platform or virtual. No end is bound to
 * the thread that made it or first used it. Parity BP-01, BP-02, PY-03.
 *
 * <p>As a service, {@code Pipe} with the property {@code penstock.name} is a named pipe that
 * bundles share; a prototype-scoped {@code Pipe} without that property is a new pipe for each
 * consumer.
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
   * Cuts the stream, so that the cut is never taken for its end: buffered bytes are still
   * delivered, then each read throws the cause. Writers, and calls that wait for them, get the
   * cause at once. Does nothing after the end was read or the pipe was closed.
   *
   * @param cause thrown to the other side; an {@link IOException} becomes the cause of a new
   *     exception with the same meaning
   */
  void abort(Throwable cause);

  /**
   * Tells how much has gone through the pipe, and which threads wait.
   *
   * @return a snapshot; its figures are taken one after the other while the pipe is in use
   */
  PipeStats stats();

  /**
   * Releases the memory for copied bytes if nothing is buffered; the next copying write allocates
   * new memory, a small piece at first. Meant for pipes that will be idle for a long time. Never
   * waits.
   *
   * @return false if something is buffered or there was nothing to give back
   */
  boolean trim();

  /**
   * Gives an additional interface. A pipe that survives has the {@link
   * io.penstock.channel.facet.DurableFacet}; one in memory has none.
   *
   * @param type the interface of the facet
   * @param <T> the facet
   * @return empty where the pipe does not have it
   */
  <T> Optional<T> facet(Class<T> type);

  /**
   * Tells when the pipe is done: after both ends were closed, or the end of an ended stream was
   * read.
   *
   * @return completes normally when the pipe is closed, or ended and drained, and with the cause
   *     when aborted
   */
  CompletionStage<Void> closed();

  /**
   * Closes both ends, the source first. Bytes that are still buffered are dropped, with one warning
   * that gives the name and the count. A call that waits at either end, {@code flush} included,
   * throws {@link io.penstock.error.StreamClosedWhileWaitingException}. Idempotent.
   *
   * <p>A durable pipe drops nothing, does not end, and goes on where it is opened next. So it does
   * when its source alone is closed: the writer goes on as long as there is room.
   */
  @Override
  void close() throws IOException;
}
