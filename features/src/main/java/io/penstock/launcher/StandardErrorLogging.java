// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.text.MessageFormat;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/**
 * The system's loggers, one line an entry on standard error. It spares every start the time that
 * {@code java.util.logging} takes to read its configuration.
 */
public final class StandardErrorLogging extends System.LoggerFinder {
  // The command line says in one line what failed; what followed from that is for those who ask.
  private static volatile Level threshold = Level.ERROR;

  /** Called by the {@code ServiceLoader}. */
  public StandardErrorLogging() {}

  /** Sets the lowest level that is printed from now on, by every logger. */
  static void threshold(Level level) {
    threshold = level;
  }

  /** Prints an entry if its level is not too low; a stack only to those who asked for more. */
  static void print(Level level, String name, String message, @Nullable Throwable failure) {
    if (!isPrinted(level)) {
      return;
    }
    StringBuilder line = new StringBuilder();
    line.append(level == Level.WARNING ? "WARN" : level.getName());
    line.append(' ').append(name).append(": ").append(message);
    if (failure != null) {
      line.append(": ").append(failure);
    }
    System.err.println(line);
    if (failure != null && isPrinted(Level.INFO)) {
      failure.printStackTrace();
    }
  }

  private static boolean isPrinted(Level level) {
    return level != Level.OFF && level.getSeverity() >= threshold.getSeverity();
  }

  @Override
  public Logger getLogger(String name, Module module) {
    return new Line(name);
  }

  /** A logger. */
  private record Line(String name) implements Logger {
    @Override
    public String getName() {
      return name;
    }

    @Override
    public boolean isLoggable(Level level) {
      return isPrinted(level);
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String message,
        @Nullable Throwable failure) {
      print(level, name, localized(bundle, message), failure);
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String format,
        @Nullable Object @Nullable ... params) {
      if (isPrinted(level)) {
        String text = localized(bundle, format);
        boolean plain = params == null || params.length == 0;
        print(level, name, plain ? text : MessageFormat.format(text, params), null);
      }
    }

    private static String localized(@Nullable ResourceBundle bundle, @Nullable String text) {
      return bundle != null && text != null && bundle.containsKey(text)
          ? bundle.getString(text)
          : String.valueOf(text);
    }
  }
}
