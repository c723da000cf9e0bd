// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures all servers in turn, so that what disturbs the machine for a second disturbs each of
 * them once.
 */
final class Turns {
  /** What is measured. */
  interface Measurement<T> {
    /** What was found, one value or more; none for a turn that is left out. */
    double[] of(T server) throws Exception;
  }

  private Turns() {}

  /** The median of each of the measurement's values, by server. */
  static <T> Map<T, double[]> take(int turns, List<T> servers, Measurement<T> measurement)
      throws Exception {
    Map<T, List<double[]>> all = new LinkedHashMap<>();
    for (int turn = 0; turn < turns; turn++) {
      for (T server : servers) {
        double[] values = measurement.of(server);
        if (values.length > 0) {
          all.computeIfAbsent(server, key -> new ArrayList<>()).add(values);
        }
      }
    }
    Map<T, double[]> medians = new LinkedHashMap<>();
    all.forEach((server, values) -> medians.put(server, medians(values)));
    return medians;
  }

  private static double[] medians(List<double[]> values) {
    double[] medians = new double[values.get(0).length];
    for (int i = 0; i < medians.length; i++) {
      int at = i;
      medians[i] =
          values.stream()
              .mapToDouble(v -> v[at])
              .sorted()
              .skip(values.size() / 2)
              .findFirst()
              .orElseThrow();
    }
    return medians;
  }
}
