// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.NotSupportedException;
import io.penstock.stream.ByteFile;
import io.penstock.stream.FileMode;
import io.penstock.testing.contract.Case;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** A session's streams in the manner of files. */
class FileViewTest {
  private static final FileMode<String> TEXT = FileMode.text(StandardCharsets.UTF_8);

  @Case(seconds = 60)
  void fileOfTheChannelIsInputAndOutput() throws Exception {
    try (Bench.Both both = Bench.meet();
        ByteFile<String> server = both.server().file(TEXT)) {
      ByteFile<String> client = both.client().file(TEXT.withLineBuffering(true));
      client.writeLines(java.util.List.of("first\n", "second\n", "and a part"));
      assertEquals("first\n", server.readLine());
      assertEquals("second\n", server.readLine());
      client.flush();
      client.close();
      server.write("answer\n");
      assertTrue(both.client().isOpen());
      try (ByteFile<String> again = both.client().file(TEXT)) {
        assertEquals("answer\n", again.readLine());
      }
      both.client().sink().end();
      assertEquals("and a part", server.readLine());
      assertNull(server.readLine());
    }
  }

  @Case(seconds = 60)
  void fileOfStandardErrorIsReadByTheClientAndWrittenByTheServer() throws Exception {
    try (Listener listener = Bench.listen();
        Channel client = Bench.connect(listener, "stderr=pipe");
        Channel server = listener.accept(Bench.SOON)) {
      ByteFile<String> written = Bench.server(server).errorSink().file(TEXT.withBuffer(64));
      ByteFile<String> read = Bench.client(client).errorSource().orElseThrow().file(TEXT);
      written.write("it went\nwrong\n");
      written.flush();
      server.file(TEXT).write("out\n");
      assertEquals("it went\n", read.readLine());
      assertEquals("wrong\n", read.readLine());
      assertEquals("out\n", client.file(TEXT).readLine());
      assertTrue(read.readable());
      assertFalse(read.writable());
      assertThrows(NotSupportedException.class, () -> read.write("no"));
      assertThrows(NotSupportedException.class, written::readLine);
      written.write("held back");
      written.close();
      assertTrue(server.isOpen(), "only the file is closed");
      Bench.server(server).errorSink().end();
      server.sink().end();
      assertEquals("held back", read.readLine());
      assertNull(read.readLine());
    }
  }

  @Case(seconds = 60)
  void closingTheFileOfTheInputEndsIt() throws Exception {
    try (Bench.Both both = Bench.meet();
        ByteFile<String> server = both.server().file(TEXT)) {
      ByteFile<String> input =
          both.client().sink().file(TEXT.withBuffer(64).withClosing(FileMode.Closing.END_OUTPUT));
      input.write("question\n");
      // Sends what was held back, and the end after it.
      input.close();
      assertEquals("question\n", server.readLine());
      assertNull(server.readLine());
      assertTrue(both.client().isOpen());
      assertThrows(
          BrokenPipeException.class, () -> both.client().sink().writeFully("x", Bench.SOON));
      server.write("answer\n");
      assertEquals("answer\n", both.client().file(TEXT).readLine());
      Bench.server(both.server()).sendExitStatus(3);
      both.server().close();
      assertEquals(SshExit.of(3), Bench.client(both.client()).exit(Bench.SOON));
    }
  }

  @Test
  void programOfOpenSshIsFedAndReadByFiles() throws Exception {
    try (OpenSsh.Server server = OpenSsh.Server.start();
        Channel channel = Bench.open(server.exec("sort; echo done >&2", "stderr=pipe"))) {
      try (ByteFile<String> input =
          channel.sink().file(TEXT.withBuffer(64).withClosing(FileMode.Closing.END_OUTPUT))) {
        input.writeLines(java.util.List.of("b\n", "a\n"));
      }
      ByteFile<String> output = channel.source().file(TEXT);
      assertEquals(java.util.List.of("a\n", "b\n"), output.readLines(Long.MAX_VALUE));
      assertEquals(
          "done\n", Bench.client(channel).errorSource().orElseThrow().file(TEXT).readLine());
      assertEquals(SshExit.of(0), Bench.client(channel).exit(Bench.SOON));
    }
  }
}
