// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.impl.core.Engine;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the log gets of what comes over and over. */
class RepeatsTest {
  private final Engine engine = new Engine();
  private final LogLines log = new LogLines();

  @AfterEach
  void close() {
    engine.close();
    log.close();
  }

  @Test
  void theFirstIsToldAtOnceAndTheOthersAreCounted() throws Exception {
    Repeats repeats = new Repeats(engine, Duration.ofMillis(1500));
    for (int i = 0; i < 1000; i++) {
      repeats.warn("here", "it rains");
    }
    repeats.warn("here", "it snows");
    assertEquals(1, log.count("WARNING here: it rains"));
    assertEquals(1, log.count("WARNING here: it snows"));
    assertEquals("WARNING here: 999 more in 1500 ms: it rains", log.await("more"));
    assertEquals(3, log.count("here"));
  }

  @Test
  void aCloseTellsTheRestAndNothingIsToldAfterwards() {
    Repeats repeats = new Repeats(engine, Duration.ofHours(1));
    for (int i = 0; i < 3; i++) {
      repeats.warn("here", "it rains");
    }
    repeats.warn("here", "it snows");
    repeats.close("here");
    assertEquals(1, log.count("WARNING here: 2 more before the close: it rains"));
    repeats.warn("here", "it rains");
    repeats.close("here");
    assertEquals(3, log.count("WARNING here"));
  }

  @Test
  void aThousandKindsAreAFewLines() {
    Repeats repeats = new Repeats(engine, Duration.ofHours(1));
    for (int i = 0; i < 1000; i++) {
      repeats.warn("here", "kind " + i);
    }
    assertEquals(17, log.count("WARNING here"));
  }

  @Test
  void whatComesAfterEverythingHasClosedIsToldAllTheSame() {
    Repeats repeats = new Repeats(engine, Duration.ofHours(1));
    engine.close();
    repeats.warn("here", "late");
    assertEquals(1, log.count("WARNING here: late"));
  }
}
