// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.OpenFailedException;
import io.penstock.error.RequestRejectedException;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Agents, X11 and forwarding, with Python's SSH as the peer in either role. */
class ParamikoForwardTest {
  private static final Wait LONG = Wait.upTo(Duration.ofMinutes(1));

  /** Where the script says that others come from. */
  private static final InetSocketAddress FROM =
      InetSocketAddress.createUnresolved("192.0.2.7", 4711);

  private static OpenSshAgent agent;

  @BeforeAll
  static void start() throws Exception {
    agent = OpenSshAgent.start(Bench.CLIENT_KEY);
  }

  @AfterAll
  static void stop() throws IOException {
    agent.close();
  }

  private static String told(SocketAddress address) {
    InetSocketAddress inet = (InetSocketAddress) address;
    return inet.getHostString() + " " + inet.getPort();
  }

  /** We are the server. */
  @Nested
  class AsClient {
    private static Paramiko.Script client(Listener listener, String testCase, String... words)
        throws IOException {
      return Paramiko.client(Bench.port(listener.endpoint()), testCase, words);
    }

    @Test
    void offersItsAgent() throws Exception {
      try (Listener listener = Bench.listen("allow=exec,agent");
          Paramiko.Script client = client(listener, "agent", agent.socket().toString())) {
        try (Channel channel = listener.accept(LONG)) {
          SshServerFacet session = Bench.server(channel);
          assertTrue(session.agent());
          try (Channel first = session.openAgent(LONG);
              Channel second = session.openAgent(LONG)) {
            assertEquals(1, AgentForwardTest.keys(first));
            assertEquals(1, AgentForwardTest.keys(second));
          }
          session.sendExitStatus(5);
        }
        assertEquals("5", client.line());
        assertEquals(0, client.await());
      }
    }

    @Test
    void offersItsDisplayToOne() throws Exception {
      try (Listener listener = Bench.listen("allow=exec,x11");
          Paramiko.Script client = client(listener, "x11")) {
        try (Channel channel = listener.accept(LONG)) {
          SshServerFacet session = Bench.server(channel);
          SshX11 offered =
              SshX11.defaults().withScreen(3).withCookie(client.line()).withSingleConnection(true);
          assertEquals(Optional.of(offered), session.x11());
          try (Channel display = session.openX11(FROM, LONG)) {
            assertEquals(told(FROM), client.line());
            display.sink().writeFully("picture", LONG);
            display.sink().end();
            assertEquals(
                ByteBuffer.wrap("picture".getBytes(StandardCharsets.UTF_8)),
                display.source().readAll(99, LONG));
          }
          assertThrows(RequestRejectedException.class, () -> session.openX11(FROM, LONG));
          session.sendExitStatus(6);
        }
        assertEquals("6", client.line());
        assertEquals(0, client.await());
      }
    }

    @Test
    void isConnectedWhereThatIsPermittedAndToldWhyNot() throws Exception {
      int nobody;
      try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        nobody = closed.getLocalPort();
      }
      try (Echo echo = Echo.tcp();
          Listener listener = Bench.listen("permit-open=127.0.0.1:*");
          Paramiko.Script client =
              client(listener, "direct", echo.target(), "localhost:1", "127.0.0.1:" + nobody)) {
        assertEquals("same", client.line());
        assertEquals("1", client.line());
        assertEquals("2", client.line());
        assertEquals(0, client.await());
      }
    }

    @Test
    void getsToWhoeverAccepts() throws Exception {
      try (Listener listener = Bench.listen("direct=accept", "permit-open=some.service:99");
          Paramiko.Script client = client(listener, "direct", "some.service:99")) {
        try (Channel channel = listener.accept(LONG)) {
          SshForwardFacet facet = channel.facet(SshForwardFacet.class).orElseThrow();
          assertEquals(InetSocketAddress.createUnresolved("some.service", 99), facet.target());
          assertEquals(Optional.of(FROM), facet.originator());
          Echo.serve(channel);
        }
        assertEquals("same", client.line());
        assertEquals(0, client.await());
      }
    }

