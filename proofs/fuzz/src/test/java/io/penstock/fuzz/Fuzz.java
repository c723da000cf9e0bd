// SPDX-License-Identifier: Apache-2.0
package io.penstock.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/** What the targets share: how bytes become text, and what counts as found. */
public final class Fuzz {
  private Fuzz() {}

  /** Bytes as text; those that are not UTF-8 become the replacement character. */
  public static String text(byte[] data) {
    return new String(data, StandardCharsets.UTF_8);
  }

  /** Text that is cut at line feeds. */
  public static List<String> lines(byte[] data) {
    return List.of(text(data).split("\n", -1));
  }

  /** A refusal must be of the documented type itself, and say something. */
  public static void refused(IllegalArgumentException e) {
    boolean documented = e.getClass() == IllegalArgumentException.class && e.getMessage() != null;
    if (!documented) {
      throw new AssertionError("expected an IllegalArgumentException with a message", e);
    }
  }

  /** Ends the input as found unless both are equal. */
  public static void same(Object expected, Object actual, String what) {
    if (!Objects.equals(expected, actual)) {
      throw new AssertionError(what + ": expected " + expected + ", got " + actual);
    }
  }

  /** Ends the input as found unless something holds. */
  public static void holds(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }
}
