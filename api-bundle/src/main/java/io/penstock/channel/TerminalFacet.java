// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The terminal of a child process that was opened with the option {@code pty=true}. No call waits.
 * Safe for use by any thread.
 */
@ProviderType
public interface TerminalFacet {
  /** The most columns, or rows, that a terminal has. */
  int MOST = 65_535;

  /**
   * How wide it is.
   *
   * @return characters in a line; 80 unless the option {@code columns} says so
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system does not tell
   */
  int columns() throws IOException;

  /**
   * How high it is.
   *
   * @return lines; 24 unless the option {@code rows} says so
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system does not tell
   */
  int rows() throws IOException;

  /**
   * Changes its size. If the size differs, the programs in the foreground get the signal {@code
   * SIGWINCH}.
   *
   * @param columns 1 to {@link #MOST}
   * @param rows 1 to {@link #MOST}
   * @throws IllegalArgumentException if a number is not in its range
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system refuses
   */
  void resize(int columns, int rows) throws IOException;
}
