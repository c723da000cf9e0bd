// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The line endings that are recognized where newlines are {@linkplain
 * FileMode#withUniversalNewlines universal}.
 */
@ProviderType
public enum Newline {
  /** A line feed, byte 10. */
  LF,
  /** A carriage return, byte 13, that no line feed follows. */
  CR,
  /** A carriage return and a line feed. */
  CRLF
}
