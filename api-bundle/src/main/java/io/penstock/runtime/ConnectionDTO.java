// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A connection of a server. Immutable.
 *
 * @param name of its channel
 * @param peer the peer's address; empty if the kind has none
 * @param since when it was opened, in milliseconds since 1970
 * @param frames how many frames the handler has been called for
 * @param waits what keeps the server from reading: {@code nothing}, {@code a pause} of the handler,
 *     {@code the peer to take a reply}, {@code the handler}, whose call is under way, or {@code the
 *     close}
 */
@ProviderType
public record ConnectionDTO(String name, String peer, long since, long frames, String waits) {}
