// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.relay.Relay;
import io.penstock.testing.contract.Case;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** OpenSSH's {@code sftp} with our SSH listener and this server behind it. */
class OpenSshSftpTest extends SftpPeer {
  private Outcome sftp(Relay relay, String... lines) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "sftp",
                "-F",
                "none",
                "-i",
                folder.resolve("key").toString(),
                "-P",
                port(relay),
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "StrictHostKeyChecking=accept-new",
                "-o",
                "UserKnownHostsFile=" + folder.resolve("known"),
                "-b",
                "-",
                "me@127.0.0.1"));
    return run(command, String.join("\n", lines) + "\n");
  }

  private Outcome ssh(Relay relay, String input, String command) throws Exception {
    return run(
        List.of(
            "ssh",
            "-F",
            "none",
            "-i",
            folder.resolve("key").toString(),
            "-p",
            port(relay),
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=accept-new",
            "-o",
            "UserKnownHostsFile=" + folder.resolve("known"),
            "me@127.0.0.1",
            command),
        input);
  }

  @Case(seconds = 120)
  void hundredMebibytesGoBothWays() throws Exception {
    Path served = Files.createDirectory(folder.resolve("served"));
    Path sent = random(folder.resolve("sent"), 100);
    Path back = folder.resolve("back");
    try (Relay relay = serve(served, "")) {
      Outcome outcome =
          sftp(
              relay,
              "put " + sent + " there",
              "mkdir below",
              "rename there below/moved",
              "chmod 600 below/moved",
              "ln -s moved below/link",
              "ls -l below",
              "get below/link " + back,
              "rm below/link",
              "rm below/moved",
              "rmdir below");
      assertEquals(0, outcome.status(), outcome.out());
      assertTrue(outcome.out().contains("-rw-------"), outcome.out());
      assertEquals(100L * MIB, Files.size(back));
      assertEquals(checksum(sent), checksum(back));
      assertFalse(Files.exists(served.resolve("below")));
    }
  }

  @Test
  void readOnlyServerLetsNobodyChangeAnything() throws Exception {
    Path served = Files.createDirectory(folder.resolve("served"));
    Files.writeString(served.resolve("file"), "content");
    Path got = folder.resolve("got");
    try (Relay relay = serve(served, "?read-only=true")) {
      Outcome read = sftp(relay, "cd /", "get file " + got);
      assertEquals(0, read.status(), read.out());
      assertEquals("content", Files.readString(got));
      for (String each : List.of("put " + got + " new", "rm file", "mkdir x", "rename file y")) {
        Outcome refused = sftp(relay, each);
        assertEquals(1, refused.status(), each);
        assertTrue(refused.out().contains("ermission denied"), refused.out());
      }
    }
    try (var left = Files.list(served)) {
      assertEquals(1, left.count());
    }
  }

  /** By a key that is there for another program, and by what is no subsystem. */
  @Test
  void onlyWhoGetsTheSubsystemIsServed() throws Exception {
    Path served = Files.createDirectory(folder.resolve("served"));
    Files.writeString(served.resolve("file"), "content");
    Path key = key();
    Path keys = folder.resolve("keys");
    Path got = folder.resolve("got");
    Files.writeString(keys, "command=\"backup\" " + Files.readString(Path.of(key + ".pub")));
    try (Relay relay = serve(served, "", "subsystems=sftp", keys)) {
      Outcome restricted = sftp(relay, "get file " + got);
      assertTrue(restricted.status() != 0, restricted.out());
      assertFalse(Files.exists(got), restricted.out());
      Files.writeString(keys, Files.readString(Path.of(key + ".pub")));
      // The first message of a client who wants version 3.
      Outcome command = ssh(relay, "\0\0\0\5\1\0\0\0\3", "backup");
      assertTrue(command.status() != 0, command.out());
      assertFalse(command.out().contains("posix-rename"), command.out());
      Outcome free = sftp(relay, "get file " + got);
      assertEquals(0, free.status(), free.out());
      assertEquals("content", Files.readString(got));
    }
  }

  @Test
  void nothingElseIsServedThere() throws Exception {
    try (Relay relay = serve(folder, "")) {
      Outcome shell = ssh(relay, "", "id");
      assertEquals(255, shell.status(), shell.out());
      assertTrue(shell.out().contains("exec request failed"), shell.out());
    }
  }
}
