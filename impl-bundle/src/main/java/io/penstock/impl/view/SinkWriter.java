// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.error.StreamClosedException;
import io.penstock.stream.ByteSink;
import java.io.IOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CoderResult;
import java.util.Objects;

/** A sink as text. Each call is encoded as a whole before any of it is written. */
public final class SinkWriter extends Writer {
  private static final int KEEP = 16 * 1024;

  private final ByteSink sink;
  private final CharsetEncoder encoder;
  private final OneAtATime guard;
  private ByteBuffer encoded = ByteBuffer.allocate(0);
  // The first half of a surrogate pair whose second half the next call must bring.
  private char first;
  private boolean hasFirst;

  /** A view. */
  public SinkWriter(ByteSink sink, Charset charset) {
    this.sink = sink;
    // It reports by default, and that is meant: nothing is replaced.
    this.encoder = charset.newEncoder();
    this.guard = new OneAtATime("a writer of " + sink.name());
  }

  @Override
  public void write(char[] chars, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, chars.length);
    write(CharBuffer.wrap(chars, offset, length));
  }

  @Override
  public void write(String text, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, text.length());
    write(CharBuffer.wrap(text, offset, offset + length));
  }

  private void write(CharBuffer chars) throws IOException {
    guard.enter();
    try {
      checkOpen();
      if (!chars.hasRemaining()) {
        return;
      }
      CharBuffer all = chars;
      if (hasFirst) {
        all = CharBuffer.allocate(chars.remaining() + 1).put(first).put(chars).flip();
      }
      ByteBuffer bytes = encode(all);
      hasFirst = all.hasRemaining();
      if (hasFirst) {
        first = all.get();
      }
      sink.writeFully(bytes, sink.writeWait());
      if (encoded.capacity() > KEEP) {
        encoded = ByteBuffer.allocate(0);
      }
    } finally {
      guard.exit();
    }
  }

  /** Leaves the first half of a pair at the very end, and takes everything else. */
  private ByteBuffer encode(CharBuffer chars) throws CharacterCodingException {
    long most = (long) Math.ceil((double) chars.remaining() * encoder.maxBytesPerChar());
    if (most > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "a text of " + chars.remaining() + " characters is too long for one call");
    }
    if (encoded.capacity() < most) {
      encoded = ByteBuffer.allocate((int) Math.max(most, 256));
    }
    encoded.clear();
    CoderResult came = encoder.encode(chars, encoded, false);
    if (came.isError()) {
      came.throwException();
    }
    return encoded.flip();
  }

  private void checkOpen() throws StreamClosedException {
    if (!sink.isOpen()) {
      throw new StreamClosedException(sink.name());
    }
  }

  /** Waits for nothing, as there is nothing that is held back and could go. */
  @Override
  public void flush() throws IOException {
    checkOpen();
  }

  @Override
  public void close() throws IOException {
    if (!sink.isOpen()) {
      return;
    }
    IOException failed = null;
    // While another thread writes there is nothing to finish: closing ends that call.
    if (guard.tryEnter()) {
      try {
        finish();
      } catch (IOException e) {
        failed = e;
      } finally {
        guard.exit();
      }
    }
    try {
      sink.close();
    } catch (IOException e) {
      if (failed == null) {
        failed = e;
      } else {
        failed.addSuppressed(e);
      }
    }
    if (failed != null) {
      throw failed;
    }
  }

  /** Writes what the charset has at the end of a text; half a pair is an error. */
  private void finish() throws IOException {
    ByteBuffer last = ByteBuffer.allocate(64);
    CharBuffer half = hasFirst ? CharBuffer.allocate(1).put(0, first) : CharBuffer.allocate(0);
    hasFirst = false;
    CoderResult came = encoder.encode(half, last, true);
    if (came.isError()) {
      came.throwException();
    }
    encoder.flush(last);
    if (last.flip().hasRemaining()) {
      sink.writeFully(last, sink.writeWait());
    }
  }
}
