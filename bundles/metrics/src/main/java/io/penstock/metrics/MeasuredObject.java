// SPDX-License-Identifier: Apache-2.0
package io.penstock.metrics;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What was measured of an object. Immutable.
 *
 * @param type as {@link Metric#type} has it
 * @param name of the object, or of several that share it; {@link PenstockMetrics#OTHER} for those
 *     that have no series of their own; empty for the whole, which is of the type {@code runtime}
 * @param measurements in the order of {@link Metric}; a metric whose value is not known is left out
 */
@ProviderType
public record MeasuredObject(String type, String name, List<Measurement> measurements) {}
