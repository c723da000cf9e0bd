// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlotTest {
  private final Slot<String> slot = new Slot<>();
  private final List<String> events = new ArrayList<>();

  private Runnable register(String what) {
    events.add("+" + what);
    return () -> events.add("-" + what);
  }

  @Test
  void takingWithdrawsOnce() {
    assertTrue(slot.put("a"));
    assertTrue(slot.publish("a", () -> register("a")));
    assertFalse(slot.take("b"));
    assertTrue(slot.take("a"));
    assertFalse(slot.take("a"));
    assertEquals(List.of("+a", "-a"), events);
  }

  @Test
  void registrationThatComesTooLateIsUndone() {
    slot.put("a");
    assertFalse(
        slot.publish(
            "a",
            () -> {
              slot.close(gone -> events.add("closed " + gone));
              return register("a");
            }));
    assertEquals(List.of("closed a", "+a", "-a"), events);
  }

  @Test
  void servicesGoAfterWhatTheyOffer() {
    slot.put("a");
    slot.publish("a", () -> register("a"));
    slot.close(gone -> events.add("closed " + gone));
    assertEquals(List.of("+a", "closed a", "-a"), events);
  }

  @Test
  void servicesGoThoughWhatTheyOfferCannotBeClosed() {
    slot.put("a");
    slot.publish("a", () -> register("a"));
    assertThrows(
        IllegalStateException.class,
        () ->
            slot.close(
                gone -> {
                  throw new IllegalStateException("on purpose");
                }));
    assertEquals(List.of("+a", "-a"), events);
  }

  @Test
  void whatIsGoneIsNotRegistered() {
    slot.put("a");
    slot.take(gone -> {});
    assertFalse(slot.publish("a", () -> register("a")));
    assertEquals(List.of(), events);
  }

  @Test
  void closedSlotTakesNothing() {
    slot.close(gone -> events.add(gone));
    assertFalse(slot.put("a"));
    assertNull(slot.get());
  }
}
