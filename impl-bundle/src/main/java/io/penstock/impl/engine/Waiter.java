// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

/** Is told that another try is worth it. Must be quick, must not wait, must not throw. */
@FunctionalInterface
public interface Waiter {
  /** Something has changed; whether it helps is for the waiter to find out. */
  void wake();
}
