// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A buffer of one byte that calls borrow, so that only those that meet another one allocate. */
final class Spare {
  private final AtomicReference<@Nullable ByteBuffer> spare = new AtomicReference<>();

  ByteBuffer borrow() {
    ByteBuffer one = spare.getAndSet(null);
    return one == null ? ByteBuffer.allocate(1) : one.clear();
  }

  void giveBack(ByteBuffer one) {
    spare.set(one);
  }
}
