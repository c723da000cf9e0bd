// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.osgi.annotation.versioning.ProviderType;

/**
 * How often something has happened, and how fast it goes. Immutable.
 *
 * <p>A rate is that between two looks: this one, and an earlier one that some caller of {@link
 * PenstockRuntime#runtime} has made. So nothing is measured while nobody asks.
 *
 * @param total how much there has been
 * @param second per second, since the latest look that is a second old or older; below 0 if there
 *     was none
 * @param minute per second, over the last minute, or since the first look if that is later; below 0
 *     if there was none
 */
@ProviderType
public record RateDTO(long total, double second, double minute) {}
