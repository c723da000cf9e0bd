// SPDX-License-Identifier: Apache-2.0
package io.penstock.example.echo;

import io.penstock.serve.Connection;
import io.penstock.serve.LineHandler;
import io.penstock.serve.ServeOn;
import org.osgi.service.component.annotations.Component;

/** Answers each line with itself; the system chooses the port, which the log and the DTO tell. */
@Component
@ServeOn("tcp-listen://127.0.0.1:0")
public class Echo implements LineHandler {
  @Override
  public void line(Connection client, String line) {
    client.reply(line);
  }
}
