// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.text.MessageFormat;
import java.util.ResourceBundle;

/** Where the product logs: an error is a failure of the run unless the actors expect it. */
final class SimLogger implements System.Logger {
  private final String name;

  SimLogger(String name) {
    this.name = name;
  }

  @Override
  public String getName() {
    return name;
  }

  @Override
  public boolean isLoggable(Level level) {
    return level.compareTo(Level.WARNING) >= 0 || System.getProperty("penstock.log") != null;
  }

  private static void put(Level level, String text, Throwable thrown) {
    Sim sim = Sim.active;
    if (sim == null) {
      return;
    }
    String line = level + " " + text;
    if (level == Level.WARNING) {
      sim.warned();
    }
    if (level.compareTo(Level.ERROR) >= 0) {
      sim.say(line + (thrown == null ? "" : "\n" + UncaughtHandlers.text(thrown)));
    }
    sim.note(line + (thrown == null ? "" : " (" + thrown + ")"));
  }

  @Override
  public void log(Level level, ResourceBundle bundle, String text, Throwable thrown) {
    if (isLoggable(level)) {
      put(level, text, thrown);
    }
  }

  @Override
  public void log(Level level, ResourceBundle bundle, String format, Object... values) {
    if (isLoggable(level)) {
      put(level, values == null ? format : MessageFormat.format(format, values), null);
    }
  }
}
