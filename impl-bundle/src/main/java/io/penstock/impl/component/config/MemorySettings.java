// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import java.util.Map;
import java.util.function.Function;

/** The values of the configuration {@code io.penstock.Memory.default}. */
public record MemorySettings(long memoryLimit, long factoryLimit) {
  /** Without a configuration. */
  public static final MemorySettings NONE = new MemorySettings(Long.MAX_VALUE, Long.MAX_VALUE);

  /** Reads a limit of memory. */
  static final Function<String, Long> LIMIT =
      Values.bytes(64 * 1024, Long.MAX_VALUE, "64KiB or more");

  /** Reads them. */
  public static MemorySettings of(Map<String, ?> properties) {
    Values<MemoryKeys> values = new Values<>(MemoryKeys.class, properties);
    return new MemorySettings(
        values.find(MemoryKeys::memoryLimit, LIMIT).orElse(NONE.memoryLimit),
        values.find(MemoryKeys::factoryLimit, LIMIT).orElse(NONE.factoryLimit));
  }
}
