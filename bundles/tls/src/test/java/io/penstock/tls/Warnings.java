// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** The warnings and errors that are logged while it is open. */
final class Warnings extends Handler implements AutoCloseable {
  final Queue<String> texts = new ConcurrentLinkedQueue<>();
  private final SimpleFormatter formatter = new SimpleFormatter();

  // A logger that nobody holds would be forgotten with its handler.
  private final Logger logger = Logger.getLogger("io.penstock");

  Warnings() {
    logger.addHandler(this);
  }

  @Override
  public void publish(LogRecord line) {
    if (line.getLevel().intValue() >= Level.WARNING.intValue()) {
      texts.add(formatter.formatMessage(line));
    }
  }

  /** Whether soon just one of them has this in it. */
  boolean seen(String part) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (System.nanoTime() - end < 0) {
      if (texts.stream().filter(text -> text.contains(part)).count() == 1) {
        return true;
      }
      LockSupport.parkNanos(1_000_000);
    }
    return false;
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
  }
}
