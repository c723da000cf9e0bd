// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The size of a terminal. Immutable. A zero means that this measure is not known. Parity CH-18,
 * CH-34.
 *
 * @param columns the width in characters, 0 or more
 * @param rows the height in characters, 0 or more
 * @param widthPixels the width in pixels, 0 or more
 * @param heightPixels the height in pixels, 0 or more
 */
@ProviderType
public record TerminalSize(int columns, int rows, int widthPixels, int heightPixels) {
  /** The most columns, or rows, that a terminal has: 65,535. */
  public static final int MAX = 65_535;

  /**
   * Checks the measures.
   *
   * @param columns the width in characters, 0 or more
   * @param rows the height in characters, 0 or more
   * @param widthPixels the width in pixels, 0 or more
   * @param heightPixels the height in pixels, 0 or more
   * @throws IllegalArgumentException if one is negative
   */
  public TerminalSize {
    if (columns < 0 || rows < 0 || widthPixels < 0 || heightPixels < 0) {
      throw new IllegalArgumentException(
          columns
              + "x"
              + rows
              + " ("
              + widthPixels
              + "x"
              + heightPixels
              + " pixels): expected 0 or more of each");
    }
  }

  /**
   * A size in characters, with none in pixels.
   *
   * @param columns the width, 0 or more
   * @param rows the height, 0 or more
   * @return the size
   * @throws IllegalArgumentException if one is negative
   */
  public static TerminalSize of(int columns, int rows) {
    return new TerminalSize(columns, rows, 0, 0);
  }
}
