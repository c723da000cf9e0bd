// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import io.penstock.error.RequestRejectedException;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The pieces of docs/ssh.md. */
class SshPageTest {
  private static final ChannelFactory channels = Bench.CHANNELS;
  private static final ChannelOptions options = ChannelOptions.defaults();
  private static final Wait wait = Bench.SOON;

  /** What a page calls a list of people. */
  private static final class StaffList {
    boolean check(String user, List<String> answers) {
      return user.equals("tester") && answers.equals(List.of("xyzzy"));
    }
  }

  private static ByteBuffer bytes(String text) {
    return StandardCharsets.UTF_8.encode(text);
  }

  private static void serve(Listener listener) throws IOException {
    // snippet: ssh.serve
    Channel channel = listener.accept(wait);
    SshServerFacet session = channel.facet(SshServerFacet.class).orElseThrow();
    // Chosen by the client: data, not for a shell.
    String command = session.request().text();
    session.errorSink().writeFully(command + ": no such command\n", wait);
    session.sendExitStatus(127);
    channel.close();
    // end of snippet
  }

  @Case(seconds = 60)
  void requestsAndTheirProgram() throws Exception {
    try (Listener listener = Bench.listen()) {
      Endpoint endpoint = Bench.login(listener.endpoint());
      ByteBuffer command = bytes("list");
      // snippet: ssh.requests
      // The endpoint is such as ssh://me@host?identity=~/.ssh/id_ed25519
      Channel channel = channels.open(endpoint, options, wait);
      SshClientFacet session = channel.facet(SshClientFacet.class).orElseThrow();
      session.environment("LC_ALL", "C");
      session.pty(Pty.defaults().withTerm("xterm").withSize(132, 43), wait);
      session.exec(command, wait);
      // end of snippet
      try (channel) {
        serve(listener);
        assertEquals(SshExit.of(127), session.exit(wait));
      }
    }
  }

  @Case(seconds = 60)
  void policy() throws Exception {
    StaffList staffList = new StaffList();
    Set<String> menu = Set.of("list");
    // snippet: ssh.policy
    SshPolicy staff =
        new SshPolicy() {
          @Override
          public Set<SshLogin.Method> methods() {
            return Set.of(SshLogin.Method.PASSWORD);
          }

          @Override
          public boolean login(SshLogin login) {
            return staffList.check(login.user(), login.answers());
          }

          @Override
          public boolean permits(SshQuestion question) {
            return question.configured()
                && (question.kind() != SshQuestion.Kind.EXEC || menu.contains(question.text()));
          }
        };
    // end of snippet
    Path right = Files.writeString(Bench.FOLDER.resolve("page-right"), "xyzzy\n");
    Path wrong = Files.writeString(Bench.FOLDER.resolve("page-wrong"), "plugh\n");
    Bench.PROVIDER.addPolicy("staff", staff);
    try (Listener listener =
        channels.listen(
            Bench.endpoint("ssh-listen://127.0.0.1:0?hostkey=" + Bench.HOST_KEY + "&policy=staff"),
            options)) {
      String login =
          Bench.login(listener.endpoint()).toString().replaceAll("identity=[^&]*&", "")
              + "&password-file=";
      assertThrows(HandshakeException.class, () -> Bench.open(Endpoint.parse(login + wrong)));
      try (Channel client = Bench.open(Endpoint.parse(login + right))) {
        SshClientFacet session = Bench.client(client);
        assertThrows(RequestRejectedException.class, () -> session.exec(bytes("rm"), wait));
        session.exec(bytes("list"), wait);
        serve(listener);
        assertEquals(SshExit.of(127), session.exit(wait));
      }
    } finally {
      Bench.PROVIDER.removePolicy("staff", staff);
    }
  }

  private static CompletableFuture<Channel> forwarded;

  private static void serve(Channel channel) {
    boolean unused = forwarded.complete(channel);
  }

  @Case(seconds = 60)
  void agentAndDisplay() throws Exception {
    forwarded = new CompletableFuture<>();
    try (Listener listener = Bench.listen("allow=exec,agent,x11");
        Channel near = Bench.open(Bench.login(listener.endpoint()))) {
      SshClientFacet session = Bench.client(near);
      ByteBuffer command = bytes("list");
      String hex = X11ForwardTest.REAL;
      CompletableFuture<Channel> display = new CompletableFuture<>();
      Thread program =
          new Thread(
              () -> {
                try {
                  Channel far = listener.accept(wait);
                  SshServerFacet there = Bench.server(far);
                  Channel agent = there.openAgent(wait);
                  agent.sink().writeFully("keys?", wait);
                  Channel x11 =
                      there.openX11(InetSocketAddress.createUnresolved("192.0.2.7", 1), wait);
                  String shown = there.x11().orElseThrow().cookie().orElseThrow();
                  byte[] greeting = X11ForwardTest.greeting(true, X11ForwardTest.PROTOCOL, shown);
                  x11.sink().writeFully(ByteBuffer.wrap(greeting), wait);
                  display.complete(far);
                } catch (IOException e) {
                  display.completeExceptionally(e);
                }
              },
              "program");
      program.setDaemon(true);
      program.start();
      // snippet: ssh.forward
      // Each channel is a connection to the agent.
      session.forwardAgent(channel -> serve(channel));
      String cookie = session.forwardX11(SshX11.defaults().withRealCookie(hex), wait);
      session.exec(command, wait);
      // Each is an X client. A handler can take them, too.
      Channel client = session.acceptX11(wait);
      // end of snippet
      assertTrue(cookie.matches("[0-9a-f]{32}"), cookie);
      try (client;
          Channel agent = forwarded.get(20, TimeUnit.SECONDS);
          Channel far = display.get(20, TimeUnit.SECONDS)) {
        ByteBuffer asked = ByteBuffer.allocate(5);
        agent.source().readFully(asked, wait);
        assertEquals("keys?", StandardCharsets.UTF_8.decode(asked.flip()).toString());
        byte[] expected = X11ForwardTest.greeting(true, X11ForwardTest.PROTOCOL, hex);
        assertEquals(
            ByteBuffer.wrap(expected),
            ByteBuffer.wrap(X11ForwardTest.read(client, expected.length)));
        assertTrue(far.isOpen());
      }
    }
  }

  private static Channel fromFar(Endpoint far, CompletableFuture<String> at) throws IOException {
    // snippet: ssh.far
    // The endpoint is such as ssh-forward-listen://me@host?identity=…&listen=localhost:0
    try (Listener listener = channels.listen(far, options)) {
      // The server has chosen the port, such as localhost:39211.
      String address = listener.endpoint().options().get("listen");
      at.complete(address);
      Channel channel = listener.accept(wait);
      channel.facet(SshForwardFacet.class).orElseThrow().originator();
      return channel;
    }
    // end of snippet
  }

  @Case(seconds = 60)
  void addressOfTheServer() throws Exception {
    try (Listener listener = Bench.listen("permit-listen=localhost:0")) {
      Endpoint far =
          Endpoint.parse(
              Bench.login(listener.endpoint(), "listen=localhost:0")
                  .toString()
                  .replace("ssh:", "ssh-forward-listen:"));
      CompletableFuture<String> at = new CompletableFuture<>();
      Thread peer =
          new Thread(
              () -> {
                String address = at.join();
                int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                  socket.getOutputStream().write('x');
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              },
              "peer");
      peer.start();
      try (Channel channel = fromFar(far, at)) {
        assertEquals('x', channel.source().readAll(9, wait).get());
      }
      peer.join();
    }
  }
}
