// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import io.penstock.runtime.AwaitedDTO;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Something that is configured, enlisted at the engine; what it keeps alive may not be there. */
public interface Reporting {
  /** The pipe, channel, listener or relay; null if it is not there. */
  @Nullable Object thing();

  /** What it waits for; empty if it is there. */
  Optional<AwaitedDTO> awaited();
}
