// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import io.penstock.spi.Messages;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.text.MessageFormat;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.ResourceBundle;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The system's loggers, one line an entry on standard error. It spares every start the time that
 * {@code java.util.logging} takes to read its configuration.
 */
public final class StandardErrorLogging extends System.LoggerFinder {
  /** The levels of loggers that have one of their own, by their names. */
  private static final Map<String, Level> LEVELS = new ConcurrentHashMap<>();

  // The command line says in one line what failed; what followed from that is for those who ask.
  private static volatile Level threshold = Level.ERROR;

  private static volatile boolean times;

  /** Called by the {@code ServiceLoader}. */
  public StandardErrorLogging() {}

  /** Sets the lowest level that is printed from now on, by every logger without one of its own. */
  static void threshold(Level level) {
    threshold = level;
  }

  /** Has each line begin with the time. */
  static void withTimes() {
    times = true;
  }

  /**
   * Gives loggers a level of their own.
   *
   * @param pair the name of a logger and a level, such as {@code io.penstock.tcp=debug}; it is also
   *     that of all loggers whose names go on after a dot. What is no such pair has no effect: the
   *     command line refuses it.
   */
  static void level(String pair) {
    int equals = pair.indexOf('=');
    String name = pair.substring(equals + 1).toUpperCase(Locale.ROOT);
    for (Level level : Level.values()) {
      if (equals > 0 && name.equals(level == Level.WARNING ? "WARN" : level.getName())) {
        LEVELS.put(pair.substring(0, equals), level);
      }
    }
  }

  /** Prints an entry if its level is not too low; a stack only to those who asked for more. */
  static void print(Level level, String name, String message, @Nullable Throwable failure) {
    if (!isPrinted(level, name)) {
      return;
    }
    StringBuilder line = new StringBuilder();
    if (times) {
      line.append(Time.now()).append(' ');
    }
    line.append(level == Level.WARNING ? "WARN" : level.getName());
    line.append(' ').append(name).append(": ").append(message);
    if (failure != null) {
      line.append(": ").append(failure);
    }
    // What is logged here need not be ours, and has names and texts of others in it.
    StringBuilder lines = new StringBuilder(Messages.visible(line.toString())).append('\n');
    if (failure != null && isPrinted(Level.INFO, name)) {
      StringWriter trace = new StringWriter();
      failure.printStackTrace(new PrintWriter(trace, true));
      trace
          .toString()
          .lines()
          .forEach(each -> lines.append(Messages.visible(each).replace("\\t", "\t")).append('\n'));
    }
    System.err.print(lines);
    System.err.flush();
  }

  private static boolean isPrinted(Level level, String name) {
    return level != Level.OFF && level.getSeverity() >= lowest(name).getSeverity();
  }

  /** Of the loggers with a level of their own, the one whose name goes furthest counts. */
  private static Level lowest(String name) {
    for (String at = name; !LEVELS.isEmpty() && !at.isEmpty(); ) {
      Level own = LEVELS.get(at);
      if (own != null) {
        return own;
      }
      at = at.substring(0, Math.max(0, at.lastIndexOf('.')));
    }
    return threshold;
  }

  @Override
  public Logger getLogger(String name, Module module) {
    return new Line(name);
  }

  /** Apart, because a relay has no need of it, and it takes a while to load. */
  private static final class Time {
    private static final DateTimeFormatter FORM =
        DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", Locale.ROOT);

    static String now() {
      return FORM.format(ZonedDateTime.now(ZoneId.systemDefault()));
    }
  }

  /** A logger. */
  private record Line(String name) implements Logger {
    @Override
    public String getName() {
      return name;
    }

    @Override
    public boolean isLoggable(Level level) {
      return isPrinted(level, name);
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
      if (isPrinted(level, name)) {
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
