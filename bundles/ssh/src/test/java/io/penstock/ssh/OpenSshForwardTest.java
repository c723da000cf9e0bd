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
import io.penstock.error.ConnectionResetException;
import io.penstock.error.RequestRejectedException;
import io.penstock.testing.contract.Case;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What OpenSSH's {@code -L} and {@code -R} do, with it as the client and as the server. */
class OpenSshForwardTest {
  private static final Pattern ALLOCATED = Pattern.compile("Allocated port (\\d+) for remote.*");

  private static SocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  private static int nobody() throws IOException {
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return closed.getLocalPort();
    }
  }

  // ---- we are the server

  @Case(seconds = 90)
  void clientsForwardBothWaysThroughUs() throws Exception {
    Path folder = Files.createTempDirectory(Bench.FOLDER, "forward");
    try (Listener listener =
            Bench.listen("permit-open=127.0.0.1:*,unix:*", "permit-listen=localhost:*,unix:*");
        Echo tcp = Echo.tcp();
        Echo unix = Echo.unix(folder.resolve("echo.sock"))) {
      Path toTcp = folder.resolve("tcp.sock");
      Path toUnix = folder.resolve("unix.sock");
      Path remote = folder.resolve("remote.sock");
      List<String> command =
          OpenSsh.client(
              Bench.port(listener.endpoint()),
              Bench.CLIENT_KEY,
              "-o",
              "ExitOnForwardFailure=yes",
              "-L",
              toTcp + ":" + tcp.words(),
              "-L",
              toUnix + ":" + unix.words(),
              "-R",
              "0:" + tcp.words(),
              "-R",
              remote + ":" + unix.words(),
              "me@127.0.0.1",
              "x");
      command.set(command.indexOf("LogLevel=ERROR"), "LogLevel=INFO");
      Process client = new ProcessBuilder(command).start();
      int port;
      // The client asks for a session when it has asked for everything else.
      try (Channel session = listener.accept(Bench.SOON)) {
        port = allocated(client);
        for (SocketAddress each :
            List.of(
                UnixDomainSocketAddress.of(toTcp),
                UnixDomainSocketAddress.of(toUnix),
                loopback(port),
                UnixDomainSocketAddress.of(remote))) {
          Echo.exchange(each);
        }
        assertTrue(session.isOpen());
      } finally {
        client.destroyForcibly();
      }
      // With the connection goes what was listened at.
      assertTrue(client.waitFor(20, TimeUnit.SECONDS));
      awaitRefused(loopback(port));
      awaitGone(remote);
    }
  }

  private static int allocated(Process client) throws IOException {
    BufferedReader errors =
        new BufferedReader(new InputStreamReader(client.getErrorStream(), StandardCharsets.UTF_8));
    for (String line = errors.readLine(); line != null; line = errors.readLine()) {
      Matcher found = ALLOCATED.matcher(line);
      if (found.find()) {
        return Integer.parseInt(found.group(1));
      }
    }
    throw new IOException("the client has ended without a port");
  }

  private static void awaitRefused(SocketAddress address) {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (answers(address)) {
      assertTrue(System.nanoTime() < limit, address + " is still listened at");
      LockSupport.parkNanos(200_000);
    }
  }

  private static boolean answers(SocketAddress address) {
    try (SocketChannel socket = SocketChannel.open(address)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private static void awaitGone(Path file) {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (Files.exists(file)) {
      assertTrue(System.nanoTime() < limit, file + " is still there");
      LockSupport.parkNanos(200_000);
    }
  }

  @Test
  void clientIsToldWhyItWasNotConnected() throws Exception {
    int nobody = nobody();
    try (Listener listener = Bench.listen("permit-open=127.0.0.1:" + nobody)) {
      String refused = direct(listener, nobody);
      assertTrue(refused.contains("connect failed"), refused);
      assertTrue(refused.contains("127.0.0.1:" + nobody + ": Connection refused"), refused);
      String prohibited = direct(listener, 1);
      assertTrue(prohibited.contains("administratively prohibited"), prohibited);
      OpenSsh.Outcome remote =
          OpenSsh.run(
              OpenSsh.client(
                  Bench.port(listener.endpoint()),
                  Bench.CLIENT_KEY,
                  "-N",
                  "-o",
                  "ExitOnForwardFailure=yes",
                  "-R",
                  "0:127.0.0.1:1",
                  "me@127.0.0.1"),
              new byte[0]);
      assertEquals(255, remote.status());
      assertTrue(remote.errors().contains("remote port forwarding failed"), remote.errors());
    }
  }

  private static String direct(Listener listener, int port) throws Exception {
    List<String> command =
        OpenSsh.client(
            Bench.port(listener.endpoint()),
            Bench.CLIENT_KEY,
            "-W",
            "127.0.0.1:" + port,
            "me@127.0.0.1");
    command.set(command.indexOf("LogLevel=ERROR"), "LogLevel=INFO");
    OpenSsh.Outcome outcome = OpenSsh.run(command, new byte[0]);
    assertEquals(255, outcome.status());
    return outcome.errors();
  }

  @Case(seconds = 60)
  void clientForwardsWhereThePolicyRefusesItASession() throws Exception {
    Path socket = Files.createTempDirectory(Bench.FOLDER, "only").resolve("tcp.sock");
    SshPolicy policy =
        new SshPolicy() {
          @Override
          public boolean permits(SshQuestion question) {
            return question.kind() == SshQuestion.Kind.DIRECT_TCP && question.configured();
          }
        };
    Bench.PROVIDER.addPolicy("forwards", policy);
    try (Echo tcp = Echo.tcp();
        Listener listener = Bench.listen("policy=forwards", "permit-open=127.0.0.1:*")) {
      int port = Bench.port(listener.endpoint());
      Process client =
          new ProcessBuilder(
                  OpenSsh.client(
                      port,
                      Bench.CLIENT_KEY,
                      "-N",
                      "-L",
                      socket + ":" + tcp.words(),
                      "me@127.0.0.1"))
              .start();
      try {
        awaitAnswers(UnixDomainSocketAddress.of(socket));
        Echo.exchange(UnixDomainSocketAddress.of(socket));
      } finally {
        client.destroyForcibly();
      }
      List<String> session = OpenSsh.client(port, Bench.CLIENT_KEY, "me@127.0.0.1", "x");
      session.set(session.indexOf("LogLevel=ERROR"), "LogLevel=INFO");
      OpenSsh.Outcome refused = OpenSsh.run(session, new byte[0]);
      assertEquals(255, refused.status());
      assertTrue(refused.errors().contains("administratively prohibited"), refused.errors());
    } finally {
      Bench.PROVIDER.removePolicy("forwards", policy);
    }
  }

  private static void awaitAnswers(SocketAddress address) {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!answers(address)) {
      assertTrue(System.nanoTime() < limit, address + " is not listened at");
      LockSupport.parkNanos(200_000);
    }
  }

  // ---- we are the client

  @Case(seconds = 90)
  void weReachWhatTheServerReaches() throws Exception {
    Path folder = Files.createTempDirectory(Bench.FOLDER, "direct");
    try (OpenSsh.Server server = OpenSsh.Server.start();
        Echo tcp = Echo.tcp();
        Echo unix = Echo.unix(folder.resolve("echo.sock"))) {
      for (Echo each : List.of(tcp, unix)) {
        try (Channel channel = Bench.open(server.login("direct=" + each.target()))) {
          Echo.exchange(channel);
        }
      }
    }
  }

  private static Endpoint forward(OpenSsh.Server server, String listen) throws IOException {
    return Endpoint.parse(
        server.login("listen=" + listen).toString().replace("ssh:", "ssh-forward-listen:"));
  }

  private static Listener listen(Endpoint endpoint) throws IOException {
    return Bench.CHANNELS.listen(endpoint, ChannelOptions.defaults());
  }

  @Case(seconds = 90)
  void serverListensForUs() throws Exception {
    Path path = Bench.FOLDER.resolve("listen.sock");
    try (OpenSsh.Server server = OpenSsh.Server.start()) {
      int port;
      try (Listener tcp = listen(forward(server, "localhost:0"));
          Listener unix = listen(forward(server, "unix:" + path))) {
        port = Bench.forwardedPort(tcp);
        serveOne(tcp, loopback(port), "localhost");
        serveOne(unix, UnixDomainSocketAddress.of(path), path.toString());
      }
      awaitRefused(loopback(port));
      // OpenSSH leaves the file.
      Files.deleteIfExists(path);
    }
  }

  private static void serveOne(Listener listener, SocketAddress at, String name) throws Exception {
    CompletableFuture<Void> peer =
        CompletableFuture.runAsync(
            () -> {
              try {
                Echo.exchange(at);
              } catch (IOException e) {
                throw new CompletionException(e);
              }
            },
            task -> new Thread(task, "peer").start());
    try (Channel channel = listener.accept(Bench.SOON)) {
      SshForwardFacet facet = channel.facet(SshForwardFacet.class).orElseThrow();
      assertTrue(facet.target().toString().contains(name), facet.target().toString());
      assertEquals(at instanceof InetSocketAddress, facet.originator().isPresent());
      assertTrue(facet.peerVersion().contains("OpenSSH"), facet.peerVersion());
      Echo.serve(channel);
    }
    peer.get(30, TimeUnit.SECONDS);
  }

  @Case(seconds = 60)
  void serverThatDoesNotListenIsARejection() throws Exception {
    try (OpenSsh.Server strict = OpenSsh.Server.start("AllowTcpForwarding no")) {
      RequestRejectedException refused =
          assertThrows(
              RequestRejectedException.class, () -> listen(forward(strict, "localhost:0")));
      assertTrue(refused.getMessage().contains("localhost:0"), refused.getMessage());
    }
  }

  @Case(seconds = 60)
  void lostConnectionIsAFailureOfItsListener() throws Exception {
    try (OpenSsh.Server mortal = OpenSsh.Server.start();
        Listener listener = listen(forward(mortal, "localhost:0"))) {
      assertFalse(listener.acceptable().isSet());
      mortal.killConnections();
      IOException lost = assertThrows(IOException.class, () -> listener.accept(Bench.SOON));
      assertTrue(
          lost instanceof ConnectionResetException
              || lost.getCause() instanceof ConnectionResetException,
          lost.toString());
      assertTrue(listener.acceptable().isSet());
    }
  }
}
