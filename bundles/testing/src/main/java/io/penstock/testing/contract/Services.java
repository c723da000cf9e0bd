// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import io.penstock.channel.ChannelFactory;
import io.penstock.pipe.PipeFactory;
import io.penstock.poller.Poller;
import io.penstock.relay.RelayFactory;
import java.util.function.Supplier;

/**
 * Penstock's services, as a container or the standalone class gives them.
 *
 * @param pipes makes pipes
 * @param channels opens channels of the kind
 * @param relays makes relays
 * @param pollers makes a poller for each case, which closes it
 */
public record Services(
    PipeFactory pipes, ChannelFactory channels, RelayFactory relays, Supplier<Poller> pollers) {}
