// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The keys of the configuration {@code io.penstock.Memory.default}. */
@ObjectClassDefinition(
    name = "Penstock: memory",
    description =
        "How much memory the buffers may take that hold bytes of relays, of pollers, of pipes, of"
            + " channels in memory, of TLS and of SSH. Beyond it reading pauses; then the"
            + " connections that have held most for longest are cut.")
public @interface MemoryKeys {
  /** Memory limit. */
  @AttributeDefinition(
      required = false,
      name = "Memory limit",
      description =
          "Of the whole container. Bytes, or a number with KiB, MiB or GiB; 64KiB or more."
              + " Default: a quarter of the heap's largest size, and half of what Java may have"
              + " outside the heap, which hold in any case.")
  String memoryLimit() default "";

  /** Factory limit. */
  @AttributeDefinition(
      required = false,
      name = "Factory limit",
      description =
          "Of the relays of each bundle, of its pipes, and of each poller. Bytes, or a number with"
              + " KiB, MiB or GiB; 64KiB or more. Default: none beside that of the container. A"
              + " change applies to factories and pollers that are made after it.")
  String factoryLimit() default "";
}
