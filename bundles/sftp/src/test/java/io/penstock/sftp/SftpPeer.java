// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.ssh.provider.SshProvider;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** Our SSH listener with this server behind it, and programs that log in there. */
abstract class SftpPeer {
  static final int MIB = 1 << 20;

  private final Penstock penstock = Penstock.open();

  @TempDir Path folder;

  SftpPeer() {
    penstock.provide(new SshProvider());
    penstock.provide(new SftpProvider());
  }

  @AfterEach
  void close() {
    penstock.close();
  }

  Path key() throws Exception {
    Path key = folder.resolve("key");
    if (!Files.exists(key)) {
      run(List.of("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString()), "");
    }
    return key;
  }

  Relay serve(Path root, String options) throws Exception {
    return serve(root, options, "allow=&subsystems=sftp", Path.of(key() + ".pub"));
  }

  Relay serve(Path root, String options, String allowed, Path keys) throws Exception {
    Relay relay =
        penstock
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

  record Outcome(int status, String out) {}

  static Outcome run(List<String> command, String input) throws Exception {
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

  static String port(Relay relay) {
    String address = relay.listeners().get(0).endpoint().address();
    return address.substring(address.lastIndexOf(':') + 1);
  }

  static String checksum(Path file) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (var in = Files.newInputStream(file)) {
      byte[] piece = new byte[MIB];
      for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
        digest.update(piece, 0, n);
      }
    }
    return new java.math.BigInteger(1, digest.digest()).toString(16);
  }

  static Path random(Path file, int mebibytes) throws IOException {
    Random random = new Random(11);
    byte[] piece = new byte[MIB];
    try (var out = Files.newOutputStream(file)) {
      for (int i = 0; i < mebibytes; i++) {
        random.nextBytes(piece);
        out.write(piece);
      }
    }
    return file;
  }
}
