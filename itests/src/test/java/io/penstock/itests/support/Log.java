// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.log.LogListener;
import org.osgi.service.log.LogReaderService;
import org.osgi.util.tracker.ServiceTracker;

/**
 * What is logged from now on: by the product itself, and by Declarative Services about its
 * components. Safe for use by several threads.
 */
public final class Log implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition grown = lock.newCondition();
  private final List<String> lines = new ArrayList<>();
  private final Logger product = Logger.getLogger("io.penstock");
  private final Handler handler = new Collector();
  private final LogListener listener = entry -> add(entry.getMessage(), entry.getException());
  private final ServiceTracker<LogReaderService, LogReaderService> readers;

  /** Begins to listen. */
  public Log(BundleContext context) {
    readers =
        new ServiceTracker<>(context, LogReaderService.class, null) {
          @Override
          public LogReaderService addingService(ServiceReference<LogReaderService> reference) {
            LogReaderService reader = super.addingService(reference);
            reader.addLogListener(listener);
            return reader;
          }

          @Override
          public void removedService(
              ServiceReference<LogReaderService> reference, LogReaderService reader) {
            reader.removeLogListener(listener);
            super.removedService(reference, reader);
          }
        };
    readers.open();
    product.addHandler(handler);
  }

  /** Waits for a line, its exceptions included, that holds all these texts, and returns it. */
  public String await(String... texts) throws InterruptedException {
    lock.lock();
    try {
      long left = PATIENCE.toNanos();
      for (int next = 0; ; next++) {
        while (next == lines.size()) {
          if (left <= 0) {
            throw new AssertionError(
                "no line with " + List.of(texts) + " was logged, but " + lines);
          }
          left = grown.awaitNanos(left);
        }
        String line = lines.get(next);
        if (List.of(texts).stream().allMatch(line::contains)) {
          return line;
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** What was logged so far, exceptions included. */
  public List<String> lines() {
    lock.lock();
    try {
      return List.copyOf(lines);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    product.removeHandler(handler);
    readers.close();
  }

  private void add(String message, Throwable thrown) {
    StringBuilder line = new StringBuilder(String.valueOf(message));
    for (Throwable each = thrown; each != null; each = each.getCause()) {
      line.append(" | ").append(each);
    }
    lock.lock();
    try {
      lines.add(line.toString());
      grown.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private final class Collector extends Handler {

    @Override
    public void publish(LogRecord entry) {
      add(new SimpleFormatter().formatMessage(entry), entry.getThrown());
    }

    @Override
    public void flush() {
      // Nothing is buffered.
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }
}
