// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MessagesTest {
  private static final String FORGED = "x\n2026-11-21 WARN io.penstock: all is well\u001b[2J";
  private static final String SHOWN = "x\\n2026-11-21 WARN io.penstock: all is well\\u001b[2J";

  private final List<LogRecord> records = new ArrayList<>();
  private final java.util.logging.Logger below =
      java.util.logging.Logger.getLogger("io.penstock.test");
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord record) {
          String unused = record.getSourceClassName();
          records.add(record);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private final Logger log = Messages.log("test");

  @BeforeEach
  void listen() {
    below.addHandler(handler);
    below.setUseParentHandlers(false);
  }

  @AfterEach
  void leave() {
    below.removeHandler(handler);
    below.setUseParentHandlers(true);
  }

  private String line() {
    assertEquals(1, records.size());
    return new SimpleFormatter().formatMessage(records.get(0));
  }

  @Test
  void whatATerminalWouldObeyIsMadeVisible() {
    assertEquals(
        "a\\r\\nb\\tc \\u001b[2J \\u009b \\u202e \\u2028 ü",
        Messages.visible("a\r\nb\tc \u001b[2J \u009b \u202e \u2028 ü"));
    assertEquals("Größe 漢 😀 \\ud83dx", Messages.visible("Größe 漢 😀 \ud83dx"));
    String plain = "tcp://localhost:80";
    assertSame(plain, Messages.visible(plain));
  }

  @Test
  void aLoggerIsNamedAfterItsGroup() {
    assertEquals("io.penstock.test", log.getName());
    log.log(Level.WARNING, "plain");
    assertEquals("io.penstock.test", records.get(0).getLoggerName());
    // And not after the class that shows foreign text.
    assertEquals(MessagesTest.class.getName(), records.get(0).getSourceClassName());
  }

  @Test
  void aMessageForgesNoLine() {
    log.log(Level.WARNING, FORGED + ": failed");
    assertEquals(SHOWN + ": failed", line());
  }

  @Test
  void aParameterForgesNoLine() {
    log.log(Level.WARNING, "{0}: {1} of {2}", FORGED, 1234, new StringBuilder("\u001b"));
    assertEquals(SHOWN + ": 1,234 of \\u001b", line());
  }

  @Test
  void aSupplierForgesNoLine() {
    log.log(Level.WARNING, () -> FORGED);
    assertEquals(SHOWN, line());
  }

  @Test
  void anExceptionForgesNoLine() {
    IOException failure = new IOException(FORGED, new IllegalStateException("below " + FORGED));
    failure.addSuppressed(new IOException("beside " + FORGED));
    log.log(Level.WARNING, "it failed", failure);
    assertEquals("it failed", line());
    StringWriter text = new StringWriter();
    records.get(0).getThrown().printStackTrace(new PrintWriter(text, true));
    List<String> lines = text.toString().lines().toList();
    assertEquals("java.io.IOException: " + SHOWN, lines.get(0));
    assertTrue(lines.get(1).startsWith("\tat " + MessagesTest.class.getName()), lines.get(1));
    assertTrue(
        lines.contains("Caused by: java.lang.IllegalStateException: below " + SHOWN), "" + lines);
    assertTrue(lines.contains("\tSuppressed: java.io.IOException: beside " + SHOWN), "" + lines);
    assertTrue(
        lines.stream().noneMatch(line -> line.startsWith("2026") || line.contains("\u001b")));
  }

  @Test
  void anHonestExceptionIsLoggedAsItIs() {
    IOException failure = new IOException("plain", new IOException());
    log.log(Level.WARNING, "it failed", failure);
    assertSame(failure, records.get(0).getThrown());
  }

  @Test
  void causesThatGoRoundInACircleEnd() {
    IOException one = new IOException(FORGED);
    IOException two = new IOException(FORGED, one);
    one.initCause(two);
    log.log(Level.WARNING, "it failed", one);
    assertEquals("java.io.IOException: " + SHOWN, records.get(0).getThrown().toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          nodelay  | noDelay
          noDeley  | noDelay
          tcp-lsiten | tcp-listen
          tpc      | tcp
          tcpp     | tcp
          fdi      | fd
          df       |
          yes      |
          ''       |
          """)
  void theNearestWordIsProposed(String given, String meant) {
    assertEquals(
        meant == null ? "" : "; did you mean '" + meant + "'?",
        Messages.didYouMean(given, List.of("fd", "tcp", "tcp-listen", "noDelay", "true")));
  }

  @Test
  void onlyWordsAreProposed() {
    assertEquals(
        "a: 'ture' is not allowed; expected true or false; did you mean 'true'?",
        Messages.refused("a", "ture", "true or false").getMessage());
    assertEquals(
        "a: 'als' is not allowed; expected ask, also or no; did you mean 'also'?",
        Messages.refused("a", "als", "ask, also or no").getMessage());
    assertEquals(
        "a: '65536' is not allowed; expected 1 to 65535",
        Messages.refused("a", "65536", "1 to 65535").getMessage());
    assertEquals(
        "a: 'oath' is not allowed; expected a path",
        Messages.refused("a", "oath", "a path").getMessage());
  }
}
