// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.runtime.Operator;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.Tap;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Lets operators' tools do what is to be done to a single object. */
@Component(name = "io.penstock.control", service = PenstockControl.class)
public final class ControlComponent implements PenstockControl {
  private final Operator operator;

  /**
   * Does nothing by itself.
   *
   * @param engine knows everything
   */
  @Activate
  public ControlComponent(@Reference EngineComponent engine) {
    this.operator = engine.operator();
  }

  @Override
  public String why(String name) {
    return operator.why(name);
  }

  @Override
  public void close(String name) {
    operator.close(name);
  }

  @Override
  public void pause(String name) {
    operator.pause(name);
  }

  @Override
  public void resume(String name) {
    operator.resume(name);
  }

  @Override
  public ByteBuffer peek(String name, int max) throws IOException {
    return operator.peek(name, max);
  }

  @Override
  public Tap tap(String name, int capacity) {
    return operator.tap(name, capacity);
  }

  @Override
  public void trace(String name, boolean on) {
    operator.trace(name, on);
  }
}
