// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import java.lang.System.Logger.Level;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.log.LogEntry;
import org.osgi.service.log.LogLevel;
import org.osgi.service.log.LogListener;
import org.osgi.service.log.LogReaderService;
import org.osgi.util.tracker.ServiceTracker;

/** Prints the log service's entries as the system's loggers print theirs. */
final class LogPrinter extends ServiceTracker<LogReaderService, LogReaderService>
    implements LogListener {
  /**
   * Creates one, to be opened.
   *
   * @param context the framework's context
   */
  LogPrinter(BundleContext context) {
    super(context, LogReaderService.class, null);
  }

  @Override
  public LogReaderService addingService(ServiceReference<LogReaderService> reference) {
    LogReaderService reader = context.getService(reference);
    if (reader != null) {
      reader.addLogListener(this);
    }
    return reader;
  }

  @Override
  public void logged(LogEntry entry) {
    // The framework's own events are in the log whatever its level, and hardly anybody's concern.
    boolean event =
        entry.getLoggerName().startsWith("Events.") && entry.getLogLevel() == LogLevel.INFO;
    StandardErrorLogging.print(
        event ? Level.DEBUG : level(entry.getLogLevel()),
        entry.getLoggerName(),
        entry.getMessage(),
        entry.getException());
  }

  /** The system's level that corresponds. */
  static Level level(LogLevel level) {
    return switch (level) {
      case AUDIT, ERROR -> Level.ERROR;
      case WARN -> Level.WARNING;
      case INFO -> Level.INFO;
      case DEBUG -> Level.DEBUG;
      case TRACE -> Level.TRACE;
    };
  }
}
