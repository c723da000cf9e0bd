// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.ssh.SshProvider;
import io.penstock.standalone.Penstock;
import io.penstock.testing.Case;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenSSH's {@code sftp} with our SSH listener and this server behind it. */
class OpenSshSftpTest {
  private static final Penstock PENSTOCK = Penstock.open();
  private static final int MIB = 1 << 20;

  static {
    PENSTOCK.provide(new SshProvider());
    PENSTOCK.provide(new SftpProvider());
  }

  @TempDir Path folder;

  @AfterAll
  static void close() {
    PENSTOCK.close();
  }

  private Path key() throws Exception {
    Path key = folder.resolve("key");
    if (!Files.exists(key)) {
      run(List.of("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString()), "");
    }
    return key;
  }

  private Relay serve(Path root, String options) throws Exception {
    return serve(root, options, "allow=&subsystems=sftp", Path.of(key() + ".pub"));
  }

  private Relay serve(Path root, String options, String allowed, Path keys) throws Exception {
    Relay relay =
        PENSTOCK
            .relays()
            .create(
                Endpoint.parse(
                    "ssh-listen://127.0.0.1:0?"
                        + allowed
                        + "&hostkey="
                        + folder.resolve("host")
                        + "&authorized-keys="
                        + keys),
                Endpoint.parse("sftp-server:" + root + options),
                RelayOptions.defaults().withFork(true));
    relay.start();
    return relay;
  }

  private record Outcome(int status, String out) {}

  private static Outcome run(List<String> command, String input) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      try (var to = process.getOutputStream()) {
        to.write(input.getBytes(StandardCharsets.UTF_8));
      }
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(process.waitFor(30, TimeUnit.SECONDS), command + " does not end");
      return new Outcome(process.exitValue(), said);
    } finally {
      process.destroyForcibly();
    }
  }

  private Outcome sftp(Relay relay, String... lines) throws Exception {
    String address = relay.listeners().get(0).endpoint().address();
    List<String> command =
        new ArrayList<>(
            List.of(
                "sftp",
                "-F",
                "none",
                "-i",
                folder.resolve("key").toString(),
                "-P",
                address.substring(address.lastIndexOf(':') + 1),
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
    String address = relay.listeners().get(0).endpoint().address();
    return run(
        List.of(
            "ssh",
            "-F",
            "none",
            "-i",
            folder.resolve("key").toString(),
            "-p",
            address.substring(address.lastIndexOf(':') + 1),
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

  private static String checksum(Path file) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (var in = Files.newInputStream(file)) {
      byte[] piece = new byte[MIB];
      for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
        digest.update(piece, 0, n);
      }
    }
    return new java.math.BigInteger(1, digest.digest()).toString(16);
  }

  private static Path big(Path file) throws IOException {
    Random random = new Random(11);
    byte[] piece = new byte[MIB];
    try (var out = Files.newOutputStream(file)) {
      for (int i = 0; i < 100; i++) {
        random.nextBytes(piece);
        out.write(piece);
      }
    }
    return file;
  }

  @Case(seconds = 120)
  void hundredMebibytesGoBothWays() throws Exception {
    Path served = Files.createDirectory(folder.resolve("served"));
    Path sent = big(folder.resolve("sent"));
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
