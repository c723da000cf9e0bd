// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** An answer, while it is put together. */
final class Outgoing {
  private static final int SMALL = 256;

  private byte[] bytes = new byte[SMALL];
  private int length = Integer.BYTES;

  /** An answer without a number. */
  Outgoing(int type) {
    octet(type);
  }

  /** An answer to a request. */
  Outgoing(int type, int id) {
    octet(type);
    number(id);
  }

  int length() {
    return length;
  }

  private ByteBuffer room(int count) {
    if (bytes.length - length < count) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + count));
    }
    ByteBuffer room = ByteBuffer.wrap(bytes, length, count);
    length += count;
    return room;
  }

  private void octet(int value) {
    room(1).put((byte) value);
  }

  Outgoing number(int value) {
    room(Integer.BYTES).putInt(value);
    return this;
  }

  Outgoing big(long value) {
    room(Long.BYTES).putLong(value);
    return this;
  }

  Outgoing data(byte[] value) {
    return data(ByteBuffer.wrap(value));
  }

  Outgoing data(ByteBuffer value) {
    number(value.remaining());
    room(value.remaining()).put(value);
    return this;
  }

  /** Puts a number in the place of another. */
  Outgoing number(int at, int value) {
    ByteBuffer.wrap(bytes).putInt(at, value);
    return this;
  }

  Outgoing text(String value) {
    return data(value.getBytes(StandardCharsets.UTF_8));
  }

  /** The whole, with its length in front. */
  ByteBuffer whole() {
    return ByteBuffer.wrap(bytes, 0, length).putInt(0, length - Integer.BYTES);
  }
}
