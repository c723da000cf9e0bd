// SPDX-License-Identifier: Apache-2.0
package io.penstock.pipe;

import java.time.Duration;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** A snapshot of a pipe's counters. Counting is always on. Immutable. */
@ProviderType
public interface PipeStats {
  /**
   * How many bytes the sink has accepted.
   *
   * @return bytes since the pipe was made
   */
  long bytesWritten();

  /**
   * How many bytes were read, including bytes that were put back in front.
   *
   * @return bytes since the pipe was made
   */
  long bytesRead();

  /**
   * How many operations have put bytes into the pipe. Each step of a call of many steps counts.
   *
   * @return operations since the pipe was made
   */
  long writes();

  /**
   * How many times a reader has tried to read, including tries in vain.
   *
   * @return operations since the pipe was made
   */
  long reads();

  /**
   * How often a writer's thread was parked for want of room.
   *
   * @return waits since the pipe was made
   */
  long writeWaits();

  /**
   * How often a reader's thread was parked for want of bytes.
   *
   * @return waits since the pipe was made
   */
  long readWaits();

  /**
   * The most bytes that were seen buffered at once. A peak of only a few operations may be missed.
   *
   * @return bytes; above the capacity where a given buffer has overshot it
   */
  long highWater();

  /**
   * How many bytes are buffered.
   *
   * @return bytes
   */
  long buffered();

  /**
   * The threads that are parked at the sink.
   *
   * @return one entry for each thread
   */
  List<Waiting> waitingWriters();

  /**
   * The threads that are parked at the source.
   *
   * @return one entry for each thread
   */
  List<Waiting> waitingReaders();

  /**
   * A thread that waits.
   *
   * @param thread its name
   * @param since for how long
   */
  record Waiting(String thread, Duration since) {}
}
