// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Is told of events: register one as a service. Called one event at a time, in order, on a thread
 * of the product that no stream depends on; must not wait for long. What it throws is logged.
 */
@ConsumerType
@FunctionalInterface
public interface PenstockListener {
  /**
   * Something has happened.
   *
   * @param event what
   */
  void event(PenstockEvent event);
}
