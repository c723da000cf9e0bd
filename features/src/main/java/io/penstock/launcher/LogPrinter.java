// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.log.LogEntry;
import org.osgi.service.log.LogListener;
import org.osgi.service.log.LogReaderService;
import org.osgi.util.tracker.ServiceTracker;

/**
 * Prints the container's log on standard error: one line an entry, and the stack of what failed.
 */
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
    Throwable failure = entry.getException();
    StringBuilder line = new StringBuilder();
    line.append(entry.getLogLevel()).append(' ').append(entry.getLoggerName());
    line.append(": ").append(entry.getMessage());
    System.err.println(line);
    if (failure != null) {
      failure.printStackTrace();
    }
  }
}
