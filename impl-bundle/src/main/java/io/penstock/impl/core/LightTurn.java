// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A turn that weighs little, where each call goes to the operating system anyway. */
final class LightTurn extends Turn {
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(LightTurn.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused")
  private volatile int state;

  @Override
  boolean replace(int expected, int value) {
    return STATE.compareAndSet(this, expected, value);
  }

  @Override
  int word() {
    return (int) STATE.getVolatile(this);
  }

  @Override
  void word(int value) {
    STATE.setVolatile(this, value);
  }
}
