// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import io.penstock.relay.Relay;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

// snippet: relays.component
@Component(service = Front.class)
public class Front {
  @Reference(target = "(penstock.name=front)")
  Relay front;

  public String told() {
    return front.active() + " connections, " + front.forwarded() + " bytes so far";
  }
}
// end of snippet
