// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator.component;

import io.penstock.channel.Endpoint;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.Tap;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Does what operators ask for, but nothing to the control socket that takes their commands or to
 * its channels: a close or a pause would be the last command, and a copy of an answer is an answer
 * that is copied again. Immutable.
 */
final class ControlGuard implements PenstockControl {
  private final PenstockRuntime runtime;
  private final PenstockControl control;
  private final String endpoint;

  /**
   * Of a socket.
   *
   * @param runtime tells what belongs to the socket
   * @param control does all else
   * @param socket where commands are taken
   */
  ControlGuard(PenstockRuntime runtime, PenstockControl control, Endpoint socket) {
    this.runtime = runtime;
    this.control = control;
    // As records have it.
    this.endpoint = socket.anonymous().toString();
  }

  private void refuseOwn(String command, String name) {
    RuntimeDTO now = runtime.runtime();
    // Channels have the endpoint of the listener that has accepted them, and its name.
    for (ListenerDTO own : now.listeners()) {
      refuseOwn(command, name, own.id(), own.name(), own.endpoint());
    }
    for (ChannelDTO own : now.channels()) {
      refuseOwn(command, name, own.id(), own.name(), own.endpoint());
    }
  }

  private void refuseOwn(String command, String name, long id, String label, String where) {
    if (where.equals(endpoint) && (name.equals(label) || name.equals("#" + id))) {
      throw new IllegalArgumentException(
          command
              + ": '"
              + name
              + "' belongs to the control socket, which takes this command and sends its answer;"
              + " expected another object, by its #ID if it has the same name. To end the control"
              + " socket, change the configuration io.penstock.Control");
    }
  }

  @Override
  public String why(String name) {
    return control.why(name);
  }

  @Override
  public void close(String name) {
    refuseOwn("close", name);
    control.close(name);
  }

  @Override
  public void pause(String name) {
    refuseOwn("pause", name);
    control.pause(name);
  }

  @Override
  public void resume(String name) {
    control.resume(name);
  }

  @Override
  public ByteBuffer peek(String name, int max) throws IOException {
    return control.peek(name, max);
  }

  @Override
  public Tap tap(String name, int capacity) {
    refuseOwn("tap", name);
    return control.tap(name, capacity);
  }

  @Override
  public void trace(String name, boolean on) {
    if (on) {
      refuseOwn("trace", name);
    }
    control.trace(name, on);
  }
}
