// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns the formats of {@code MessageFormat} into those of the log service. */
final class LogFormat {
  private LogFormat() {}

  /**
   * Turns one.
   *
   * @param format with parameters such as <code>{0}</code> and doubled or quoting apostrophes
   * @param params its parameters
   * @param arguments gets what each <code>{}</code> of the result stands for
   */
  static String of(String format, @Nullable Object[] params, List<@Nullable Object> arguments) {
    StringBuilder text = new StringBuilder(format.length());
    boolean quoted = false;
    for (int at = 0; at < format.length(); at++) {
      char each = format.charAt(at);
      int end = each == '{' && !quoted ? format.indexOf('}', at) : -1;
      if (end > 0) {
        arguments.add(params[Integer.parseInt(format.substring(at + 1, end))]);
        text.append("{}");
        at = end;
      } else if (each != '\'') {
        text.append(each);
      } else if (at + 1 < format.length() && format.charAt(at + 1) == '\'') {
        text.append(each);
        at++;
      } else {
        quoted = !quoted;
      }
    }
    return text.toString();
  }
}
