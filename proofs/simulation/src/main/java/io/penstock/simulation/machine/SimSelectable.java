// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.util.function.IntSupplier;

/** A simulated channel that simulated selectors can watch. */
public final class SimSelectable extends AbstractSelectableChannel {
  private final int valid;
  private final IntSupplier ready;
  private final java.util.List<SelectionKey> registered = new java.util.ArrayList<>(2);

  /**
   * One that is not blocking.
   *
   * @param ready tells what it is ready for now
   */
  public SimSelectable(int valid, IntSupplier ready) {
    super(SimProvider.ONLY);
    this.valid = valid;
    this.ready = ready;
    try {
      configureBlocking(false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int readyOps() {
    return ready.getAsInt();
  }

  void add(SelectionKey key) {
    registered.removeIf(each -> !each.isValid());
    registered.add(key);
  }

  /** Has the selectors look again. */
  public void changed() {
    for (SelectionKey key : registered) {
      ((SimSelector) key.selector()).changed(key);
    }
  }

  @Override
  public int validOps() {
    return valid;
  }

  @Override
  protected void implCloseSelectableChannel() {}

  @Override
  protected void implConfigureBlocking(boolean block) {}
}
