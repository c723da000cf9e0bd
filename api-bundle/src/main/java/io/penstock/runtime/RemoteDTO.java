// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A registry in which containers find each other's endpoints, as this container sees it. Immutable.
 *
 * @param registry its servers, without secrets
 * @param node the name of this container in it, for this run
 * @param connected whether it can be reached; while it cannot, what is known is frozen: no entry
 *     comes and none goes
 * @param since since when it has been connected or disconnected, in milliseconds since 1970
 * @param trouble why it is not connected; null if it is
 * @param added how many entries of other containers have come
 * @param removed how many of them have gone
 * @param failovers how often a connection went on to another provider, because one had failed
 * @param entries what is published here, and what is known of others, in the order of names
 */
@ProviderType
public record RemoteDTO(
    String registry,
    String node,
    boolean connected,
    long since,
    @Nullable String trouble,
    long added,
    long removed,
    long failovers,
    List<RemoteEntryDTO> entries) {}
