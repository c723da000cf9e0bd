// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What is logged from now on, as an operator reads it. */
final class LogLines implements AutoCloseable {
  private final Logger logger;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord each) {
          if (isLoggable(each)) {
            Object[] parameters = each.getParameters();
            String text = each.getMessage();
            lines.add(
                each.getLoggerName()
                    + ": "
                    + (parameters == null ? text : new MessageFormat(text).format(parameters)));
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  /**
   * Listens.
   *
   * @param name the logger's; empty for all
   * @param from the lowest level
   */
  LogLines(String name, Level from) {
    logger = Logger.getLogger(name);
    handler.setLevel(from);
    logger.addHandler(handler);
  }

  /** So far. */
  List<String> all() {
    return List.copyOf(lines);
  }

  /** Forgets them. */
  void clear() {
    lines.clear();
  }

  /** Takes lines until there is one with that text. */
  String await(String text) throws InterruptedException {
    List<String> others = all();
    while (true) {
      String line = lines.poll(20, TimeUnit.SECONDS);
      if (line == null) {
        throw new AssertionError("nothing of '" + text + "' is logged, but " + others);
      }
      if (line.contains(text)) {
        return line;
      }
    }
  }

  @Override
  public void close() {
    logger.removeHandler(handler);
  }
}
