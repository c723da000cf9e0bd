// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.io.PrintWriter;
import java.io.StringWriter;

/** What a simulated thread dies of goes to its handler, if it has one. */
final class UncaughtHandlers {
  private UncaughtHandlers() {}

  static void tell(Sim sim, SimThread thread, Throwable cause) {
    sim.blame(thread.getName() + " died of " + text(cause));
  }

  static String text(Throwable cause) {
    StringWriter text = new StringWriter();
    cause.printStackTrace(new PrintWriter(text));
    return text.toString().strip();
  }
}
