// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.spi;

/** Does nothing with what it hears. A test overrides what it needs. */
public class SilentListener implements RegistryListener {
  @Override
  public void connected() {}

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
