// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.standalone.Penstock;
import java.util.List;
import java.util.stream.Stream;

/** The ways to make native calls that this Java must have. */
public final class Modes {
  private Modes() {}

  /** Whether the mode by {@code java.lang.foreign} must work here. */
  public static boolean hasForeign() {
    return Runtime.version().feature() >= 22;
  }

  /** A product that makes its calls in a mode. */
  public static Penstock open(String mode) {
    String before = System.setProperty(PosixAccess.PROPERTY, mode);
    try {
      return Penstock.open();
    } finally {
      if (before == null) {
        System.clearProperty(PosixAccess.PROPERTY);
      } else {
        System.setProperty(PosixAccess.PROPERTY, before);
      }
    }
  }

  /** One access for each mode that makes calls. */
  public static Stream<PosixAccess> all() {
    List<String> modes = hasForeign() ? List.of("foreign", "jna") : List.of("jna");
    return modes.stream().map(PosixAccess::new);
  }
}
