// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.error.StreamClosedException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.MalformedInputException;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * A source as text, decoded in place. Where a run of the source ends within a character, the bytes
 * of that one character are gathered; they go back unless they turn out to be a character.
 */
public final class SourceReader extends Reader {
  /** More bytes than any charset needs to say one character. */
  private static final int LONGEST = 32;

  private static final ByteBuffer NO_BYTES = ByteBuffer.allocate(0);

  private final ByteSource source;
  private final Consumer<ByteBuffer> unread;
  private final Charset charset;
  private final CharsetDecoder decoder;
  private final OneAtATime guard;
  private final ByteBuffer one = ByteBuffer.allocate(1);
  private final ByteBuffer carry = ByteBuffer.allocate(LONGEST);
  // The second half of a surrogate pair of which the caller had room for the first only.
  private char second;
  private boolean hasSecond;

  /**
   * A view.
   *
   * @param unread puts bytes back in front; it copies them
   */
  public SourceReader(ByteSource source, Consumer<ByteBuffer> unread, Charset charset) {
    this.source = source;
    this.unread = unread;
    this.charset = charset;
    // It reports by default, and that is meant: nothing is replaced.
    this.decoder = charset.newDecoder();
    this.guard = new OneAtATime("a reader of " + source.name());
  }

  @Override
  public int read(char[] chars, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, chars.length);
    guard.enter();
    try {
      if (length == 0) {
        return source.read(NO_BYTES.duplicate());
      }
      CharBuffer out = CharBuffer.wrap(chars, offset, length).slice();
      if (hasSecond) {
        if (!source.isOpen()) {
          return source.read(NO_BYTES.duplicate());
        }
        hasSecond = false;
        out.put(second);
        more(out);
        return out.position();
      }
      return fill(out);
    } finally {
      guard.exit();
    }
  }

  /** Reads one character or more, waiting for the first. */
  private int fill(CharBuffer out) throws IOException {
    while (true) {
      int used = decodeInPlace(out);
      if (out.position() > 0) {
        return out.position();
      }
      // Bytes that are no character of their own, such as a byte order mark: go on. None: there is
      // nothing, or a part of a character, or what is not text, or the end.
      if (used <= 0) {
        if (!decodeOne(out, false)) {
          return -1;
        }
        if (out.position() > 0) {
          more(out);
          return out.position();
        }
      }
    }
  }

  /** Adds what is there without waiting to what the caller gets anyway. */
  private void more(CharBuffer out) {
    if (!out.hasRemaining()) {
      return;
    }
    try {
      decodeInPlace(out);
    } catch (IOException metAgain) {
      // It is the next read's, which meets it again: the characters before it must not be lost.
      return;
    }
  }

  /** Decodes the next run without waiting; leaves what is not a whole character. */
  private int decodeInPlace(CharBuffer out) throws IOException {
    // The reader that goes on from there sees where it stops, and why.
    return source.consume(Integer.MAX_VALUE, run -> decoder.decode(run, out, false), Wait.none());
  }

  /**
   * Reads byte by byte until there is a character (or a mark that is none).
   *
   * @param look only find out whether a read would wait: nothing does here, and all bytes go back
   * @return false at the end
   */
  private boolean decodeOne(CharBuffer out, boolean look) throws IOException {
    carry.clear();
    CharsetDecoder with = look ? charset.newDecoder() : decoder;
    int fed = 0;
    boolean done = false;
    try {
      while (carry.hasRemaining()) {
        one.clear();
        int n = look ? source.read(one, Wait.none()) : source.read(one);
        if (n == 0) {
          throw new WouldBlockException(source.name(), "no whole character to read now", 0);
        }
        if (n < 0) {
          return !atEnd(with, fed, out);
        }
        carry.put(one.flip());
        ByteBuffer bytes = carry.duplicate().flip().position(fed);
        CoderResult came = with.decode(bytes, out, false);
        if (came.isOverflow() && out.position() == 0) {
          CharBuffer pair = CharBuffer.allocate(2);
          came = with.decode(bytes, pair, false);
          out.put(pair.get(0));
          second = pair.get(1);
          hasSecond = true;
        }
        fed = bytes.position();
        if (out.position() > 0 || (fed > 0 && !look)) {
          done = !look;
          return true;
        }
        if (came.isError()) {
          came.throwException();
        }
      }
      throw new MalformedInputException(LONGEST);
    } finally {
      ByteBuffer rest = carry.duplicate().flip().position(done ? fed : 0);
      if (rest.hasRemaining()) {
        unread.accept(rest);
      }
    }
  }

  /** Tells the decoder that no more comes; true if that was the end of the text, too. */
  private boolean atEnd(CharsetDecoder with, int fed, CharBuffer out)
      throws CharacterCodingException {
    CoderResult came = with.decode(carry.duplicate().flip().position(fed), out, true);
    if (!came.isError()) {
      with.flush(out);
    }
    with.reset();
    if (came.isError()) {
      came.throwException();
    }
    return out.position() == 0;
  }

  @Override
  public boolean ready() throws IOException {
    guard.enter();
    try {
      if (!source.isOpen()) {
        source.read(NO_BYTES.duplicate());
      }
      if (!hasSecond) {
        decodeOne(CharBuffer.allocate(2), true);
      }
      return true;
    } catch (WouldBlockException nothingNow) {
      return false;
    } catch (StreamClosedException closed) {
      throw closed;
    } catch (IOException thrownByTheRead) {
      // At once, which is what was asked.
      return true;
    } finally {
      guard.exit();
    }
  }

  @Override
  public void close() throws IOException {
    source.close();
  }
}
