// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.osgi.annotation.versioning.ProviderType;

/**
 * What one direction of a relay has made of the buffers of the system. Immutable.
 *
 * @param grown how often the system has given a larger send buffer, over all connections so far
 * @param sendBuffer bytes of the largest send buffer that was made larger for a connection that
 *     goes through the relay now, as the system told them; 0 if none was
 * @param splicePipe bytes that fit into the largest pipe of the system by which a connection goes
 *     without copies now; 0 if all of them are copied
 */
@ProviderType
public record RelayBuffersDTO(long grown, int sendBuffer, int splicePipe) {}
