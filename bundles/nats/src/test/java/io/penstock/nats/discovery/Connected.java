// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.discovery;

import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RemoteEntry;
import java.util.concurrent.CountDownLatch;

/** Tells when a registry is connected, and nothing else. */
record Connected(CountDownLatch latch) implements RegistryListener {
  @Override
  public void connected() {
    latch.countDown();
  }

  @Override
  public void disconnected(String why) {}

  @Override
  public void stored(RemoteEntry entry) {}

  @Override
  public void removed(String name, String key) {}

  @Override
  public void known(String name) {}

  @Override
  public void beat(String node) {}
}
