// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** OpenSSH's client, a relay of ours, and a child or a further server behind it. */
class PassThroughTest {
  private static final byte[] NOTHING = {};
  private static OpenSsh.Server server;

  private final List<Relay> relays = new ArrayList<>();

  @BeforeAll
  static void start() throws IOException {
    server = OpenSsh.Server.start("AcceptEnv LANG LC_*");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void close() {
    relays.forEach(Relay::close);
  }

  private int relay(Endpoint to, String... options) throws IOException {
    return relay(RelayOptions.defaults(), to, options);
  }

  private int relay(RelayOptions how, Endpoint to, String... options) throws IOException {
    Relay relay = Bench.PENSTOCK.relays().create(Bench.listening(options), to, how.withFork(true));
    relays.add(relay);
    relay.start();
    return Bench.port(relay.listeners().get(0).endpoint());
  }

  private static OpenSsh.Outcome ssh(int port, byte[] input, String... words) throws Exception {
    return OpenSsh.run(OpenSsh.client(port, Bench.CLIENT_KEY, words), input);
  }

  /** Runs what it is told to; for tests only. */
  private static Endpoint obeying() {
    return Endpoint.parse("shell:eval \"$PENSTOCK_COMMAND\"");
  }

  @Case(seconds = 60)
  void clientHasTheChildsStatusAndItsStreamsApart() throws Exception {
    int port = relay(obeying());
    for (int status : new int[] {0, 7, 255}) {
      OpenSsh.Outcome outcome =
          ssh(port, NOTHING, "me@127.0.0.1", "echo out; echo err >&2; exit " + status);
      assertEquals(status, outcome.status());
      assertEquals("out\n", outcome.text());
      assertEquals("err\n", outcome.errors());
    }
    OpenSsh.Outcome large =
        ssh(
            port,
            NOTHING,
            "me@127.0.0.1",
            "head -c 3145728 /dev/zero & head -c 3145728 /dev/zero >&2; wait");
    assertEquals(3 << 20, large.out().length);
    assertEquals(3 << 20, large.errors().length());
    assertEquals(0, large.status());
  }

  @Case(seconds = 60)
  void relayToWhatIsNoProgramStatesSuccess() throws Exception {
    OpenSsh.Outcome outcome =
        ssh(
            relay(Endpoint.parse("echo:")),
            "back\n".getBytes(StandardCharsets.UTF_8),
            "me@127.0.0.1",
            "x");
    assertEquals("back\n", outcome.text());
    assertEquals(0, outcome.status());
  }

  @Test
  void killedChildIsASignalAndAVanishedClientEndsTheChild() throws Exception {
    int port = relay(obeying());
    try (Channel client = client(port, "kill -9 $$")) {
      SshExit end = Bench.client(client).exit(Bench.SOON);
      assertEquals("KILL", end.signal().orElseThrow());
    }
    assertEquals(255, ssh(port, NOTHING, "me@127.0.0.1", "kill -9 $$").status());
    try (Channel client = client(port, "echo $$; exec sleep 1000")) {
      client.sink().end();
      String pid = line(client);
      ProcessHandle child = ProcessHandle.of(Long.parseLong(pid.strip())).orElseThrow();
      client.abort(new IOException("gone on purpose"));
      // It may count as alive for a moment still, until it has been waited for.
      child.onExit().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void signalReachesTheChild() throws Exception {
    int port = relay(obeying());
    try (Channel client =
        client(port, "trap 'echo usr1; exit 5' USR1; echo on; while :; do sleep 0.01; done")) {
      assertEquals("on", line(client));
      Bench.client(client).signal("USR1");
      assertEquals("usr1", line(client));
      assertEquals(SshExit.of(5), Bench.client(client).exit(Bench.SOON));
    }
  }

  private static String line(Channel channel) throws IOException {
    return channel
        .source()
        .readLine(StandardCharsets.UTF_8, 99, io.penstock.stream.Terminator.STRIP, Bench.SOON);
  }

  private static Channel client(int port, String command) throws IOException {
    Endpoint bound = Endpoint.parse("ssh-listen://127.0.0.1:" + port);
    Channel channel = Bench.open(Bench.login(bound));
    Bench.client(channel)
        .exec(java.nio.ByteBuffer.wrap(command.getBytes(StandardCharsets.UTF_8)), Bench.SOON);
    return channel;
  }

  @Test
  void commandAndVariablesAreData() throws Exception {
    Path never = Bench.FOLDER.resolve("never");
    String command = "a 'b' \"c\" $(touch " + never + ") `touch " + never + "`; x | y &";
    int port =
        relay(
            RelayOptions.defaults().withVariables(List.of("LC_*")),
            Endpoint.parse("shell:printf '%s|%s|%s' \"$PENSTOCK_COMMAND\" \"$LC_ONE\" \"$EVIL\""));
    OpenSsh.Outcome outcome =
        ssh(
            port,
            NOTHING,
            "-o",
            "SetEnv=LC_ONE=$(id) EVIL=evil PENSTOCK_COMMAND=forged",
            "me@127.0.0.1",
            command);
    assertEquals(command + "|$(id)|", outcome.text());
    assertEquals(0, outcome.status());
    assertFalse(Files.exists(never));
  }

  /** A terminal for the client, which types and is resized when it sees what it waits for. */
  private static OpenSsh.Outcome onTerminal(int port, String command) throws Exception {
    Path script = Files.createTempFile(Bench.FOLDER, "terminal", ".py");
    Files.writeString(
        script,
        String.join(
            "\n",
            "import fcntl, os, pty, struct, sys, termios",
            "def size(rows, cols):",
            "  fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))",
            "pid, fd = pty.fork()",
            "if pid == 0:",
            "  sys.stdin.readline()",
            "  os.execvp(sys.argv[1], sys.argv[1:])",
            "size(43, 132)",
            "os.write(fd, b'go\\n')",
            "seen = b''",
            "def until(what):",
            "  global seen",
            "  while what not in seen: seen += os.read(fd, 99)",
            "until(b'43 132')",
            "size(30, 100)",
            "until(b'30 100')",
            "os.write(fd, b'\\x03')",
            "try:",
            "  while data := os.read(fd, 99): seen += data",
            "except OSError: pass",
            "sys.stdout.buffer.write(seen)",
            "sys.stdout.flush()",
            "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))",
            ""));
    List<String> words = new ArrayList<>(List.of("python3", script.toString()));
    words.addAll(OpenSsh.client(port, Bench.CLIENT_KEY, "-tt", "me@127.0.0.1", command));
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    builder.environment().put("TERM", "xterm-256color");
    Process client = builder.start();
    try (InputStream in = client.getInputStream()) {
      byte[] seen = in.readAllBytes();
      assertTrue(client.waitFor(30, TimeUnit.SECONDS));
      return new OpenSsh.Outcome(client.exitValue(), seen, "");
    } finally {
      client.destroyForcibly();
    }
  }

  private static final String TERMINAL =
      "trap 'stty size' WINCH; trap 'echo interrupted; exit 5' INT; echo $TERM; stty size;"
          + " while :; do sleep 0.02; done";

  @Case(seconds = 60)
  void terminalIsTheChildsWithItsSizeAndItsKeys() throws Exception {
    OpenSsh.Outcome outcome = onTerminal(relay(obeying()), TERMINAL);
    assertTrue(outcome.text().contains("xterm-256color"), outcome.text());
    assertTrue(outcome.text().contains("interrupted"), outcome.text());
    assertEquals(5, outcome.status());
  }

  @Case(seconds = 60)
  void jumpPassesEverythingOn() throws Exception {
    int port = relay(server.login());
    OpenSsh.Outcome outcome =
        ssh(
            port,
            "in".getBytes(StandardCharsets.UTF_8),
            "-o",
            "SetEnv=LC_ONE=one",
            "me@127.0.0.1",
            "cat; echo \" out $LC_ONE\"; echo err >&2; exit 7");
    assertEquals(7, outcome.status());
    assertEquals("in out one\n", outcome.text());
    assertEquals("err\n", outcome.errors());
    try (Channel client = client(port, "kill -9 $$")) {
      assertEquals("KILL", Bench.client(client).exit(Bench.SOON).signal().orElseThrow());
    }
    // Its server, run by the administrator, sends no signals; so one of ours behind the jump.
    int beyond = relay(Bench.login(Endpoint.parse("ssh-listen://127.0.0.1:" + relay(obeying()))));
    try (Channel client =
        client(beyond, "trap 'echo term; exit 5' TERM; echo on; while :; do sleep 0.01; done")) {
      assertEquals("on", line(client));
      Bench.client(client).signal("TERM");
      assertEquals("term", line(client));
      assertEquals(SshExit.of(5), Bench.client(client).exit(Bench.SOON));
    }
    OpenSsh.Outcome terminal = onTerminal(port, TERMINAL);
    assertTrue(terminal.text().contains("interrupted"), terminal.text());
    assertEquals(5, terminal.status());
  }

  @Test
  void relayThatWouldAskNothingOfTheServerIsRefused() throws Exception {
    String said = "expected one of the options direct, exec, shell, subsystem";
    Endpoint echo = Endpoint.parse("echo:");
    for (List<Endpoint> sides :
        List.of(List.of(echo, server.login()), List.of(server.login(), echo))) {
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  Bench.PENSTOCK
                      .relays()
                      .create(sides.get(0), sides.get(1), RelayOptions.defaults()));
      assertTrue(refused.getMessage().contains(said), refused.getMessage());
    }
    // That a peer asks for nothing is known when it has come.
    Relay relay =
        Bench.PENSTOCK
            .relays()
            .create(
                Endpoint.parse("tcp-listen://127.0.0.1:0"),
                server.login(),
                RelayOptions.defaults());
    relays.add(relay);
    relay.start();
    try (Socket peer =
        new Socket(
            InetAddress.getLoopbackAddress(), Bench.port(relay.listeners().get(0).endpoint()))) {
      ExecutionException failed =
          assertThrows(
              ExecutionException.class,
              () -> relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS));
      assertTrue(failed.getMessage().contains(said), failed.getMessage());
      assertTrue(peer.isConnected());
    }
  }

  @Test
  void jumpWithACommandOfItsOwnRunsOnlyThat() throws Exception {
    int port = relay(server.exec("echo own; exit 3"));
    OpenSsh.Outcome outcome = ssh(port, NOTHING, "me@127.0.0.1", "echo theirs");
    assertEquals("own\n", outcome.text());
    assertEquals(3, outcome.status());
  }
}
