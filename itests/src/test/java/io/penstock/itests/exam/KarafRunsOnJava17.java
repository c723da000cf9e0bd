// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import java.util.Optional;

/**
 * The one condition under which container tests are skipped: Karaf 4.4 does not start on the newest
 * Java (its login code calls {@code Subject.getSubject}, which Java 24 turned into an error), and
 * Java 17 is the version it is tested with.
 */
final class KarafRunsOnJava17 {

  private KarafRunsOnJava17() {}

  static Optional<String> reasonToSkip(Runtime.Version java) {
    return java.feature() == 17
        ? Optional.empty()
        : Optional.of(
            KarafRunsOnJava17.class.getSimpleName()
                + ": Karaf 4.4 is tested on Java 17, this is Java "
                + java.feature());
  }
}
