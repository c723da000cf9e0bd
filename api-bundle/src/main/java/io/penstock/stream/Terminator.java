// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import org.osgi.annotation.versioning.ProviderType;

/**
 * What {@link ByteSource#readLine} does with the line feed, or the carriage return and line feed,
 * that ends a line.
 */
@ProviderType
public enum Terminator {
  /** It is part of the returned line, so that a last line without one can be recognized. */
  KEEP,
  /** It is consumed and not returned. */
  STRIP
}
