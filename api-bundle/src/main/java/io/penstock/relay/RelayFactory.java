// SPDX-License-Identifier: Apache-2.0
package io.penstock.relay;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Makes relays. As a service it is bundle-scoped: relays that a bundle made through it are closed
 * when that bundle stops. Safe for use by any thread.
 */
@ProviderType
public interface RelayFactory {
  /**
   * Prepares a relay between two endpoints. Listening endpoints are bound now; nothing else happens
   * before {@link Relay#start()}.
   *
   * @param from one side; with {@link RelayOptions#fork()} it must be listening
   * @param to the other side; with {@link RelayOptions#fork()} it must not be listening
   * @param options how
   * @return the relay
   * @throws IllegalArgumentException if the combination makes no sense; the message says which
   *     combinations do
   * @throws IOException if an endpoint cannot be used or bound
   */
  Relay create(Endpoint from, Endpoint to, RelayOptions options) throws IOException;

  /**
   * Prepares a relay between two channels, which belong to the relay from now on.
   *
   * @param from one side
   * @param to the other side
   * @param options how; without {@link RelayOptions#fork()}
   * @return the relay
   * @throws IllegalArgumentException if it is to fork, for which it would have to open channels
   *     anew; both stay the caller's
   */
  Relay create(Channel from, Channel to, RelayOptions options);
}
