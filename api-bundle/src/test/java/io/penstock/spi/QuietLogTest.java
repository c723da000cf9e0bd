// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the log gets of what comes over and over. */
class QuietLogTest {
  private final List<Runnable> later = new ArrayList<>();
  private final List<Future<?>> futures = new ArrayList<>();
  private final List<String> lines = new ArrayList<>();
  private final Handler log =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          if (line.getLevel().intValue() >= Level.WARNING.intValue()) {
            lines.add(new SimpleFormatter().formatMessage(line));
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private final QuietLog quiet =
      new QuietLog(
          Messages.log("spi"), "here: no connection with ", Duration.ofMinutes(1), this::later);

  /** A time that passes when the test says so. */
  private Future<?> later(Duration delay, Runnable task) {
    assertEquals(Duration.ofMinutes(1), delay);
    later.add(task);
    futures.add(new CompletableFuture<Void>());
    return futures.get(futures.size() - 1);
  }

  @BeforeEach
  void listen() {
    Logger.getLogger("io.penstock").addHandler(log);
  }

  @AfterEach
  void stopListening() {
    Logger.getLogger("io.penstock").removeHandler(log);
  }

  private List<String> told() {
    List<String> copy = List.copyOf(lines);
    lines.clear();
    return copy;
  }

  private void refuse(int peer, String why) {
    quiet.warn("peer " + peer + ": " + why, why, new IOException(why));
  }

  private void aMinutePasses() {
    List<Runnable> due = List.copyOf(later);
    later.clear();
    due.forEach(Runnable::run);
  }

  @Test
  void aReasonIsToldOnceAndThenCounted() {
    for (int i = 0; i < 1000; i++) {
      refuse(i, "silence");
    }
    refuse(7, "noise");
    assertEquals(
        List.of(
            "here: no connection with peer 0: silence", "here: no connection with peer 7: noise"),
        told());
    aMinutePasses();
    assertEquals(List.of("here: no connection with 999 more in 60 s: silence"), told());
    refuse(1, "silence");
    refuse(1, "noise");
    assertEquals(List.of("here: no connection with peer 1: noise"), told(), "the silence goes on");
    aMinutePasses();
    assertEquals(List.of("here: no connection with 1 more in 60 s: silence"), told());
  }

  @Test
  void afterAMinuteOfPeaceItIsToldAtOnceAgain() {
    refuse(1, "silence");
    aMinutePasses();
    assertEquals(0, later.size(), "nothing is looked at when there is nothing to tell");
    refuse(2, "silence");
    assertEquals(
        List.of(
            "here: no connection with peer 1: silence", "here: no connection with peer 2: silence"),
        told());
  }

  @Test
  void aCloseTellsTheRestAndNothingIsToldAfterwards() {
    for (int i = 0; i < 3; i++) {
      refuse(i, "silence");
    }
    refuse(1, "noise");
    told();
    quiet.close();
    assertEquals(List.of("here: no connection with 2 more before the close: silence"), told());
    assertTrue(futures.stream().allMatch(Future::isCancelled), "somebody counts on");
    refuse(1, "silence");
    aMinutePasses();
    quiet.close();
    assertEquals(List.of(), told());
  }

  @Test
  void whoGivesAThousandReasonsIsToldOfAFewTimes() {
    for (int i = 0; i < 1000; i++) {
      refuse(i, "reason " + i);
    }
    assertEquals(16 + 1, told().size());
    assertTrue(later.size() <= 16 + 1);
    aMinutePasses();
    assertEquals(List.of("here: no connection with 983 more in 60 s: other reasons"), told());
  }

  @Test
  void aPauseThatIsNoWholeSecondIsToldInMilliseconds() {
    QuietLog shorter =
        new QuietLog(
            Messages.log("spi"),
            "there: ",
            Duration.ofMillis(1500),
            (delay, task) -> later(Duration.ofMinutes(1), task));
    shorter.warn("it rains", "it rains", null);
    shorter.warn("it rains", "it rains", null);
    aMinutePasses();
    assertEquals(List.of("there: it rains", "there: 1 more in 1500 ms: it rains"), told());
  }
}
