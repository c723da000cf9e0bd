// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.stream.Terminator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import org.jspecify.annotations.Nullable;

/** Makes a text of what was gathered; bytes that are no text are not taken. */
final class Line implements Gather.Finish {
  private final Charset charset;
  // Null for all up to the end of the stream.
  private final @Nullable Terminator terminator;
  private @Nullable String text;

  Line(Charset charset, @Nullable Terminator terminator) {
    this.charset = charset;
    this.terminator = terminator;
  }

  @Nullable String text() {
    return text;
  }

  @Override
  public @Nullable ByteBuffer finish(Gather gather, int length, boolean end) throws IOException {
    if (end && length == 0 && terminator != null) {
      return null;
    }
    int shown = length;
    if (terminator == Terminator.STRIP && gather.array()[length - 1] == '\n') {
      shown--;
      if (shown > 0 && gather.array()[shown - 1] == '\r') {
        shown--;
      }
    }
    text = charset.newDecoder().decode(ByteBuffer.wrap(gather.array(), 0, shown)).toString();
    return gather.take(length);
  }
}
