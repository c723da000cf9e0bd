// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What peers say, in lines of ours. */
class UntrustedTest {
  @Test
  void whatMovesATerminalOrBeginsALineIsReplaced() {
    assertEquals("Größe 漢 😀 {0} 'x'", Untrusted.shown("Größe 漢 😀 {0} 'x'"));
    assertEquals("a\\r\\nb\\u001b[31mc\\u0000d", Untrusted.shown("a\r\nb\033[31mc\0d"));
    assertEquals("\\u0085\\u009b\\u007f\\u0008", Untrusted.shown("\u0085\u009b\u007f\b"));
    assertEquals("\\u2028\\u2029\\u202e\\u2066", Untrusted.shown("\u2028\u2029\u202e\u2066"));
    assertEquals("\\ud83dx", Untrusted.shown("\ud83dx"));
    assertEquals("null", Untrusted.shown(null));
  }

  @Test
  void whatIsLongIsCut() {
    assertEquals("x".repeat(256), Untrusted.shown("x".repeat(256)));
    assertEquals("x".repeat(256) + "...", Untrusted.shown("x".repeat(1 << 20)));
  }
}
