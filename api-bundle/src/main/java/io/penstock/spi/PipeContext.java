// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import org.osgi.annotation.versioning.ProviderType;

/** What the product lends to whatever is opened by a provider. Safe for use by any thread. */
@ProviderType
public interface PipeContext {
  /**
   * The name of the pipe, channel or listener, for errors.
   *
   * @return the name
   */
  String name();

  /**
   * Runs work that takes time: looking up names, opening files that wait for their other end. Its
   * threads are daemon threads of the product.
   *
   * @return the executor
   */
  Executor executor();

  /**
   * Runs a task once, after a delay, unless it is cancelled or the product stops first.
   *
   * @param delay zero or more
   * @param task run on {@link #executor()}
   * @return to cancel it; cancelled already if the product has stopped
   */
  Future<?> after(Duration delay, Runnable task);
}
