// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone.shared;

import io.penstock.standalone.Penstock;

/** What the factories of this package share: made when the first of them is, and never closed. */
final class Shared {
  static final Penstock PENSTOCK = open();

  private Shared() {}

  /** With the kinds that this class can see: those of an application would be kept for ever. */
  private static Penstock open() {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(Shared.class.getClassLoader());
    try {
      return Penstock.open();
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
