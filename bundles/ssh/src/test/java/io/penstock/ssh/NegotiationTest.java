// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.apache.sshd.common.Property;
import org.apache.sshd.common.io.nio2.Nio2Session;
import org.apache.sshd.common.kex.KexProposalOption;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.core.CoreModuleProperties;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is offered, chosen and refused when a connection begins, as OpenSSH sees it. */
class NegotiationTest {
  private static final String STRICT = "will use strict KEX ordering";

  /** What that means: nothing that was put in before can be cut out. */
  private static final String RESET = "resetting read seqnr";

  /** That of OpenSSH 9.2; later ones prefer another one. */
  private static final String LASTING = "sntrup761x25519-sha512";

  /** That of OpenSSH since 10.0. */
  private static final String CHEAP = "mlkem768x25519-sha256";

  /** What OpenSSH has dropped, as a part of a name. */
  private static final List<String> DROPPED =
      List.of("sha1", "md5", "cbc", "dss", "arcfour", "ripemd", "zlib");

  private static final List<String> LISTS =
      List.of(
          "KEX algorithms",
          "host key algorithms",
          "ciphers ctos",
          "ciphers stoc",
          "MACs ctos",
          "MACs stoc",
          "compression ctos",
          "compression stoc");

  private static Path rsa;

  @BeforeAll
  static void makeKey() throws Exception {
    rsa = Bench.FOLDER.resolve("negotiation-rsa");
    OpenSsh.Outcome made =
        OpenSsh.run(
            List.of("ssh-keygen", "-q", "-N", "", "-t", "rsa", "-b", "2048", "-f", rsa.toString()),
            new byte[0]);
    assertEquals(0, made.status(), made.errors());
  }

  /** What one side offers, as the other one's log has it. */
  private static Map<String, List<String>> proposal(String log, String whose) {
    Map<String, List<String>> lists = new HashMap<>();
    List<String> lines = log.lines().toList();
    int start = 0;
    while (start < lines.size() && !lines.get(start).contains(whose + " KEXINIT proposal")) {
      start++;
    }
    for (String line : lines.subList(start, lines.size())) {
      String text = line.replace(" [preauth]", "").replace("debug2: ", "").strip();
      int colon = text.indexOf(": ");
      if (colon > 0 && LISTS.contains(text.substring(0, colon))) {
        lists.putIfAbsent(text.substring(0, colon), List.of(text.substring(colon + 2).split(",")));
      }
    }
    assertEquals(LISTS.size(), lists.size(), log);
    return lists;
  }

  private static void assertNothingDropped(Map<String, List<String>> proposal) {
    proposal.forEach((list, names) -> names.forEach(name -> assertKept(list, name)));
    assertEquals(List.of("none"), proposal.get("compression ctos"));
    assertEquals(List.of("none"), proposal.get("compression stoc"));
  }

  private static void assertKept(String list, String name) {
    assertFalse(name.equals("ssh-rsa") || name.startsWith("ssh-rsa-cert"), list + " has " + name);
    for (String part : DROPPED) {
      assertFalse(name.contains(part), list + " has " + name);
    }
  }

  private static void assertContains(String log, String... texts) {
    for (String each : texts) {
      assertTrue(log.contains(each), () -> "no '" + each + "' in " + log);
    }
  }

  // ---- we are the server

  private static Listener listen() throws IOException {
    return Bench.CHANNELS.listen(
        Endpoint.parse(
            "ssh-listen://127.0.0.1:0?hostkey="
                + Bench.HOST_KEY
                + ","
                + rsa
                + "&authorized-keys="
                + Bench.AUTHORIZED),
        ChannelOptions.defaults());
  }

  @Test
  void clientOfOpenSshIsOfferedNothingOld() throws Exception {
    try (Listener listener = listen()) {
      // A program is refused, so that there is none to serve.
      OpenSsh.Outcome outcome =
          OpenSsh.run(
              OpenSsh.client(
                  Bench.port(listener.endpoint()),
                  Bench.CLIENT_KEY,
                  "-vvv",
                  "-s",
                  "me@127.0.0.1",
                  "none"),
              new byte[0]);
      String log = outcome.errors();
      assertContains(log, "subsystem request failed", STRICT, RESET, "kex: algorithm: " + LASTING);
      Map<String, List<String>> offered = proposal(log, "peer server");
      assertNothingDropped(offered);
      assertEquals(CHEAP, offered.get("KEX algorithms").get(0), log);
      assertTrue(offered.get("host key algorithms").contains("rsa-sha2-512"), log);
      int signatures = log.indexOf("server-sig-algs=<");
      assertTrue(signatures > 0, log);
      String names = log.substring(log.indexOf('<', signatures) + 1, log.indexOf('>', signatures));
      for (String name : names.split(",")) {
        assertKept("server-sig-algs", name);
      }
    }
  }

