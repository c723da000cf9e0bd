// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.lang.System.Logger;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/**
 * A logger whose lines show control characters of foreign text and do not apply them. It is a
 * {@link Logger}, so that code that looks for the caller of a log line skips it.
 */
record VisibleLog(Logger below) implements Logger {
  @Override
  public String getName() {
    return below.getName();
  }

  @Override
  public boolean isLoggable(Level level) {
    return below.isLoggable(level);
  }

  @Override
  public void log(
      Level level,
      @Nullable ResourceBundle bundle,
      @Nullable String message,
      @Nullable Throwable failure) {
    if (isLoggable(level)) {
      below.log(level, bundle, shown(message), failure == null ? null : Shown.of(failure, 0));
    }
  }

  @Override
  public void log(
      Level level,
      @Nullable ResourceBundle bundle,
      @Nullable String format,
      @Nullable Object @Nullable ... params) {
    if (!isLoggable(level)) {
      return;
    }
    @Nullable Object[] given = params == null ? new Object[0] : params;
    @Nullable Object[] shown = new Object[given.length];
    for (int i = 0; i < given.length; i++) {
      Object each = given[i];
      // The format string formats numbers.
      shown[i] = each == null || each instanceof Number ? each : Messages.visible(each.toString());
    }
    below.log(level, bundle, shown(format), shown);
  }

  private static @Nullable String shown(@Nullable String text) {
    return text == null ? null : Messages.visible(text);
  }

  /**
   * Replaces an exception if its text, or the text of one of its causes, has characters to make
   * visible.
   */
  private static final class Shown extends Exception {
    private static final long serialVersionUID = 1L;

    /** Causes may form a circle. */
    private static final int DEEPEST = 12;

    /** The text of the exception. */
    private final String text;

    private Shown(Throwable failure, int depth) {
      super(Messages.visible(String.valueOf(failure.getMessage())));
      this.text = Messages.visible(failure.toString());
      setStackTrace(failure.getStackTrace());
      Throwable cause = failure.getCause();
      if (cause != null && depth < DEEPEST) {
        initCause(of(cause, depth + 1));
      }
      for (Throwable each : failure.getSuppressed()) {
        if (depth < DEEPEST) {
          addSuppressed(of(each, depth + 1));
        }
      }
    }

    static Throwable of(Throwable failure, int depth) {
      return isPlain(failure, depth) ? failure : new Shown(failure, depth);
    }

    private static boolean isPlain(Throwable failure, int depth) {
      String text = failure.toString();
      if (!Messages.visible(text).equals(text)) {
        return false;
      }
      Throwable cause = failure.getCause();
      if (depth >= DEEPEST) {
        return cause == null;
      }
      if (cause != null && !isPlain(cause, depth + 1)) {
        return false;
      }
      for (Throwable each : failure.getSuppressed()) {
        if (!isPlain(each, depth + 1)) {
          return false;
        }
      }
      return true;
    }

    /** {@return the text of the replaced exception, with its class instead of this one} */
    @Override
    @SuppressWarnings("OverrideThrowableToString")
    public String toString() {
      return text;
    }
  }
}
