// SPDX-License-Identifier: Apache-2.0
package io.penstock.metrics;

import io.penstock.runtime.PenstockRuntime;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What is measured, with a bounded number of series. A service. Safe for use by any thread; nothing
 * is measured while nobody asks.
 *
 * <p>Objects of a type that share a name share a series, such as the channels that a listener has
 * accepted. Those that come when there are as many series as allowed are summed as {@link #OTHER},
 * for as long as they live. What an object has counted stays in its series after it has gone, and
 * when it gets another name; a series goes when the last object of its name has.
 */
@ProviderType
public interface PenstockMetrics {
  /** The name of what has no series of its own. */
  String OTHER = "other";

  /**
   * What is measured now, or was up to half a second ago.
   *
   * @return the whole first, then pipes, channels, listeners, relays, pollers and handlers; the
   *     same object as before if nothing was measured since
   */
  List<MeasuredObject> objects();

  /**
   * Measures without OSGi.
   *
   * @param runtime tells what there is
   * @param maxObjects how many names of each type have series of their own, 1 to 100,000
   * @return with a memory of its own
   * @throws IllegalArgumentException if {@code maxObjects} is out of its range
   */
  static PenstockMetrics of(PenstockRuntime runtime, int maxObjects) {
    return new BoundedMetrics(runtime, maxObjects, System::nanoTime);
  }
}
