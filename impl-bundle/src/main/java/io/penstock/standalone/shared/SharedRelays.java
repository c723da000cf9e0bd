// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone.shared;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayFactory;
import io.penstock.relay.RelayOptions;
import java.io.IOException;

/** The relays that {@link java.util.ServiceLoader} finds. Each belongs to its caller. */
public final class SharedRelays implements RelayFactory {
  /** For {@link java.util.ServiceLoader}. */
  public SharedRelays() {}

  @Override
  public Relay create(Endpoint from, Endpoint to, RelayOptions options) throws IOException {
    return Shared.PENSTOCK.relays().create(from, to, options);
  }

  @Override
  public Relay create(Channel from, Channel to, RelayOptions options) {
    return Shared.PENSTOCK.relays().create(from, to, options);
  }
}
