// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import io.penstock.error.OpenFailedException;
import io.penstock.error.RequestRejectedException;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** What a key may, as its line says. */
class AuthorizedKeysTest {
  private static final byte[] NOTHING = {};

  /** A listener whose clients have one line each, with options of its own. */
  private static Listener listen(Path file, String... options) throws IOException {
    return Bench.CHANNELS.listen(
        Bench.endpoint(
            "ssh-listen://127.0.0.1:0?hostkey=" + Bench.HOST_KEY + "&authorized-keys=" + file,
            options),
        ChannelOptions.defaults());
  }

  private static Path lines(String... lines) throws IOException {
    return Files.write(Files.createTempFile(Bench.FOLDER, "authorized", ""), List.of(lines));
  }

  private static String line(String options) throws IOException {
    return options + " " + Bench.publicKey(Bench.CLIENT_KEY) + " a comment";
  }

  @Case(seconds = 60)
  void commandOfTheKeyTakesThePlaceOfTheClients() throws Exception {
    String options =
        "restrict,command=\"only \\\"this\\\"\",environment=\"FROM_KEY=x y\","
            + "environment=\"LC_ONE=of the key\"";
    try (Listener listener = listen(lines("# a comment", "", line(options)))) {
      int port = Bench.port(listener.endpoint());
      List<List<String>> asked =
          List.of(
              List.of("-o", "SetEnv=LC_ONE=1 LC_TWO=2", "me@127.0.0.1", "rm -rf /"),
              List.of("-T", "me@127.0.0.1"));
      for (List<String> words : asked) {
        Process client =
            new ProcessBuilder(OpenSsh.client(port, Bench.CLIENT_KEY, words.toArray(String[]::new)))
                .start();
        try (Channel channel = listener.accept(Bench.SOON)) {
          SshServerFacet facet = Bench.server(channel);
          assertEquals("exec only \"this\"", facet.request().toString());
          String original = facet.originalRequest().orElseThrow().toString();
          assertEquals(words.size() > 2 ? "exec rm -rf /" : "shell", original);
          assertEquals("x y", facet.environment().get("FROM_KEY"));
          assertEquals("of the key", facet.environment().get("LC_ONE"));
          facet.sendExitStatus(3);
        }
        assertTrue(client.waitFor(30, TimeUnit.SECONDS));
        assertEquals(3, client.exitValue());
      }
    }
  }

  @Case(seconds = 60)
  void terminalIsForKeysThatMayHaveOne() throws Exception {
    for (String options : List.of("no-pty", "restrict", "restrict,pty")) {
      try (Listener listener = listen(lines(line(options)));
          Channel client = Bench.open(Bench.login(listener.endpoint()))) {
        SshClientFacet facet = Bench.client(client);
        if (options.endsWith(",pty")) {
          facet.pty(Pty.defaults(), Bench.SOON);
        } else {
          assertThrows(RequestRejectedException.class, () -> facet.pty(Pty.defaults(), Bench.SOON));
        }
        facet.shell(Bench.SOON);
        try (Channel server = listener.accept(Bench.SOON)) {
          assertEquals(options.endsWith(",pty"), Bench.server(server).pty().isPresent());
          assertTrue(Bench.server(server).originalRequest().isEmpty());
        }
      }
    }
  }

  @Test
  void keyIsForClientsFromSomewhereAndUntilSomeTime() throws Exception {
    for (String good :
        List.of("from=\"10.0.0.1,127.0.0.0/8\"", "expiry-time=\"29991231\"", "FROM=\"127.*\"")) {
      try (Listener listener = listen(lines(line(good)))) {
        Bench.open(Bench.login(listener.endpoint())).close();
      }
    }
    for (String bad :
        List.of(
            "from=\"10.0.0.0/8\"",
            "from=\"127.*,!127.0.0.1\"",
            "from=\"localhost\"",
            "expiry-time=\"20200101\"")) {
      try (Listener listener = listen(lines(line(bad)))) {
        assertThrows(
            HandshakeException.class, () -> Bench.open(Bench.login(listener.endpoint())), bad);
      }
    }
  }

