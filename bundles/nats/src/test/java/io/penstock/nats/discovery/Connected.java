// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.discovery;

import io.penstock.remote.spi.SilentListener;
import java.util.concurrent.CountDownLatch;

/** Tells when a registry is connected, and nothing else. */
final class Connected extends SilentListener {
  private final CountDownLatch latch;

  Connected(CountDownLatch latch) {
    this.latch = latch;
  }

  @Override
  public void connected() {
    latch.countDown();
  }
}
