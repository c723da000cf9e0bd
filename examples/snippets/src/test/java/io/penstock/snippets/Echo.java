// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import io.penstock.serve.Connection;
import io.penstock.serve.LineHandler;
import io.penstock.serve.ServeOn;
import org.osgi.service.component.annotations.Component;

// snippet: readme.echo
@Component
@ServeOn("tcp-listen://127.0.0.1:7000")
public class Echo implements LineHandler {
  @Override
  public void line(Connection client, String line) {
    client.reply(line);
  }
}
// end of snippet
