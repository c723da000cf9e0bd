// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.relay.Relay;
import io.penstock.testing.contract.Case;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Python's {@code SFTPClient} with our SSH listener and this server behind it. */
class ParamikoSftpTest extends SftpPeer {
  /** The first Python that has it: the newest comes first on the path, where there are two. */
  private static final String PYTHON =
      "for python in python3 /usr/bin/python3; do"
          + " $python -c 'import paramiko' 2>/dev/null && exec $python -W ignore \"$@\";"
          + " done; echo no python3 has paramiko; exit 1";

  private Outcome paramiko(Relay relay, String... words) throws Exception {
    Path script = folder.resolve("client.py");
    try (InputStream text = ParamikoSftpTest.class.getResourceAsStream("/paramiko_sftp.py")) {
      Files.write(script, text.readAllBytes());
    }
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", PYTHON, "sh", script.toString(), port(relay)));
    command.add(key().toString());
    command.addAll(List.of(words));
    return run(command, "");
  }

  @Case(seconds = 120)
  void filesAreMovedWrittenAndLookedAt() throws Exception {
    Path served = Files.createDirectories(folder.resolve("served"));
    Path sent = random(folder.resolve("sent"), 32);
    Path back = folder.resolve("back");
    try (Relay relay = serve(served, "")) {
      Outcome outcome = paramiko(relay, "everything", sent.toString(), back.toString());
      assertEquals(
          """
          /below /
          again link
          33554432 600
          8 345
          missing
          """,
          outcome.out());
      assertEquals(0, outcome.status());
      assertEquals(32L * MIB, Files.size(back));
      assertEquals(checksum(sent), checksum(back));
      try (var left = Files.list(served)) {
        assertEquals(0, left.count());
      }
    }
  }

  @Case(seconds = 60)
  void readOnlyServerRefusesToWrite() throws Exception {
    Path served = Files.createDirectories(folder.resolve("served"));
    Files.writeString(served.resolve("file"), "content");
    try (Relay relay = serve(served, "?read-only=true")) {
      Outcome outcome = paramiko(relay, "read_only");
      assertEquals("content\n" + "PermissionError\n".repeat(4), outcome.out());
      assertEquals(0, outcome.status());
    }
  }
}
