// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone.shared;

import io.penstock.standalone.Penstock;

/** What the factories of this package share: made when the first of them is, and never closed. */
final class Shared {
  static final Penstock PENSTOCK = Penstock.open();

  private Shared() {}
}
