// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.lang.System.Logger.Level;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Takes the product's log lines in place of {@code System.Logger}: see {@link Messages#outlet}.
 * Called by any thread, also by several at once; it waits for nothing.
 */
@ConsumerType
public interface LogOutlet {
  /**
   * Whether lines of this level are wanted.
   *
   * @param logger the whole name, such as {@code io.penstock.tcp}
   * @param level of a line
   * @return false to spare the line's making
   */
  boolean isLoggable(String logger, Level level);

  /**
   * Takes a line. Foreign text in it forges no line and controls no terminal.
   *
   * @param logger the whole name
   * @param level of the line
   * @param format the text, with <code>{}</code> for each of the arguments, in their order; without
   *     arguments it is the text itself
   * @param arguments some of them are a {@link LogField}
   * @param failure what caused the line
   */
  void log(
      String logger, Level level, String format, List<?> arguments, @Nullable Throwable failure);
}
