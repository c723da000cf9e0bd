// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import java.util.List;

/** Where processes run: what a command is to begin with. */
final class Cores {
  private static final int COUNT = Runtime.getRuntime().availableProcessors();

  private Cores() {}

  /** On the last one. */
  static List<String> last() {
    return List.of("taskset", "-c", Integer.toString(COUNT - 1));
  }

  /** On all but the last one; on that if there is no other. */
  static List<String> others() {
    return COUNT == 1 ? last() : List.of("taskset", "-c", "0-" + (COUNT - 2));
  }
}
