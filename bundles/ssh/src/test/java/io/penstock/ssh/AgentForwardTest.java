// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.OpenFailedException;
import io.penstock.error.RequestRejectedException;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The user's agent, reached from the server. */
class AgentForwardTest {
  /** Asks for the keys, and what answers that. */
  private static final byte[] LIST = {0, 0, 0, 1, 11};

  private static final int ANSWER = 12;

  private static OpenSshAgent agent;
  private static String fingerprint;

  @BeforeAll
  static void start() throws Exception {
    agent = OpenSshAgent.start(Bench.CLIENT_KEY);
    fingerprint = agent.add("-l").split(" ")[1];
  }

  @AfterAll
  static void stop() throws Exception {
    agent.close();
  }

  private static String text(Channel channel) throws IOException {
    return StandardCharsets.UTF_8.decode(channel.source().readAll(9999, Bench.SOON)).toString();
  }

  /** The number of keys that an agent has, at the other end of a channel. */
  static int keys(Channel channel) throws IOException {
    channel.sink().writeFully(ByteBuffer.wrap(LIST), Bench.SOON);
    ByteBuffer head = ByteBuffer.allocate(9);
    channel.source().readFully(head, Bench.SOON);
    assertEquals(ANSWER, head.get(4));
    ByteBuffer rest = ByteBuffer.allocate(head.getInt(0) - 5);
    channel.source().readFully(rest, Bench.SOON);
    return head.getInt(5);
  }

  @Case(seconds = 60)
  void programOnAServerOfOpenSshSignsWithTheUsersAgent() throws Exception {
    String key = Bench.CLIENT_KEY + ".pub";
    try (OpenSsh.Server server = OpenSsh.Server.start();
        Channel channel =
            Bench.open(
                server.exec(
                    "ssh-add -l && ssh-add -T " + key,
                    "stderr=merge",
                    "agent=" + agent.socket(),
                    "forward-agent=true"))) {
      String said = text(channel);
      assertTrue(said.contains(fingerprint), said);
      assertEquals(0, Bench.client(channel).exit(Bench.SOON).status().orElseThrow(), said);
    }
  }

