// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.WouldBlockException;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteFile;
import io.penstock.stream.FileMode;
import io.penstock.stream.Wait;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random texts, cut at random, read with random calls that must not wait: what comes out is what
 * went in, whichever call met the end of what was there.
 */
class ViewsModelTest {
  private static final Penstock PENSTOCK = Penstock.open();
  private static final int ROUNDS = 300;
  private static final String[] ALPHABET = {
    "a", "b", "\n", "\r", "\r\n", "\u00e9", "\u20ac", "\u3042", "\ud83d\ude00"
  };

  @AfterAll
  static void stop() {
    PENSTOCK.close();
  }

  private static String text(Random random, int characters, Charset charset) {
    StringBuilder text = new StringBuilder();
    while (text.length() < characters) {
      String next = ALPHABET[random.nextInt(ALPHABET.length)];
      if (charset.newEncoder().canEncode(next)) {
        text.append(next);
      }
    }
    return text.toString();
  }

  /** Writes a random piece from a position on; returns the new position. */
  private static int feed(Random random, Pipe pipe, byte[] bytes, int from) throws IOException {
    int count = Math.min(bytes.length - from, 1 + random.nextInt(5));
    if (random.nextBoolean()) {
      return from + pipe.sink().write(ByteBuffer.wrap(bytes, from, count), Wait.none());
    }
    ByteBuffer given = ByteBuffer.wrap(bytes, from, count).slice().asReadOnlyBuffer();
    return from + pipe.sink().give(given, Wait.none());
  }

  private static Pipe pipe() {
    return PENSTOCK.pipes().create(PipeOptions.defaults().withReadWait(Wait.none()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UTF-8",
        "UTF-16",
        "UTF-16LE",
        "UTF-32BE",
        "ISO-8859-1",
        "Shift_JIS",
        "GB18030",
        "EUC-JP"
      })
  void readerReturnsWhatWasWritten(String name) throws IOException {
    Charset charset = Charset.forName(name);
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      String text = text(random, random.nextInt(40), charset);
      byte[] bytes = text.getBytes(charset);
      StringBuilder got = new StringBuilder();
      try (Pipe pipe = pipe()) {
        Reader reader = pipe.source().reader(charset);
        int fed = 0;
        char[] some = new char[4];
        while (true) {
          if (fed < bytes.length && random.nextBoolean()) {
            fed = feed(random, pipe, bytes, fed);
          } else if (fed == bytes.length) {
            pipe.sink().end();
          }
          int size = 1 + random.nextInt(some.length);
          boolean ready = reader.ready();
          try {
            int n = reader.read(some, 0, size);
            assertTrue(ready, "it was ready, and said that it was not");
            if (n < 0) {
              break;
            }
            got.append(some, 0, n);
          } catch (WouldBlockException nothingNow) {
            // A byte order mark is there and is no character: only then can it be wrong.
            assertTrue(!ready || got.isEmpty(), "it was not ready, and said that it was");
          }
        }
      }
      assertEquals(text, got.toString(), name + ", seed " + seed);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"UTF-8", "UTF-16", "UTF-16LE", "UTF-32BE", "ISO-2022-JP", "Shift_JIS", "GB18030"})
  void writerWritesWhatItWasGiven(String name) throws IOException {
    Charset charset = Charset.forName(name);
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      String text = text(random, random.nextInt(40), charset);
      try (Pipe pipe = pipe()) {
        try (Writer writer = pipe.sink().writer(charset)) {
          for (int at = 0; at < text.length(); ) {
            int count = Math.min(text.length() - at, 1 + random.nextInt(3));
            if (random.nextBoolean()) {
              writer.write(text, at, count);
            } else {
              writer.write(text.toCharArray(), at, count);
            }
            at += count;
          }
        }
        ByteBuffer all = pipe.source().readAll(10_000, Wait.none());
        assertEquals(ByteBuffer.wrap(text.getBytes(charset)), all, name + ", seed " + seed);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 8192})
  void fileReturnsWhatWasWrittenWhateverTheCall(int buffer) throws IOException {
    FileMode<ByteBuffer> mode = FileMode.binary().withBuffer(buffer);
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      byte[] bytes =
          text(random, random.nextInt(60), StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8);
      ByteArrayOutputStream got = new ByteArrayOutputStream();
      try (Pipe pipe = pipe()) {
        ByteFile<ByteBuffer> file = pipe.source().file(mode);
        int fed = 0;
        int steps = 0;
        while (fed < bytes.length || !pipe.source().ended() || got.size() < bytes.length) {
          assertTrue(steps++ < 10_000, "bytes are lost, seed " + seed);
          if (fed < bytes.length && random.nextBoolean()) {
            fed = feed(random, pipe, bytes, fed);
          } else if (fed == bytes.length) {
            pipe.sink().end();
          }
          try {
            switch (random.nextInt(6)) {
              case 0 -> add(got, file.read(random.nextInt(6)));
              case 1 -> add(got, file.readLine());
              case 2 -> add(got, file.readLine(random.nextInt(6)));
              case 3 -> {
                for (ByteBuffer line : file.readLines(1 + random.nextInt(9))) {
                  add(got, line);
                }
              }
              case 4 -> {
                ByteBuffer dst = ByteBuffer.allocate(random.nextInt(6));
                int n = file.readInto(dst);
                add(got, n < 0 ? null : dst.flip());
              }
              default -> {
                // Another file goes on where this one stops.
                file.close();
                file = pipe.source().file(mode);
              }
            }
          } catch (WouldBlockException nothingNow) {
            assertTrue(!pipe.sink().ended(), "the end is no reason to wait");
          }
        }
      }
      assertEquals(ByteBuffer.wrap(bytes), ByteBuffer.wrap(got.toByteArray()), "seed " + seed);
    }
  }

  private static void add(ByteArrayOutputStream got, ByteBuffer piece) {
    while (piece != null && piece.hasRemaining()) {
      got.write(piece.get());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 8192})
  void universalNewlinesAreLineFeedsHoweverTheyAreCut(int buffer) throws IOException {
    FileMode<String> mode =
        FileMode.text(StandardCharsets.UTF_8).withBuffer(buffer).withUniversalNewlines(true);
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      String text = text(random, random.nextInt(40), StandardCharsets.UTF_8);
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      StringBuilder got = new StringBuilder();
      int expected = 0;
      try (Pipe pipe = pipe()) {
        ByteFile<String> file = pipe.source().file(mode);
        int fed = 0;
        while (true) {
          if (fed < bytes.length && random.nextBoolean()) {
            fed = feed(random, pipe, bytes, fed);
          } else if (fed == bytes.length) {
            pipe.sink().end();
          }
          try {
            String line = file.readLine();
            if (line == null) {
              break;
            }
            expected++;
            assertTrue(line.indexOf('\n') < 0 || line.indexOf('\n') == line.length() - 1);
            got.append(line);
          } catch (WouldBlockException nothingNow) {
            continue;
          }
        }
        assertEquals(bytes.length, file.tell(), "seed " + seed);
      }
      String lines = text.replace("\r\n", "\n").replace('\r', '\n');
      assertEquals(lines, got.toString(), "seed " + seed);
      assertEquals(lines.lines().count(), expected, "seed " + seed);
    }
  }
}
