// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** What the product logs from now on. */
public final class LogLines implements AutoCloseable {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition grown = lock.newCondition();
  private final List<String> lines = new ArrayList<>();
  private final Logger logger = Logger.getLogger("io.penstock");
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          lock.lock();
          try {
            lines.add(line.getLevel() + " " + new SimpleFormatter().formatMessage(line));
            grown.signalAll();
          } finally {
            lock.unlock();
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  /** Begins to listen. */
  public LogLines() {
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
  }

  /** The first line that holds all these texts, once there is one. */
  public String await(String... texts) throws InterruptedException {
    lock.lock();
    try {
      long left = TimeUnit.SECONDS.toNanos(20);
      while (true) {
        for (String line : lines) {
          if (List.of(texts).stream().allMatch(line::contains)) {
            return line;
          }
        }
        if (left <= 0) {
          throw new AssertionError("no line with " + List.of(texts) + " in " + lines);
        }
        left = grown.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** How many lines hold a text so far. */
  public long count(String text) {
    return with(text).size();
  }

  /** The lines that hold a text so far. */
  public List<String> with(String text) {
    lock.lock();
    try {
      return lines.stream().filter(line -> line.contains(text)).toList();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    logger.removeHandler(handler);
    logger.setUseParentHandlers(true);
  }
}
