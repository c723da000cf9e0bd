// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.osgi.annotation.versioning.ProviderType;

/**
 * What failed last. Immutable.
 *
 * @param message of the failure, with its kind; without secrets
 * @param at when, in milliseconds since 1970
 * @param count how many failures there have been
 */
@ProviderType
public record FaultDTO(String message, long at, long count) {}
