// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import java.util.concurrent.atomic.AtomicBoolean;

/** Refuses a second thread, where waiting for the first would be waiting for its peer. */
final class OneAtATime {
  private final AtomicBoolean busy = new AtomicBoolean();
  private final String who;

  /** The message names the refused user, such as "a reader of NAME". */
  OneAtATime(String who) {
    this.who = who;
  }

  void enter() {
    if (!tryEnter()) {
      throw new IllegalStateException(
          who + " is for one thread at a time, and another one is using it");
    }
  }

  boolean tryEnter() {
    return busy.compareAndSet(false, true);
  }

  void exit() {
    busy.set(false);
  }
}
