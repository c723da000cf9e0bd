// SPDX-License-Identifier: Apache-2.0
package io.penstock.metrics;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A value. Immutable.
 *
 * @param metric what was measured
 * @param attribute one of {@link Metric#attributeValues}; empty if there are none
 * @param value in the unit of the metric
 */
@ProviderType
public record Measurement(Metric metric, String attribute, double value) {}
