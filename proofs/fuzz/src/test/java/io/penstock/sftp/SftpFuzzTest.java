// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.fuzz.Fuzz;
import io.penstock.fuzz.Scratch;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Requests to the server of SFTP. An input is requests of a length byte each; in each the byte 255
 * with one behind it stands for a piece from a list, with its length in front. Nothing outside of
 * the folder is changed or told, every answer is of a known kind and as long as it says, and the
 * server ends when its client does.
 */
class SftpFuzzTest {
  private static final Penstock PENSTOCK = Penstock.open();
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(8));
  private static final byte[] INIT = {0, 0, 0, 5, 1, 0, 0, 0, 3};
  private static final Set<Integer> ANSWERS = Set.of(2, 101, 102, 103, 104, 105, 201);
  private static final int LONGEST_ANSWER = 512 * 1024;
  private static final String SECRET = "what nobody may see";
  private static final List<String> PIECES =
      List.of(
          "",
          ".",
          "..",
          "/",
          "file",
          "folder",
          "folder/inner",
          "link",
          "link/secret",
          "up",
          "../outside/secret",
          "new",
          "new/../../outside/secret",
          "posix-rename@openssh.com",
          "hardlink@openssh.com",
          "fsync@openssh.com",
          "limits@openssh.com",
          "\0\0\0\1",
          "\0\0\0\0");

  private static final Path SERVED = Scratch.path("served");
  private static final Path OUTSIDE = Scratch.path("outside");

  static {
    PENSTOCK.provide(new SftpProvider());
  }

  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    try {
      prepare();
      answers(say(requests(data)));
      Fuzz.same(Set.of("secret"), names(OUTSIDE), "files outside");
      Fuzz.same(SECRET, Files.readString(OUTSIDE.resolve("secret")), "the file outside");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void prepare() throws IOException {
    for (Path folder : List.of(SERVED, OUTSIDE)) {
      Files.createDirectories(folder);
      Scratch.empty(folder, false);
    }
    Files.writeString(OUTSIDE.resolve("secret"), SECRET);
    Files.writeString(SERVED.resolve("file"), "content");
    Files.createDirectory(SERVED.resolve("folder"));
    Files.writeString(SERVED.resolve("folder/inner"), "inner");
    Files.createSymbolicLink(SERVED.resolve("link"), OUTSIDE);
    Files.createSymbolicLink(SERVED.resolve("up"), Path.of(".."));
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      Set<String> names = new TreeSet<>();
      all.forEach(each -> names.add(String.valueOf(each.getFileName())));
      return names;
    }
  }

  private static byte[] requests(byte[] data) {
    ByteBuffer all = ByteBuffer.allocate(64 * 1024).put(INIT);
    int at = 0;
    while (at < data.length) {
      int end = Math.min(data.length, at + 1 + (data[at] & 63));
      ByteBuffer one = ByteBuffer.allocate(4 * 1024);
      for (int i = at + 1; i < end; i++) {
        if (data[i] == -1 && i + 1 < end) {
          i++;
          byte[] piece =
              PIECES.get((data[i] & 255) % PIECES.size()).getBytes(StandardCharsets.UTF_8);
          one.putInt(piece.length).put(piece);
        } else {
          one.put(data[i]);
        }
      }
      if (all.remaining() < one.position() + Integer.BYTES) {
        break;
      }
      all.putInt(one.position()).put(one.flip());
      at = end;
    }
    return Arrays.copyOf(all.array(), all.position());
  }

  private static byte[] say(byte[] requests) throws IOException {
    Endpoint endpoint = Endpoint.parse("sftp-server:" + SERVED);
    ByteBuffer answers = ByteBuffer.allocate(4 << 20);
    try (Channel channel = PENSTOCK.channels().open(endpoint, ChannelOptions.defaults(), SOON)) {
      try {
        channel.sink().writeFully(ByteBuffer.wrap(requests), SOON);
        channel.sink().end();
      } catch (IOException e) {
        // It may have ended for an earlier request; what it says counts.
        Fuzz.holds(e.getMessage() != null, "no message");
      }
      while (channel.source().read(answers, SOON) >= 0) {
        Fuzz.holds(answers.hasRemaining(), "answers without end");
      }
    } catch (io.penstock.error.StreamTimeoutException e) {
      throw new AssertionError("the server does not end", e);
    } catch (IOException e) {
      // A message that cannot be read ends the connection.
      Fuzz.holds(e.getMessage() != null, "no message");
    }
    return Arrays.copyOf(answers.array(), answers.position());
  }

  private static void answers(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    Fuzz.holds(!text.contains(SECRET), "the file outside was told");
    ByteBuffer rest = ByteBuffer.wrap(bytes);
    while (rest.remaining() >= Integer.BYTES) {
      int length = rest.getInt();
      Fuzz.holds(length > 0 && length <= LONGEST_ANSWER, "an answer of " + length + " bytes");
      if (length > rest.remaining()) {
        return;
      }
      int kind = rest.get() & 255;
      Fuzz.holds(ANSWERS.contains(kind), "an answer of kind " + kind);
      rest.position(rest.position() + length - 1);
    }
  }
}
