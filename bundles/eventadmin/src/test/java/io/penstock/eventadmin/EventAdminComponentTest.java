// SPDX-License-Identifier: Apache-2.0
package io.penstock.eventadmin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.penstock.runtime.PenstockEvent;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.osgi.service.event.Event;
import org.osgi.service.event.EventAdmin;

/** What EventAdmin gets. */
class EventAdminComponentTest {
  private final List<Event> posted = new ArrayList<>();
  private final EventAdminComponent component =
      new EventAdminComponent(
          new EventAdmin() {
            @Override
            public void postEvent(Event event) {
              posted.add(event);
            }

            @Override
            public void sendEvent(Event event) {
              throw new AssertionError("a handler that is slow would hold others up");
            }
          });

  @Test
  void eventHasTheTopicAndEachPropertyByName() {
    component.event(
        new PenstockEvent(
            PenstockEvent.Type.FAILED, "channel", "up", "tcp:x:1", "x/1.2.3.4:1", "refused", 99));
    Event event = posted.get(0);
    assertEquals("io/penstock/channel/FAILED", event.getTopic());
    assertEquals("FAILED", event.getProperty("type"));
    assertEquals("channel", event.getProperty("object"));
    assertEquals("up", event.getProperty("name"));
    assertEquals("tcp:x:1", event.getProperty("endpoint"));
    assertEquals("x/1.2.3.4:1", event.getProperty("peer"));
    assertEquals("refused", event.getProperty("cause"));
    assertEquals("refused", event.getProperty("message"));
    assertEquals(99L, event.getProperty("at"));
    assertEquals(99L, event.getProperty("timestamp"));
  }

  @Test
  void eachTypeHasATopicAndWhatIsNullIsLeftOut() {
    for (PenstockEvent.Type type : PenstockEvent.Type.values()) {
      component.event(new PenstockEvent(type, "pipe", "orders", "", null, null, 1));
    }
    assertEquals(
        List.of(PenstockEvent.Type.values()).stream()
            .map(each -> "io/penstock/pipe/" + each)
            .toList(),
        posted.stream().map(Event::getTopic).toList());
    assertFalse(posted.get(0).containsProperty("cause"));
    assertFalse(posted.get(0).containsProperty("peer"));
  }
}
