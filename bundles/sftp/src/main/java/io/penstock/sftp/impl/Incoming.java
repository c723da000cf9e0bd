// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;

/** A request's fields, one after the other. Missing data is a {@code RuntimeException}. */
final class Incoming {
  private final ByteBuffer bytes;

  /**
   * A request.
   *
   * @param request with its length in front
   */
  Incoming(byte[] request) {
    this.bytes = ByteBuffer.wrap(request);
    bytes.position(Integer.BYTES);
  }

  int octet() {
    return bytes.get() & 0xFF;
  }

  int number() {
    return bytes.getInt();
  }

  /** A number of which none is negative. */
  long unsigned() {
    return bytes.getInt() & 0xFFFF_FFFFL;
  }

  long big() {
    return bytes.getLong();
  }

  /** A view of the request's own bytes. */
  ByteBuffer data() {
    int length = bytes.getInt();
    if (length < 0 || length > bytes.remaining()) {
      throw new BufferUnderflowException();
    }
    ByteBuffer found = bytes.slice(bytes.position(), length);
    bytes.position(bytes.position() + length);
    return found;
  }

  /**
   * Text, such as a path.
   *
   * @throws InvalidPathException if it is not UTF-8
   */
  String text() {
    ByteBuffer data = data();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(data).toString();
    } catch (CharacterCodingException e) {
      InvalidPathException failed = new InvalidPathException("text", "it is not UTF-8");
      failed.initCause(e);
      throw failed;
    }
  }
}
