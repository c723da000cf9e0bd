// SPDX-License-Identifier: Apache-2.0
package io.penstock.metrics;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.AttributeType;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The keys of the configuration {@code io.penstock.Metrics.default}. */
@ObjectClassDefinition(
    name = "Penstock: metrics",
    description = "How many series the metrics have, in Micrometer and JMX.")
@interface MetricsKeys {
  /** Series. */
  @AttributeDefinition(
      required = false,
      type = AttributeType.INTEGER,
      min = "1",
      max = "100000",
      name = "Objects of each type",
      description =
          "How many names of pipes have series of their own, and how many of channels, of listeners,"
              + " of relays, of pollers and of handlers; the rest is summed as 'other'. A number, 1"
              + " or more; 100000 at most. A change begins all series anew.")
  String maxObjects() default "100";
}
