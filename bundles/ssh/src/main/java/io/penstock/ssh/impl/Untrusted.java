// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import io.penstock.spi.Messages;
import org.jspecify.annotations.Nullable;

/** Text that a peer has chosen, for logs and messages. */
public final class Untrusted {
  private static final int MAX_LENGTH = 256;

  private Untrusted() {}

  /**
   * The text without the characters that begin another line or control a terminal.
   *
   * @param text whatever it is
   * @return with each character of that kind made visible, and cut after 256
   */
  public static String shown(@Nullable Object text) {
    return shown(text, MAX_LENGTH);
  }

  /**
   * The same of a longer text.
   *
   * @param most after how many characters it is cut
   */
  public static String shown(@Nullable Object text, int most) {
    String all = String.valueOf(text);
    int end = Math.min(all.length(), most);
    String shown = Messages.visible(all.substring(0, end));
    return end < all.length() ? shown + "..." : shown;
  }
}
