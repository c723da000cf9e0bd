// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support;

import io.penstock.error.NotSupportedException;
import java.util.Locale;

/** Named pipes of Windows, which are not supported. */
public final class WindowsPipes {
  private WindowsPipes() {}

  /**
   * Refuses their names, which on other systems would be those of files that are not there.
   *
   * @param endpoint as the user gave it
   * @param address what may be such a name
   * @throws NotSupportedException if it is one; it says why, and what to use instead
   */
  public static void refuse(String endpoint, String address) throws NotSupportedException {
    String name = address.replace('/', '\\').toLowerCase(Locale.ROOT);
    if (name.matches("\\\\\\\\[^\\\\]+\\\\pipe\\\\.*")) {
      throw new NotSupportedException(
          endpoint,
          "a named pipe of Windows, which Java can open as a file only, so that nothing can wait"
              + " for it or accept on it,",
          "use unix: and unix-listen:, which Windows has from version 10 on");
    }
  }
}
