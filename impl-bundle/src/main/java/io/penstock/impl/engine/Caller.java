// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

/** A caller of handlers for many connections, which all wait when one call waits. */
@FunctionalInterface
public interface Caller {
  /**
   * Its thread is about to wait, perhaps in a handler's call.
   *
   * @param name of what it waits for
   */
  void waits(String name);
}
