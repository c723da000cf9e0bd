// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

/** A handler that passes events on to another object, which is the one to name in messages. */
public interface Wrapping {
  /** The object behind this one. */
  Object wrapped();
}
