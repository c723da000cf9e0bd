// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import io.penstock.pipe.Pipe;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

// snippet: readme.pipe
@Component
public class Orders {
  @Activate
  public Orders(@Reference(target = "(penstock.name=orders)") Pipe orders) throws IOException {
    orders.sink().writeFully("tea\n", Wait.millis(1000));
    String first = orders.source().readLine(StandardCharsets.UTF_8, 4096);
    System.out.println("ordered: " + first);
  }
}
// end of snippet
