// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.log.LogEntry;
import org.osgi.service.log.LogLevel;
import org.osgi.service.log.LogListener;
import org.osgi.service.log.LogReaderService;
import org.osgi.util.tracker.ServiceTracker;

/**
 * Prints the container's log on standard error: one line an entry, and the stack of what failed.
 */
final class LogPrinter extends ServiceTracker<LogReaderService, LogReaderService>
    implements LogListener {
  private final LogLevel level;

  /**
   * Creates one, to be opened.
   *
   * @param context the framework's context
   * @param level the lowest level that is printed
   */
  LogPrinter(BundleContext context, LogLevel level) {
    super(context, LogReaderService.class, null);
    this.level = level;
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
    LogLevel least =
        entry.getLoggerName().startsWith("Events.") && entry.getLogLevel() == LogLevel.INFO
            ? LogLevel.DEBUG
            : entry.getLogLevel();
    if (!level.implies(least)) {
      return;
    }
    StringBuilder line = new StringBuilder();
    line.append(entry.getLogLevel()).append(' ').append(entry.getLoggerName());
    line.append(": ").append(entry.getMessage());
    System.err.println(line);
    Throwable failure = entry.getException();
    if (failure != null) {
      failure.printStackTrace();
    }
  }
}
