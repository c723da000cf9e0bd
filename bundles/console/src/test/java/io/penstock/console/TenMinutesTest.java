// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.operator.RuntimeJson;
import io.penstock.runtime.PenstockEvent;
import io.penstock.runtime.RuntimeDTO;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is remembered for the plots, and of events; and what is not any more. */
class TenMinutesTest {
  private static final String ORDERS = "pipes/2";

  private final Plumbing plumbing = new Plumbing();
  private final TenMinutes history = new TenMinutes();

  /** As the runtime would tell it in that second. */
  private RuntimeDTO at(long second) {
    RuntimeDTO now = plumbing.runtime();
    return new RuntimeDTO(
        second * 1000,
        now.pipes(),
        now.channels(),
        now.listeners(),
        now.relays(),
        now.pollers(),
        now.servers(),
        now.failed(),
        now.awaited(),
        List.of(),
        now.resources());
  }

  @Test
  void sixHundredSecondsAreKeptInTheirOrder() {
    for (int second = 0; second < 700; second++) {
      plumbing.speed = second;
      history.add(at(second));
    }
    List<Map<String, Object>> samples = history.of(ORDERS);
    assertEquals(600, samples.size());
    for (int i = 0; i < 600; i++) {
      assertEquals(1000L * (100 + i), samples.get(i).get("at"));
      assertEquals(100f + i, samples.get(i).get("out"));
      assertEquals(100f + i, samples.get(i).get("into"));
      assertNotEquals(0f, samples.get(i).get("held"));
    }
  }

  @Test
  void whatIsNotKnownIsNoNumber() {
    history.add(at(1));
    // Its rates are known from the second look on; a relay keeps no bytes.
    assertEquals(
        "[{\"at\":1000,\"out\":null,\"into\":null,\"held\":null}]",
        RuntimeJson.value(history.of("relays/32")));
    assertEquals(List.of(), history.of("pipes/404"));
  }

  @Test
  void whatHasGoneIsForgotten() {
    plumbing.more = 1;
    history.add(at(1));
    assertEquals(1, history.of("pipes/1000").size());
    plumbing.more = 0;
    history.add(at(2));
    assertEquals(List.of(), history.of("pipes/1000"));
    plumbing.more = 1;
    history.add(at(3));
    // A gap is no number either: no line is drawn over it.
    assertEquals(Float.NaN, history.of("pipes/1000").get(0).get("out"));
  }

  @Test
  void anObjectThatComesLaterHasNoNumbersOfOneThatHasGone() {
    plumbing.speed = 7;
    plumbing.more = 3;
    history.add(at(1));
    assertEquals(List.of(false), unknown("pipes/1002"));
    plumbing.more = 0;
    history.add(at(2));
    plumbing.more = 3;
    history.add(at(3));
    assertEquals(List.of(true, true, false), unknown("pipes/1002"));
    assertEquals(List.of(false, false, false), unknown(ORDERS));
  }

  private List<Boolean> unknown(String key) {
    return history.of(key).stream().map(sample -> ((Float) sample.get("out")).isNaN()).toList();
  }

  @Test
  void moreObjectsThanMemoryAllowsAreNotRemembered() {
    plumbing.more = TenMinutes.MOST_OBJECTS;
    history.add(at(1));
    int last = 1000 + TenMinutes.MOST_OBJECTS - 1;
    assertEquals(1, history.of("pipes/1000").size());
    assertEquals(List.of(), history.of("pipes/" + last));
    // Its turn comes when others have gone.
    plumbing.more = 0;
    history.add(at(2));
    plumbing.more = 5;
    history.add(at(3));
    assertEquals(3, history.of("pipes/1004").size());
  }

  @Test
  void theLatestEventsAreKept() {
    RecentEvents events = new RecentEvents();
    for (int i = 1; i <= 250; i++) {
      events.add(
          new PenstockEvent(PenstockEvent.Type.OPEN, "pipe", "p" + i, "", null, null, 1000L * i));
    }
    List<Map<String, Object>> kept = events.between(0, events.last());
    assertEquals(200, kept.size());
    assertEquals(51L, kept.get(0).get("number"));
    assertEquals("p250", kept.get(199).get("name"));
    assertEquals(2, events.between(248, 250).size());
    assertTrue(events.between(250, 250).isEmpty());
  }
}
