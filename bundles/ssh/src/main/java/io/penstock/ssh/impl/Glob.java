// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

/** Patterns in which {@code *} stands for any text and {@code ?} for one character. */
public final class Glob {
  private Glob() {}

  /**
   * Whether a text matches a pattern; upper and lower case differ. The time grows with the product
   * of both lengths, however many asterisks there are: only the last one is tried again.
   */
  public static boolean matches(String pattern, String text) {
    int at = 0;
    int asterisk = -1;
    int retry = 0;
    int i = 0;
    while (i < text.length()) {
      if (at < pattern.length() && pattern.charAt(at) == '*') {
        asterisk = at++;
        retry = i;
      } else if (at < pattern.length()
          && (pattern.charAt(at) == '?' || pattern.charAt(at) == text.charAt(i))) {
        at++;
        i++;
      } else if (asterisk >= 0) {
        at = asterisk + 1;
        i = ++retry;
      } else {
        return false;
      }
    }
    while (at < pattern.length() && pattern.charAt(at) == '*') {
      at++;
    }
    return at == pattern.length();
  }
}
