// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import org.jspecify.annotations.Nullable;

/** Text that a peer has chosen, for logs and messages. */
public final class Untrusted {
  private static final int MOST = 256;

  private Untrusted() {}

  /**
   * The text without what would begin another line, or have a terminal do something.
   *
   * @param text whatever it is
   * @return with a question mark for each character of that kind, and cut after 256
   */
  public static String shown(@Nullable Object text) {
    return shown(text, MOST);
  }

  /**
   * The same of a longer text.
   *
   * @param most after how many characters it is cut
   */
  public static String shown(@Nullable Object text, int most) {
    String all = String.valueOf(text);
    int end = Math.min(all.length(), most);
    StringBuilder shown = new StringBuilder(end + 3);
    for (int i = 0; i < end; ) {
      int each = all.codePointAt(i);
      if (harmless(each)) {
        shown.appendCodePoint(each);
      } else {
        shown.append('?');
      }
      i += Character.charCount(each);
    }
    return end < all.length() ? shown.append("...").toString() : shown.toString();
  }

  private static boolean harmless(int each) {
    return switch (Character.getType(each)) {
      // The last of them are those that change the direction in which text is shown.
      case Character.CONTROL,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.FORMAT ->
          false;
      default -> true;
    };
  }
}
