// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import io.penstock.serve.ByteHandler;
import io.penstock.serve.Connection;
import java.nio.ByteBuffer;
import java.util.Map;

/** Answers with what came; a component of a bundle of its own, served by its configuration. */
public final class StormHandler implements ByteHandler {

  /** The name of the component, and the factory PID of its configurations. */
  static final String PID = "storm.Handler";

  /** What Declarative Services are told. */
  static final String DESCRIPTION =
      """
      <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.3.0" name="%1$s"
          configuration-policy="require" modified="modified">
        <implementation class="%2$s"/>
        <service><provide interface="%3$s"/></service>
      </scr:component>
      """
          .formatted(PID, StormHandler.class.getName(), ByteHandler.class.getName());

  @Override
  public void frame(Connection connection, ByteBuffer frame) {
    ByteBuffer answer = ByteBuffer.allocate(frame.remaining());
    connection.reply(answer.put(frame).flip());
  }

  /** Takes changed properties without a new component. */
  public void modified(Map<String, Object> properties) {
    // They are service properties: the whiteboard sees them.
  }
}