  /** What OpenSSH says, what we say, its settings. */
  private static final String[][] OLD = {
    {
      "no matching key exchange method",
      "no key exchange algorithm in common: the peer offers diffie-hellman-group14-sha1; we accept",
      "KexAlgorithms diffie-hellman-group14-sha1"
    },
    {
      "no matching host key type",
      "no host key algorithm in common: the peer offers ssh-rsa; we accept",
      "HostKeyAlgorithms ssh-rsa"
    },
    {
      "no matching cipher",
      "no cipher in common: the peer offers aes128-cbc,3des-cbc; we accept aes128-gcm@openssh.com,",
      "Ciphers aes128-cbc,3des-cbc"
    },
    {
      "no matching MAC",
      "no MAC in common: the peer offers hmac-sha1; we accept",
      "MACs hmac-sha1",
      "Ciphers aes128-ctr"
    },
  };

  private static List<String> settings(String[] old) {
    return List.of(old).subList(2, old.length);
  }

  /** Ours says nothing of what nobody could have agreed on. */
  private static void assertSays(String text, String[] old) {
    assertContains(text, old[1]);
    String ours = text.substring(text.indexOf("; we accept") + 11);
    for (String not : List.of("ext-info", "kex-strict", "sha1,", "cbc", "\n")) {
      assertFalse(ours.contains(not), text);
    }
  }

  @Test
  void clientOfOpenSshThatHasOnlyOldThingsIsRefused() throws Exception {
    try (LogLines log = new LogLines("io.penstock", Level.INFO);
        Listener listener = listen()) {
      for (String[] old : OLD) {
        log.clear();
        String[] words =
            settings(old).stream().flatMap(each -> Stream.of("-o", each)).toArray(String[]::new);
        List<String> command =
            OpenSsh.client(Bench.port(listener.endpoint()), Bench.CLIENT_KEY, words);
        command.addAll(List.of("-v", "me@127.0.0.1", "x"));
        OpenSsh.Outcome outcome = OpenSsh.run(command, new byte[0]);
        assertEquals(255, outcome.status());
        assertContains(outcome.errors(), old[0]);
        String line = log.await("the connection from 127.0.0.1:");
        assertSays(line, old);
        assertContains(line, "ssh-listen://127.0.0.1:");
      }
    }
  }

  // ---- we are the client

  @Test
  void serverOfOpenSshIsOfferedNothingOld() throws Exception {
    try (OpenSsh.Server server = OpenSsh.Server.start("LogLevel DEBUG3", "HostKey " + rsa);
        Channel channel = Bench.open(server.login())) {
      assertTrue(channel.isOpen());
      String log = server.saidUntil("Accepted publickey");
      assertContains(
          log,
          STRICT,
          RESET,
          "kex: algorithm: " + LASTING,
          // Java is fast at it.
          "kex: client->server cipher: aes128-gcm@openssh.com",
          "kex: server->client cipher: aes128-gcm@openssh.com");
      Map<String, List<String>> offered = proposal(log, "peer client");
      assertNothingDropped(offered);
      assertEquals(CHEAP, offered.get("KEX algorithms").get(0), log);
    }
  }

  @Test
  void serverOfOpenSshThatHasOnlyOldThingsIsRefused() throws Exception {
    for (String[] old : OLD) {
      List<String> settings = new ArrayList<>(settings(old));
      if (old[0].contains("host key")) {
        settings.add("HostKey " + rsa);
      }
      try (OpenSsh.Server server = OpenSsh.Server.start(settings.toArray(String[]::new))) {
        HandshakeException refused =
            assertThrows(HandshakeException.class, () -> Bench.open(server.login()), old[0]);
        assertContains(refused.getMessage(), "before keys were agreed on: ");
        assertSays(refused.getMessage(), old);
        server.saidUntil(old[0]);
      }
    }
  }

  // ---- in either role

  @Test
  void twoOfOursTakeTheLastingKeysThatAreCheap() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      for (Channel each : List.of(both.client(), both.server())) {
        assertEquals(
            CHEAP, Bench.session(each).getNegotiatedKexParameter(KexProposalOption.ALGORITHMS));
      }
    }
  }

  @Test
  void smallPacketsDoNotWaitForOthers() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      for (Channel each : List.of(both.client(), both.server())) {
        Nio2Session socket = (Nio2Session) Bench.session(each).getIoSession();
        assertTrue(socket.getSocket().getOption(StandardSocketOptions.TCP_NODELAY));
      }
    }
  }

  @Test
  void peerMayStallAsLongAsTheSystemKnowsIt() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      for (Channel each : List.of(both.client(), both.server())) {
        Session session = Bench.session(each);
        Nio2Session socket = (Nio2Session) session.getIoSession();
        assertTrue(socket.getSocket().getOption(StandardSocketOptions.SO_KEEPALIVE));
        for (Property<Duration> limit :
            List.of(
                CoreModuleProperties.NIO2_READ_TIMEOUT,
                // Of the library's own accord half a minute.
                CoreModuleProperties.NIO2_MIN_WRITE_TIMEOUT)) {
          assertEquals(Duration.ZERO, limit.getRequired(session), limit.getName());
        }
      }
    }
  }
}
