// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

/**
 * Bytes at a position of the stream.
 *
 * @param bytes may be longer; the first byte is at {@code from}
 */
record Block(long position, byte[] bytes, int from, int length) {
  long end() {
    return position + length;
  }
}