    @Test
    void isListenedForWhereThatIsPermittedUntilItCancels() throws Exception {
      try (Listener listener = Bench.listen("permit-listen=localhost:*");
          Paramiko.Script client = client(listener, "forwarded")) {
        String refused = client.line();
        assertTrue(refused.contains("denied"), refused);
        InetSocketAddress at =
            new InetSocketAddress(
                InetAddress.getLoopbackAddress(), Integer.parseInt(client.line()));
        Echo.exchange(at);
        String origin = client.line();
        assertTrue(origin.startsWith("127.0.0.1 "), origin);
        assertEquals("cancelled", client.line());
        assertThrows(ConnectException.class, () -> Echo.exchange(at));
        client.go();
        assertEquals(0, client.await());
      }
    }
  }

  /** We are the client. */
  @Nested
  class AsServer {
    private static Paramiko.Server server;

    @BeforeAll
    static void start() throws IOException {
      server = Paramiko.Server.start("");
    }

    @AfterAll
    static void stop() throws IOException {
      server.close();
    }

    private static String all(Channel channel) throws IOException {
      return StandardCharsets.UTF_8.decode(channel.source().readAll(999, LONG)).toString();
    }

    @Test
    void signsWithTheUsersAgent() throws Exception {
      try (Channel channel =
          Bench.open(server.exec("agent", "agent=" + agent.socket(), "forward-agent=true"))) {
        assertEquals("True", all(channel));
        assertEquals(SshExit.of(0), Bench.client(channel).exit(LONG));
      }
    }

    @Test
    void reachesTheUsersDisplay() throws Exception {
      try (Channel channel = Bench.open(server.login())) {
        SshClientFacet session = Bench.client(channel);
        session.forwardX11(
            SshX11.defaults().withScreen(2).withRealCookie(X11ForwardTest.REAL), LONG);
        session.exec(ByteBuffer.wrap("x11".getBytes(StandardCharsets.UTF_8)), LONG);
        try (Channel display = session.acceptX11(LONG)) {
          byte[] expected =
              X11ForwardTest.greeting(true, X11ForwardTest.PROTOCOL, X11ForwardTest.REAL);
          assertArrayEquals(expected, X11ForwardTest.read(display, expected.length));
          assertEquals(
              Optional.of(FROM), display.facet(SshOriginFacet.class).orElseThrow().originator());
          display.sink().writeFully("picture", LONG);
          display.sink().end();
          assertEquals("2 " + X11ForwardTest.PROTOCOL + " False picture", all(channel));
        }
      }
    }

    @Test
    void connectsUsOrTellsWhyNot() throws Exception {
      try (Channel channel = Bench.open(server.login("direct=echo:7"))) {
        channel.sink().writeFully("question", LONG);
        channel.sink().end();
        assertEquals("question", all(channel));
      }
      OpenFailedException refused =
          assertThrows(
              OpenFailedException.class, () -> Bench.open(server.login("direct=prohibited:7")));
      assertEquals(1, refused.code());
    }

    private static Listener listen(String at) throws IOException {
      String login = server.login("listen=" + at).toString();
      return Bench.CHANNELS.listen(
          Endpoint.parse(login.replace("ssh:", "ssh-forward-listen:")), ChannelOptions.defaults());
    }

    @SuppressWarnings("try")
    @Test
    void listensForUsUntilWeCancel() throws Exception {
      try (Listener listener = listen("localhost:0")) {
        InetSocketAddress at =
            new InetSocketAddress(InetAddress.getLoopbackAddress(), Bench.forwardedPort(listener));
        try (SocketChannel peer = SocketChannel.open(at);
            Channel channel = listener.accept(LONG)) {
          SshForwardFacet facet = channel.facet(SshForwardFacet.class).orElseThrow();
          assertEquals("localhost " + at.getPort(), told(facet.target()));
          assertEquals(told(peer.getLocalAddress()), told(facet.originator().orElseThrow()));
          // The channel keeps the connection, so that the server hears of it.
          listener.close();
          assertEquals("cancelled", server.script().line());
          assertThrows(ConnectException.class, () -> Echo.exchange(at));
          peer.write(ByteBuffer.wrap("question".getBytes(StandardCharsets.UTF_8)));
          peer.shutdownOutput();
          assertEquals("question", all(channel));
        }
      }
      assertThrows(RequestRejectedException.class, () -> listen("*:0"));
    }
  }
}
