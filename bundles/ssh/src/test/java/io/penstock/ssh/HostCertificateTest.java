// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.Endpoint;
import io.penstock.error.HandshakeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A server of OpenSSH's that shows a certificate, and what OpenSSH's client makes of our file. */
class HostCertificateTest {
  private static Path folder() throws Exception {
    return Files.createTempDirectory(Bench.FOLDER, "host-certificate");
  }

  private static void keygen(String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of("ssh-keygen", "-q"));
    all.addAll(List.of(words));
    OpenSsh.Outcome outcome = OpenSsh.run(all, new byte[0]);
    assertEquals(0, outcome.status(), outcome.errors());
  }

  /** A certificate for the server's key, by its serial number. */
  private static Path certificate(Path authority, String serial) throws Exception {
    Path copy = folder().resolve("host.pub");
    Files.copy(Path.of(Bench.HOST_KEY + ".pub"), copy);
    keygen(
        "-s",
        authority.toString(),
        "-h",
        "-I",
        "host",
        "-z",
        serial,
        "-n",
        "127.0.0.1",
        copy.toString());
    return copy.resolveSibling("host-cert.pub");
  }

  private static OpenSsh.Server server(Path certificate) throws Exception {
    return OpenSsh.Server.start("HostCertificate " + certificate, "Subsystem sftp internal-sftp");
  }

  private static void logIn(OpenSsh.Server server, Path known, String checking) throws Exception {
    String login = server.login().toString().replaceAll("&known-hosts=[^&]*", "");
    Bench.open(Endpoint.parse(login + "&known-hosts=" + known + "&host-key-checking=" + checking))
        .close();
  }

  private static int openSsh(OpenSsh.Server server, Path known) throws Exception {
    return OpenSsh.run(
            List.of(
                "ssh",
                "-F",
                "none",
                "-o",
                "BatchMode=yes",
                "-o",
                "StrictHostKeyChecking=yes",
                "-o",
                "GlobalKnownHostsFile=/dev/null",
                "-o",
                "UserKnownHostsFile=" + known,
                "-i",
                Bench.CLIENT_KEY.toString(),
                "-p",
                String.valueOf(server.port()),
                "-s",
                System.getProperty("user.name") + "@127.0.0.1",
                "sftp"),
            new byte[0])
        .status();
  }

  @Test
  void whatIsAddedIsTrustedByOpenSshAndARenewedCertificateIsTheSameServer() throws Exception {
    Path authority = folder().resolve("authority");
    keygen("-N", "", "-t", "ed25519", "-f", authority.toString());
    Path known = folder().resolve("known_hosts");
    try (OpenSsh.Server server = server(certificate(authority, "1"))) {
      logIn(server, known, "accept-new");
      String line = Files.readString(known);
      assertEquals(1, line.lines().count(), line);
      assertFalse(line.contains("-cert-"), line);
      logIn(server, known, "yes");
      assertEquals(0, openSsh(server, known));
      Files.writeString(known, line.replace(":" + server.port() + " ", ":* "));
    }
    try (OpenSsh.Server renewed = server(certificate(authority, "2"))) {
      logIn(renewed, known, "yes");
      assertEquals(0, openSsh(renewed, known));
      String own = "@cert-authority [127.0.0.1]:* " + Bench.publicKey(authority) + "\n";
      Files.writeString(known, own);
      logIn(renewed, known, "yes");
      assertEquals(0, openSsh(renewed, known));
      logIn(renewed, known, "accept-new");
      assertEquals(own, Files.readString(known));
      Files.writeString(
          known, own.replace(Bench.publicKey(authority), Bench.publicKey(Bench.STRANGER_KEY)));
      assertThrows(HandshakeException.class, () -> logIn(renewed, known, "yes"));
      assertEquals(255, openSsh(renewed, known));
    }
  }
}
