// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.spi.EndDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Stands before a driver while anybody looks on, so that nobody pays otherwise. It keeps nothing of
 * the stream: it may be put in and taken out between any two calls of the driver, and in the middle
 * of what a call of an end does.
 *
 * @param <D> the kind of driver
 */
abstract class Tapped<D extends EndDriver> implements EndDriver {
  final D driver;
  private final List<Onlooker> onlookers = new CopyOnWriteArrayList<>();

  Tapped(D driver) {
    this.driver = driver;
  }

  void add(Onlooker onlooker) {
    onlookers.add(onlooker);
  }

  /** Removes one; true if nobody looks on any more. */
  boolean remove(Onlooker onlooker) {
    boolean unused = onlookers.remove(onlooker);
    return onlookers.isEmpty();
  }

  /** Shows what was moved out of a buffer, or into it: from there to its position. */
  final void show(ByteBuffer buffer, int from) {
    show(buffer, from, buffer.position());
  }

  final void show(ByteBuffer buffer, int from, int to) {
    if (to > from) {
      for (Onlooker each : onlookers) {
        try {
          each.saw(buffer.duplicate().limit(to).position(from).asReadOnlyBuffer());
        } catch (RuntimeException | Error e) {
          // Such as no memory for a copy. The bytes have moved, and the caller must have them.
          each.missed((long) to - from);
        }
      }
    }
  }

  final void missed(long bytes) {
    if (bytes > 0) {
      onlookers.forEach(each -> each.missed(bytes));
    }
  }

  @Override
  public boolean ready() {
    return driver.ready();
  }

  @Override
  public void onReady(Runnable ready) {
    driver.onReady(ready);
  }

  @Override
  public @Nullable SelectableChannel selectable() {
    return driver.selectable();
  }

  @Override
  public int interest() {
    return driver.interest();
  }

  @Override
  public void close() throws IOException {
    driver.close();
  }
}
