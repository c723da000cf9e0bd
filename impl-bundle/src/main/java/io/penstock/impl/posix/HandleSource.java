// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.spi.SourceDriver;
import org.jspecify.annotations.Nullable;

/** A source whose bytes may come with descriptors. */
public interface HandleSource extends SourceDriver {
  /**
   * Where descriptors wait.
   *
   * @return always the same; null where none can come
   */
  @Nullable Arrivals arrivals();
}
