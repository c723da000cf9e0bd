// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.lang.System.Logger;
import java.text.MessageFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.ResourceBundle;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A logger whose lines show control characters of foreign text and do not apply them. It is a
 * {@link Logger}, so that code that looks for the caller of a log line skips it.
 */
record VisibleLog(Logger below) implements Logger {
  /** What gets the lines in place of the loggers below. */
  static final AtomicReference<@Nullable LogOutlet> OUTLET = new AtomicReference<>();

  /** A line that begins so is about what the first parameter names. */
  private static final String NAMED = "{0}: ";

  @Override
  public String getName() {
    return below.getName();
  }

  @Override
  public boolean isLoggable(Level level) {
    LogOutlet outlet = OUTLET.get();
    try {
      return outlet == null ? below.isLoggable(level) : outlet.isLoggable(getName(), level);
    } catch (RuntimeException | LinkageError e) {
      // Such as one that is being taken back, with its classes. The code that logs must not fail.
      return below.isLoggable(level);
    }
  }

  @Override
  public void log(
      Level level,
      @Nullable ResourceBundle bundle,
      @Nullable String message,
      @Nullable Throwable failure) {
    if (isLoggable(level)) {
      String text = shown(message);
      Throwable cause = failure == null ? null : Shown.of(failure, 0);
      if (!hand(level, String.valueOf(text), List.of(), cause)) {
        below.log(level, bundle, text, cause);
      }
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
    Throwable failure = failure(String.valueOf(format), given);
    @Nullable Object[] shown = new Object[failure == null ? given.length : given.length - 1];
    for (int i = 0; i < shown.length; i++) {
      shown[i] = shown(given[i]);
    }
    if (shown.length > 0 && format != null && format.startsWith(NAMED)) {
      shown[0] = shown[0] instanceof LogField ? shown[0] : LogField.name(shown[0]);
    }
    String text = shown(format);
    if (OUTLET.get() != null && shown.length > 0) {
      List<@Nullable Object> arguments = new ArrayList<>();
      String other = LogFormat.of(String.valueOf(text), shown, arguments);
      if (hand(level, other, arguments, failure)) {
        return;
      }
    } else if (shown.length == 0 && hand(level, String.valueOf(text), List.of(), failure)) {
      return;
    }
    if (failure == null) {
      below.log(level, bundle, text, shown);
    } else {
      below.log(level, bundle, MessageFormat.format(String.valueOf(text), shown), failure);
    }
  }

  /** The last parameter, if the format does not show it and it is an exception. */
  private static @Nullable Throwable failure(String format, @Nullable Object[] params) {
    int last = params.length - 1;
    return last >= 0
            && params[last] instanceof Throwable failure
            && !format.contains("{" + last + "}")
        ? Shown.of(failure, 0)
        : null;
  }

  /** Returns whether an outlet has taken the line. */
  private boolean hand(Level level, String format, List<?> arguments, @Nullable Throwable failure) {
    LogOutlet outlet = OUTLET.get();
    if (outlet == null) {
      return false;
    }
    try {
      outlet.log(getName(), level, format, arguments, failure);
      return true;
    } catch (RuntimeException | LinkageError e) {
      // Such as one that is being taken back, with its classes. The line must not be lost.
      below.log(Level.DEBUG, "the log service takes no line", e);
      return false;
    }
  }

  private static @Nullable Object shown(@Nullable Object param) {
    if (param instanceof LogField field) {
      return new LogField(field.key(), shown(field.value()));
    }
    // The format string formats numbers.
    return param == null || param instanceof Number ? param : Messages.visible(param.toString());
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
