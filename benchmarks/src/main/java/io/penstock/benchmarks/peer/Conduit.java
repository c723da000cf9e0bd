// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import java.io.IOException;

/**
 * Joins one writing thread to one reading thread. Both arrays are as long as a chunk; each peer
 * copies what is written out of the one and what is read into the other, whatever it keeps between.
 */
public abstract class Conduit implements AutoCloseable {
  private static final int LINE = 64;

  /** What the writer writes. */
  public final byte[] out;

  /** What the reader has read. */
  public final byte[] in;

  protected Conduit(Shape shape) {
    this.out = Apart.of(() -> new byte[shape.chunk()]);
    this.in = Apart.of(() -> new byte[shape.chunk()]);
  }

  /**
   * Changes each cache line of {@link #out}, as a writer with something new to say does. Without
   * this, a reader that copies from this very array would find it in its own core's cache.
   */
  public final void change() {
    for (int i = 0; i < out.length; i += LINE) {
      out[i]++;
    }
  }

  /** Writes all of {@link #out}, and waits until that is done. */
  public abstract void write() throws Exception;

  /**
   * Reads to the start of {@link #in} and waits for a first byte.
   *
   * @return how many bytes, 1 or more; -1 at the end
   */
  public abstract int read() throws Exception;

  /** Writes no more. Called by the writing thread, or after it. */
  public abstract void end() throws Exception;

  /** Called when the reader is done. */
  @Override
  public void close() throws IOException {}
}
