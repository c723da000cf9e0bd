// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** What is between the two ends of a pipe. */
public interface PipeBody {
  /** The readable half. */
  SourceDriver source();

  /** The writable half. */
  SinkDriver sink();

  /** Calls back once, when the stream was ended and everything was read. */
  void onDrained(Runnable callback);

  /** Calls back once, when bytes can neither be kept nor read any more. */
  default void onGone(Consumer<? super Throwable> callback) {}

  /** Has the memory for bytes counted, by how much more or less it becomes; before any write. */
  void countTo(LongConsumer value);

  /** How many bytes it holds at most. */
  long capacity();

  /** Whether it was aborted, or ended and drained. */
  boolean isSpent();

  /** Cuts the stream: what is buffered is still read, then each read throws; writes throw. */
  void abort(Throwable cause);

  /** Gives memory back if nothing is buffered; false if there was nothing to give back. */
  boolean trim();

  /** How many bytes were written in all. */
  long bytesWritten();

  /** How many bytes were read in all. */
  long bytesRead();

  /** Grows with each byte that leaves the memory, also during a read that takes long. */
  default long progress() {
    return bytesRead();
  }

  /** How many writes have moved something. */
  long writes();

  /** How many reads there were. */
  long reads();

  /** The most bytes that were seen buffered at once. */
  long highWater();

  /** The pipe as a whole is about to be closed: a body that survives that does not end. */
  default void closing() {}

  /** The pipe is done: nobody finds it any more. */
  default void over() {}

  /** An additional interface. */
  default <T> Optional<T> facet(Class<T> type) {
    return Optional.empty();
  }
}
