// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What there is now. Immutable; each list is in the order of names.
 *
 * @param at when this was gathered, in milliseconds since 1970
 * @param pipes that are open, or ended and not read to the end
 * @param channels that are not closed
 * @param listeners that are bound
 * @param relays that have not ended
 * @param pollers that are open
 * @param servers handlers that are served
 * @param failed handlers that are registered and not served
 * @param awaited what is configured and not there
 * @param remotes registries in which containers find each other; empty without the bundle {@code
 *     io.penstock.remote}
 * @param resources of the process
 */
@ProviderType
public record RuntimeDTO(
    long at,
    List<PipeDTO> pipes,
    List<ChannelDTO> channels,
    List<ListenerDTO> listeners,
    List<RelayDTO> relays,
    List<PollerDTO> pollers,
    List<ServerDTO> servers,
    List<FailedHandlerDTO> failed,
    List<AwaitedDTO> awaited,
    List<RemoteDTO> remotes,
    ResourcesDTO resources) {}
