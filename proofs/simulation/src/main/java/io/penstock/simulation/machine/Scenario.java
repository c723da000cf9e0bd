// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

/** What is simulated. */
public interface Scenario {
  /** Its name. */
  String name();

  /** Plays it, in the first thread of a run; what it throws fails the run. */
  void play(Plan plan) throws Exception;
}
