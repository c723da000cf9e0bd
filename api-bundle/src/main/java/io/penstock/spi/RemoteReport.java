// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import io.penstock.runtime.RemoteDTO;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A {@link ChannelProvider} implements this if it finds endpoints in other containers, so that
 * operators see them in {@link io.penstock.runtime.RuntimeDTO#remotes}. Safe for use by any thread.
 */
@ConsumerType
@FunctionalInterface
public interface RemoteReport {
  /**
   * Tells what is known. Must not wait.
   *
   * @return a snapshot, one for each registry
   */
  List<RemoteDTO> remotes();
}
