// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import java.util.Locale;
import java.util.Optional;

/** A framework, and where it runs. */
public enum ContainerKind {
  /** Felix in the JVM of the tests. */
  FELIX,
  /** Equinox in the JVM of the tests. */
  EQUINOX,
  /** Felix in a JVM of its own. */
  FELIX_FORKED,
  /** Equinox in a JVM of its own. */
  EQUINOX_FORKED,
  /** Karaf in a JVM of its own; on Java 17 only. */
  KARAF;

  /** The name in reports, such as {@code felix-forked}. */
  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Why tests are skipped here, or nothing when they run. */
  Optional<String> reasonToSkip() {
    return this == KARAF ? KarafRunsOnJava17.reasonToSkip(Runtime.version()) : Optional.empty();
  }
}
