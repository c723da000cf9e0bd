// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.util.Objects;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A terminal: its type and its size. Immutable; each {@code with} method returns a changed copy.
 * Parity CH-18, CH-34.
 */
@ProviderType
public final class Pty {
  private static final Pty DEFAULT = new Pty("vt100", 80, 24, 0, 0);

  private final String term;
  private final int columns;
  private final int rows;
  private final int widthPixels;
  private final int heightPixels;

  private Pty(String term, int columns, int rows, int widthPixels, int heightPixels) {
    this.term = term;
    this.columns = columns;
    this.rows = rows;
    this.widthPixels = widthPixels;
    this.heightPixels = heightPixels;
  }

  /**
   * A {@code vt100} of 80 columns and 24 rows, with no size in pixels.
   *
   * @return the shared default
   */
  public static Pty defaults() {
    return DEFAULT;
  }

  /**
   * Sets the type.
   *
   * @param value as the environment variable {@code TERM} names it; may be empty
   * @return a changed copy
   */
  public Pty withTerm(String value) {
    return new Pty(Objects.requireNonNull(value, "term"), columns, rows, widthPixels, heightPixels);
  }

  /**
   * Sets the size in characters.
   *
   * @param newColumns the width, 0 or more; 0 for unknown
   * @param newRows the height, 0 or more; 0 for unknown
   * @return a changed copy
   * @throws IllegalArgumentException if one is negative
   */
  public Pty withSize(int newColumns, int newRows) {
    return new Pty(
        term, size("columns", newColumns), size("rows", newRows), widthPixels, heightPixels);
  }

  /**
   * Sets the size in pixels.
   *
   * @param newWidth the width, 0 or more; 0 for unknown
   * @param newHeight the height, 0 or more; 0 for unknown
   * @return a changed copy
   * @throws IllegalArgumentException if one is negative
   */
  public Pty withPixels(int newWidth, int newHeight) {
    return new Pty(term, columns, rows, size("width", newWidth), size("height", newHeight));
  }

  private static int size(String what, int value) {
    if (value < 0) {
      throw new IllegalArgumentException(what + " is " + value + ", expected 0 or more");
    }
    return value;
  }

  /**
   * The type.
   *
   * @return as the environment variable {@code TERM} names it
   */
  public String term() {
    return term;
  }

  /**
   * The width in characters.
   *
   * @return 0 for unknown
   */
  public int columns() {
    return columns;
  }

  /**
   * The height in characters.
   *
   * @return 0 for unknown
   */
  public int rows() {
    return rows;
  }

  /**
   * The width in pixels.
   *
   * @return 0 for unknown
   */
  public int widthPixels() {
    return widthPixels;
  }

  /**
   * The height in pixels.
   *
   * @return 0 for unknown
   */
  public int heightPixels() {
    return heightPixels;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Pty that
        && term.equals(that.term)
        && columns == that.columns
        && rows == that.rows
        && widthPixels == that.widthPixels
        && heightPixels == that.heightPixels;
  }

  @Override
  public int hashCode() {
    return Objects.hash(term, columns, rows, widthPixels, heightPixels);
  }

  @Override
  public String toString() {
    return term + " " + columns + "x" + rows + " (" + widthPixels + "x" + heightPixels + " pixels)";
  }
}
