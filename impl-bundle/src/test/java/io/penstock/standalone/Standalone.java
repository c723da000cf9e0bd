// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone;

import io.penstock.impl.posix.PosixAccess;

/** Opens the product above native calls of a test's own. */
public final class Standalone {
  private Standalone() {}

  /** A product that makes its native calls by that. */
  public static Penstock by(PosixAccess posix) {
    return Penstock.open(posix);
  }
}
