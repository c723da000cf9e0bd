// SPDX-License-Identifier: Apache-2.0
package io.penstock.health;

/**
 * Something that an operator should know.
 *
 * @param critical whether it does not work; it may not work otherwise
 * @param reason in words; names the object
 */
record Finding(boolean critical, String reason) {
  static Finding critical(String reason) {
    return new Finding(true, reason);
  }

  static Finding warning(String reason) {
    return new Finding(false, reason);
  }
}
