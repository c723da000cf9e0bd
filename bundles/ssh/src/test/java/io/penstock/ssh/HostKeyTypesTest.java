// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.error.HandshakeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A server with keys of several types, of which not all are known. */
class HostKeyTypesTest {
  private static Path ecdsa;
  private static Path rsa;
  private static OpenSsh.Server server;

  @BeforeAll
  static void start() throws Exception {
    ecdsa = made("ecdsa", "256");
    rsa = made("rsa", "2048");
    server = OpenSsh.Server.start("HostKey " + ecdsa, "HostKey " + rsa);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Path made(String type, String bits) throws Exception {
    Path file = Bench.FOLDER.resolve("host-" + type);
    OpenSsh.Outcome made =
        OpenSsh.run(
            List.of("ssh-keygen", "-q", "-N", "", "-t", type, "-b", bits, "-f", file.toString()),
            new byte[0]);
    assertEquals(0, made.status(), made.errors());
    return file;
  }

  private static Endpoint knownBy(Path known, String... options) throws IOException {
    return Endpoint.parse(
        server.exec("echo in", options).toString().replaceAll("&known-hosts=[^&]*", "")
            + "&known-hosts="
            + known);
  }

  @Test
  void serverIsAskedForAKeyOfAKnownType() throws Exception {
    for (Path key : List.of(Bench.HOST_KEY, ecdsa, rsa)) {
      for (String checking : List.of("yes", "accept-new")) {
        Path known = Bench.knownHosts(server.port(), key);
        String before = Files.readString(known);
        try (Channel channel = Bench.open(knownBy(known, "host-key-checking=" + checking))) {
          assertTrue(channel.isOpen());
        }
        assertEquals(before, Files.readString(known));
      }
    }
  }

  @Test
  void wrongKeyOfAKnownTypeIsRefusedThoughAnotherTypeWouldBeUnknown() throws Exception {
    Path wrong = Bench.knownHosts(server.port(), Bench.STRANGER_KEY);
    HandshakeException refused =
        assertThrows(
            HandshakeException.class,
            () -> Bench.open(knownBy(wrong, "host-key-checking=accept-new")));
    assertTrue(refused.getMessage().contains("ssh-ed25519"), refused.getMessage());
  }

  @Test
  void revokedKeyIsNotWhatAServerIsKnownBy() throws Exception {
    String host = "[127.0.0.1]:" + server.port() + " ";
    Path known =
        Files.write(
            Bench.FOLDER.resolve("revoked-and-known"),
            List.of(
                "@revoked " + host + Bench.publicKey(Bench.HOST_KEY), host + Bench.publicKey(rsa)));
    try (Channel channel = Bench.open(knownBy(known))) {
      assertTrue(channel.isOpen());
    }
  }
}