  /** Answers that it has no keys. */
  private static void answerNoKeys(Channel channel) {
    try (channel) {
      ByteBuffer request = ByteBuffer.allocate(LIST.length);
      channel.source().readFully(request, Bench.SOON);
      channel
          .sink()
          .writeFully(ByteBuffer.wrap(new byte[] {0, 0, 0, 5, ANSWER, 0, 0, 0, 0}), Bench.SOON);
      channel.source().readAll(1, Bench.SOON);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Case(seconds = 60)
  void handlerGetsEachChannelToTheAgent() throws Exception {
    BlockingQueue<SshOriginFacet> seen = new LinkedBlockingQueue<>();
    try (OpenSsh.Server server = OpenSsh.Server.start();
        Channel channel = Bench.open(server.login("stderr=merge"))) {
      SshClientFacet session = Bench.client(channel);
      session.forwardAgent(
          each -> {
            seen.add(each.facet(SshOriginFacet.class).orElseThrow());
            answerNoKeys(each);
          });
      session.exec(
          ByteBuffer.wrap("ssh-add -l; ssh-add -l".getBytes(StandardCharsets.UTF_8)), Bench.SOON);
      String line = "The agent has no identities.\n";
      assertEquals(line + line, text(channel));
      assertThrows(RequestRejectedException.class, () -> session.forwardAgent(each -> {}));
    }
    assertEquals(2, seen.size());
    SshOriginFacet facet = seen.remove();
    assertEquals("auth-agent@openssh.com", facet.type());
    assertEquals(Optional.empty(), facet.originator());
  }

  @Case(seconds = 60)
  void clientOfOpenSshOffersItsAgentWhereThatIsAllowed() throws Exception {
    for (boolean allowed : new boolean[] {true, false}) {
      try (Listener listener = Bench.listen(allowed ? "allow=exec,agent" : "allow=exec")) {
        ProcessBuilder builder =
            new ProcessBuilder(
                    OpenSsh.client(
                        Bench.port(listener.endpoint()),
                        Bench.CLIENT_KEY,
                        "-A",
                        "tester@127.0.0.1",
                        "x"))
                .redirectErrorStream(true);
        builder.environment().put("SSH_AUTH_SOCK", agent.socket().toString());
        Process client = builder.start();
        try (Channel channel = listener.accept(Bench.SOON)) {
          SshServerFacet session = Bench.server(channel);
          assertEquals(allowed, session.agent());
          if (allowed) {
            // Twice, one beside the other.
            try (Channel first = session.openAgent(Bench.SOON);
                Channel second = session.openAgent(Bench.SOON)) {
              assertEquals(1, keys(first));
              assertEquals(1, keys(second));
              assertEquals(1, keys(first));
            }
          } else {
            assertThrows(RequestRejectedException.class, () -> session.openAgent(Bench.SOON));
          }
          session.sendExitStatus(5);
        }
        assertTrue(client.waitFor(30, TimeUnit.SECONDS));
        assertEquals(5, client.exitValue());
      }
    }
  }

  private static Endpoint forwarding(Listener listener, String... options) {
    return Endpoint.parse(
        Bench.connecting(listener.endpoint(), options)
            + "&forward-agent=true&agent="
            + agent.socket());
  }

  @Case(seconds = 60)
  void whatIsNoRequestToAnAgentCutsOnlyItsChannel() throws Exception {
    try (Listener listener = Bench.listen("allow=exec,agent");
        Channel client = Bench.open(forwarding(listener));
        Channel server = listener.accept(Bench.SOON)) {
      SshServerFacet session = Bench.server(server);
      assertThrows(IllegalArgumentException.class, () -> session.openAgent(Wait.none()));
      try (Channel bad = session.openAgent(Bench.SOON);
          Channel good = session.openAgent(Bench.SOON)) {
        bad.sink().writeFully(ByteBuffer.wrap(new byte[] {127, 0, 0, 0}), Bench.SOON);
        assertTrue(ends(bad));
        assertEquals(1, keys(good));
      }
      assertTrue(client.isOpen());
    }
  }

  private static boolean ends(Channel channel) {
    try {
      return channel.source().read(ByteBuffer.allocate(1), Bench.SOON) < 0;
    } catch (IOException e) {
      return channel.source().available() == 0;
    }
  }

  @Case(seconds = 60)
  void agentIsOutOfReachOnceTheSessionIsOverThatHasOfferedIt() throws Exception {
    try (Listener listener = Bench.listen("allow=exec,agent");
        Channel lasting = Bench.open(Bench.connecting(listener.endpoint(), "share=true"))) {
      String shared = lasting.endpoint().toString();
      try (Channel first = listener.accept(Bench.SOON)) {
        assertFalse(Bench.server(first).agent());
        assertThrows(
            RequestRejectedException.class, () -> Bench.server(first).openAgent(Bench.SOON));
        Channel offering = Bench.open(Endpoint.parse(shared.replace("&exec=anything", "")));
        SshClientFacet client = Bench.client(offering);
        client.forwardAgent(AgentForwardTest::answerNoKeys);
        client.exec(ByteBuffer.wrap(new byte[] {'x'}), Bench.SOON);
        try (Channel second = listener.accept(Bench.SOON)) {
          SshServerFacet session = Bench.server(second);
          try (Channel reached = session.openAgent(Bench.SOON)) {
            assertEquals(0, keys(reached));
          }
          offering.abort(new IOException("on purpose"));
          // The server hears of it.
          second.source().awaitReadable(Bench.SOON);
          OpenFailedException refused =
              assertThrows(OpenFailedException.class, () -> session.openAgent(Bench.SOON));
          assertEquals(1, refused.code());
        }
      }
    }
  }

  @Test
  void forwardingNeedsAnAgentAndASession() throws Exception {
    try (Listener listener = Bench.listen()) {
      String login = Bench.login(listener.endpoint()) + "&forward-agent=true";
      for (String bad : List.of(login, login + "&agent=" + agent.socket() + "&direct=host:1")) {
        IllegalArgumentException refused =
            assertThrows(
                IllegalArgumentException.class, () -> Bench.open(Endpoint.parse(bad)), bad);
        assertTrue(refused.getMessage().contains("forward-agent"), refused.getMessage());
      }
    }
  }
}
