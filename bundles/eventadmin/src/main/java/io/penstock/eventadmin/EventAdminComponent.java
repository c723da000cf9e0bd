// SPDX-License-Identifier: Apache-2.0
package io.penstock.eventadmin;

import io.penstock.runtime.PenstockEvent;
import io.penstock.runtime.PenstockListener;
import java.util.HashMap;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.event.Event;
import org.osgi.service.event.EventAdmin;
import org.osgi.service.event.EventConstants;

/**
 * Posts each event at the topic {@code io/penstock/OBJECT/TYPE}, such as {@code
 * io/penstock/channel/FAILED}. The properties have the names that the event's parts have; one that
 * is null is left out.
 */
@Component(name = "io.penstock.EventAdmin")
public final class EventAdminComponent implements PenstockListener {
  private final EventAdmin admin;

  /**
   * Posts from now on.
   *
   * @param admin takes the events
   */
  @Activate
  public EventAdminComponent(@Reference EventAdmin admin) {
    this.admin = admin;
  }

  @Override
  public void event(PenstockEvent event) {
    Map<String, Object> properties = new HashMap<>();
    properties.put("type", event.type().name());
    properties.put("object", event.object());
    properties.put("name", event.name());
    properties.put("endpoint", event.endpoint());
    if (event.peer() != null) {
      properties.put("peer", event.peer());
    }
    if (event.cause() != null) {
      properties.put("cause", event.cause());
      properties.put(EventConstants.MESSAGE, event.cause());
    }
    properties.put("at", event.at());
    properties.put(EventConstants.TIMESTAMP, event.at());
    // Posted, not sent: a handler that is slow holds nobody up.
    admin.postEvent(
        new Event("io/penstock/" + event.object() + "/" + event.type().name(), properties));
  }
}
