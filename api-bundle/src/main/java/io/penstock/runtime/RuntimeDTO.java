// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What is served now, and what is not. Immutable.
 *
 * @param servers handlers that are served
 * @param failed handlers that are registered and not served
 */
@ProviderType
public record RuntimeDTO(List<ServerDTO> servers, List<FailedHandlerDTO> failed) {}
