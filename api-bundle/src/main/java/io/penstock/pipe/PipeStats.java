// SPDX-License-Identifier: Apache-2.0
package io.penstock.pipe;

import java.time.Duration;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** A snapshot of what a pipe has done. Counting is always on. Immutable. */
@ProviderType
public interface PipeStats {
  /**
   * How many bytes the sink has accepted.
   *
   * @return bytes since the pipe was made
   */
  long bytesWritten();

  /**
   * How many bytes were read, bytes that were put back in front included.
   *
   * @return bytes since the pipe was made
   */
  long bytesRead();

  /**
   * How many operations have put bytes in. A call of many steps counts each step.
   *
   * @return operations since the pipe was made
   */
  long writes();

  /**
   * How many times somebody has tried to read, also in vain.
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
   * The most bytes that were seen buffered at once. A peak that was over after a few operations may
   * have gone unseen.
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
   * Who is parked at the sink.
   *
   * @return one entry for each thread
   */
  List<Waiting> waitingWriters();

  /**
   * Who is parked at the source.
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