  @Case(seconds = 60)
  void forwardingIsForKeysThatMayAndOnlyWhereTheyMay() throws Exception {
    try (Echo one = Echo.tcp();
        Echo two = Echo.tcp()) {
      String[] open = {"permit-open=*:*,unix:*", "permit-listen=*:*"};
      String only = "permitopen=\"" + one.target() + "\",permitlisten=\"localhost:1\"";
      for (String options : List.of("restrict", "no-port-forwarding", only)) {
        try (Listener listener = listen(lines(line(options)), open)) {
          List<String> refused = new ArrayList<>(List.of(two.target(), "unix:/tmp/x"));
          if (options.equals(only)) {
            Bench.open(Bench.login(listener.endpoint(), "direct=" + one.target())).close();
          } else {
            refused.add(one.target());
          }
          for (String each : refused) {
            Endpoint direct = Bench.login(listener.endpoint(), "direct=" + each);
            OpenFailedException no =
                assertThrows(OpenFailedException.class, () -> Bench.open(direct), options);
            assertEquals(1, no.code());
          }
          Endpoint forward =
              Endpoint.parse(
                  Bench.login(listener.endpoint(), "listen=localhost:0")
                      .toString()
                      .replaceFirst("^ssh:", "ssh-forward-listen:"));
          assertThrows(
              RequestRejectedException.class,
              () -> Bench.CHANNELS.listen(forward, ChannelOptions.defaults()),
              options);
        }
      }
    }
  }

  @Test
  void lineThatIsNotUnderstoodLetsNobodyInAndIsToldOnce() throws Exception {
    BlockingQueue<String> told = new LinkedBlockingQueue<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord each) {
            told.add(each.getMessage() + java.util.Arrays.toString(each.getParameters()));
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("io.penstock");
    logger.addHandler(handler);
    Path file =
        lines(line("permit-everything"), "ssh-ed25519 AAAA", Bench.publicKey(Bench.STRANGER_KEY));
    try (Listener listener = listen(file)) {
      for (int i = 0; i < 2; i++) {
        assertThrows(HandshakeException.class, () -> Bench.open(Bench.login(listener.endpoint())));
      }
      String stranger =
          Bench.login(listener.endpoint())
              .toString()
              .replace("identity=" + Bench.CLIENT_KEY, "identity=" + Bench.STRANGER_KEY);
      Bench.open(Endpoint.parse(stranger)).close();
    } finally {
      logger.removeHandler(handler);
    }
    List<String> lines = new ArrayList<>(told);
    lines.removeIf(each -> !each.contains("permit-everything"));
    assertEquals(1, lines.size(), told.toString());
    assertTrue(lines.get(0).contains("line 1") && lines.get(0).contains("line 2"));
    assertTrue(lines.get(0).contains(file.toString()));
  }

  @Test
  void fileInWhichNoLineLetsAnybodyInIsRefused() throws Exception {
    // Other blanks in front than a space or a tab are none for OpenSSH.
    for (String bad : List.of("permit-everything", "\fpty")) {
      Path file = lines(line(bad));
      IOException refused = assertThrows(IOException.class, () -> listen(file));
      assertTrue(refused.getMessage().contains(file.toString()), refused.getMessage());
    }
  }

  @Test
  void clientOfOpenSshIsHeldToItsLine() throws Exception {
    try (Listener listener = listen(lines(line("from=\"10.0.0.1\"")))) {
      OpenSsh.Outcome outcome =
          OpenSsh.run(
              OpenSsh.client(
                  Bench.port(listener.endpoint()), Bench.CLIENT_KEY, "me@127.0.0.1", "x"),
              NOTHING);
      assertEquals(255, outcome.status());
      assertTrue(outcome.errors().contains("Permission denied"), outcome.errors());
    }
  }
}
