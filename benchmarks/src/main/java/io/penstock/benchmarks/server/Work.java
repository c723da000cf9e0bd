// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import java.util.Locale;

/** What a server does with what it reads. */
public enum Work {
  /** Counts bytes, and answers how many they were when the last one is a line feed. */
  COUNT,
  /** Gives back what it gets. */
  ECHO,
  /** The same, looking again and again instead of waiting. */
  SPIN,
  /** The same as {@link #ECHO}, reading on while it cannot write; only in C. */
  DUPLEX,
  /** Gives each line back. */
  REQUESTS,
  /** Looks at each line, and answers how many they were when the last one is empty. */
  LINES;

  /** As programs are told. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What {@link #text()} has made a text of. */
  static Work parse(String text) {
    return valueOf(text.toUpperCase(Locale.ROOT));
  }
}
