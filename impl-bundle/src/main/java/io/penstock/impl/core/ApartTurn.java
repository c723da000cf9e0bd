// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A turn whose word, which changes with every call, is kept off the cache lines of what lies around
 * it and is read by the other side.
 */
@SuppressWarnings("unused")
final class ApartTurn extends TurnWord {
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(TurnWord.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private long p10;
  private long p11;
  private long p12;
  private long p13;
  private long p14;
  private long p15;
  private long p16;

  @Override
  boolean replace(int expected, int value) {
    return STATE.compareAndSet((TurnWord) this, expected, value);
  }

  @Override
  int word() {
    return (int) STATE.getVolatile((TurnWord) this);
  }

  @Override
  void word(int value) {
    STATE.setVolatile((TurnWord) this, value);
  }
}

/** Comes before the word in memory. */
@SuppressWarnings("unused")
abstract class TurnPadding extends Turn {
  private long p00;
  private long p01;
  private long p02;
  private long p03;
  private long p04;
  private long p05;
}

/** The word. */
abstract class TurnWord extends TurnPadding {
  volatile int state;
}
