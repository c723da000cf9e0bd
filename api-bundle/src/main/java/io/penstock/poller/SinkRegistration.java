// SPDX-License-Identifier: Apache-2.0
package io.penstock.poller;

import org.osgi.annotation.versioning.ProviderType;

/** A sink at a {@link Poller}. Any thread may use it. */
@ProviderType
public interface SinkRegistration extends Registration {
  /**
   * Asks for one {@link ChannelHandler#writable} (or {@link PollEvent.Writable}) as soon as the
   * sink is writable. Never waits.
   *
   * @return this
   */
  SinkRegistration wantWritable();
}
