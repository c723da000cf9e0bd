// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.error.WouldBlockException;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** We are the server of OpenSSH's client. */
class OpenSshClientTest {
  private static final int MIB = 1 << 20;
  private Listener listener;

  @BeforeEach
  void listen() throws IOException {
    listener = Bench.listen("subsystems=echo");
  }

  @AfterEach
  void close() throws IOException {
    listener.close();
  }

  /** What a program does with its channel. */
  private interface Program {
    void run(Channel channel, SshServerFacet facet) throws Exception;
  }

  /** Runs the client, and serves its one channel by a program, which succeeds if nothing else. */
  private OpenSsh.Outcome run(Program program, byte[] input, String... words) throws Exception {
    return serve(
        (channel, facet) -> {
          program.run(channel, facet);
          facet.sendExitStatus(0);
        },
        input,
        words);
  }

  /** Runs the client, and serves its one channel by a program that may say nothing at its end. */
  private OpenSsh.Outcome serve(Program program, byte[] input, String... words) throws Exception {
    List<String> command = OpenSsh.client(Bench.port(listener.endpoint()), Bench.CLIENT_KEY, words);
    CompletableFuture<OpenSsh.Outcome> client =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return OpenSsh.run(command, input);
              } catch (Exception e) {
                throw new CompletionException(e);
              }
            },
            // The common pool may have one thread only, which this keeps.
            task -> new Thread(task, "client").start());
    try (Channel channel = listener.accept(Bench.SOON)) {
      program.run(channel, Bench.server(channel));
    }
    return client.get(60, TimeUnit.SECONDS);
  }

  private static final byte[] NOTHING = {};

  @Case(seconds = 60)
  void clientTakesTheProgramsStatus() throws Exception {
    for (int status : new int[] {0, 7, 255}) {
      OpenSsh.Outcome outcome =
          run(
              (channel, facet) -> {
                assertEquals("some command", facet.request().text());
                assertEquals(SshRequest.Kind.EXEC, facet.request().kind());
                assertEquals("me", facet.user());
                channel.sink().writeFully("done\n", Bench.SOON);
                facet.sendExitStatus(status);
              },
              NOTHING,
              "me@127.0.0.1",
              "some command");
      assertEquals(status, outcome.status());
      assertEquals("done\n", outcome.text());
    }
  }

  /** One that has met an exception, one that has forgotten it, one that is cut. */
  @Case(seconds = 60)
  void channelWithoutAStatedStatusIsNoSuccess() throws Exception {
    try (Listener listener = Bench.listen()) {
      List<String> command =
          OpenSsh.client(Bench.port(listener.endpoint()), Bench.CLIENT_KEY, "me@127.0.0.1", "x");
      CompletableFuture<Integer> status = new CompletableFuture<>();
      new Thread(
              () -> {
                try {
                  status.complete(OpenSsh.run(command, NOTHING).status());
                } catch (Exception e) {
                  status.completeExceptionally(e);
                }
              })
          .start();
      assertThrows(
          IllegalStateException.class,
          () -> {
            try (Channel channel = listener.accept(Bench.SOON)) {
              throw new IllegalStateException("on purpose, in " + channel);
            }
          });
      assertEquals(255, status.get(40, TimeUnit.SECONDS));
    }
    assertEquals(255, serve((channel, facet) -> {}, NOTHING, "me@127.0.0.1", "x").status());
    assertEquals(
        255,
        serve(
                (channel, facet) -> channel.abort(new IOException("cut on purpose")),
                NOTHING,
                "me@127.0.0.1",
                "x")
            .status());
  }

  @Test
  void signalThatEndedTheProgramIsNoSuccess() throws Exception {
    OpenSsh.Outcome outcome =
        run(
            (channel, facet) -> facet.sendExitSignal("TERM", false, "on purpose"),
            NOTHING,
            // It has the same status for whatever goes wrong, so that it has to tell more.
            "-v",
            "me@127.0.0.1",
            "x");
    assertEquals(255, outcome.status());
    assertTrue(outcome.errors().contains("rtype exit-signal reply"), outcome.errors());
  }

  @Case(seconds = 60)
  void threeMebibytesOnBothStreamsArriveApart() throws Exception {
    byte[] out = new byte[3 * MIB];
    byte[] errors = new byte[3 * MIB];
    Arrays.fill(out, (byte) 'o');
    Arrays.fill(errors, (byte) 'e');
    OpenSsh.Outcome outcome =
        run(
            (channel, facet) -> {
              CompletableFuture<Void> apart =
                  CompletableFuture.runAsync(
                      () -> {
                        try {
                          facet.errorSink().writeFully(ByteBuffer.wrap(errors), Bench.SOON);
                        } catch (IOException e) {
                          throw new CompletionException(e);
                        }
                      });
              channel.sink().writeFully(ByteBuffer.wrap(out), Bench.SOON);
              apart.get(30, TimeUnit.SECONDS);
            },
            NOTHING,
            "me@127.0.0.1",
            "x");
    assertArrayEquals(out, outcome.out());
    assertArrayEquals(errors, outcome.errors().getBytes(StandardCharsets.UTF_8));
    assertEquals(0, outcome.status());
  }

  @Case(seconds = 60)
  void clientsInputEndsAndTheAnswerStillComes() throws Exception {
    byte[] input = new byte[8 * MIB];
    new Random(3).nextBytes(input);
    OpenSsh.Outcome outcome =
        run(
            (channel, facet) -> {
              // Unread until the client has used up the window.
              awaitStall(channel, facet, 2 * MIB);
              ByteBuffer got = channel.source().readAll(16 * MIB, Bench.SOON);
              assertEquals(ByteBuffer.wrap(input), got);
              channel.sink().writeFully("got " + got.remaining(), Bench.SOON);
            },
            input,
            "me@127.0.0.1",
            "x");
    assertEquals("got " + 8 * MIB, outcome.text());
  }

  @Test
  void keysAreExchangedAnewUnderLoadBothWays() throws Exception {
    byte[] input = new byte[4 * MIB];
    new Random(4).nextBytes(input);
    for (String window : new String[] {"window=2MiB", "window=32KiB"}) {
      listener.close();
      listener = Bench.listen(window);
      OpenSsh.Outcome outcome =
          run(
              (channel, facet) -> {
                long moved = 0;
                while (moved >= 0) {
                  moved = channel.source().transferTo(channel.sink(), Long.MAX_VALUE, Bench.SOON);
                }
              },
              input,
              "-o",
              "RekeyLimit=256K",
              "-o",
              OpenSsh.FAST_KEYS,
              // So that it tells of each exchange.
              "-v",
              "me@127.0.0.1",
              "x");
      assertArrayEquals(input, outcome.out());
      assertEquals(0, outcome.status());
      long times =
          outcome.errors().lines().filter(line -> line.contains("rekey out after")).count();
      assertTrue(times >= 10, "keys were exchanged anew " + times + " times");
    }
  }

  @Case(seconds = 60)
  void stalledChannelHoldsItsWindowAndDelaysNoOther() throws Exception {
    byte[] input = new byte[32 * MIB];
    for (int window : new int[] {2 * MIB, 32 * 1024}) {
      listener.close();
      listener = Bench.listen("window=" + window);
      // Two channels of one connection, by way of the program that has it. Killed, it leaves its
      // socket, at which the next one would not listen.
      Path control = Files.createTempDirectory(Bench.FOLDER, "control").resolve("socket");
      List<String> master =
          OpenSsh.client(
              Bench.port(listener.endpoint()),
              Bench.CLIENT_KEY,
              "-M",
              "-S",
              control.toString(),
              "me@127.0.0.1",
              "stalled");
      Process first =
          new ProcessBuilder(master)
              .redirectInput(Path.of("/dev/zero").toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (Channel stalled = listener.accept(Bench.SOON)) {
        SshServerFacet facet = Bench.server(stalled);
        awaitStall(stalled, facet, window);
        OpenSsh.Outcome quick =
            run(
                (channel, other) -> {
                  assertEquals(stalled.peer(), channel.peer());
                  long moved = 0;
                  while (moved >= 0) {
                    moved = channel.source().transferTo(channel.sink(), Long.MAX_VALUE, Bench.SOON);
                  }
                },
                input,
                "-S",
                control.toString(),
                "me@127.0.0.1",
                "quick");
        assertArrayEquals(input, quick.out());
        assertEquals(window, stalled.source().available());
        assertEquals(0, facet.receiveWindow());
        stalled.abort(new IOException("seen enough"));
      } finally {
        first.destroyForcibly().waitFor();
      }
    }
  }

  /** Until the client has used up its window, and all of it can be read. */
  private static void awaitStall(Channel channel, SshServerFacet facet, int window) {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (facet.receiveWindow() > 0 || channel.source().available() < window) {
      assertTrue(System.nanoTime() < limit, "the window is not used up");
      LockSupport.parkNanos(200_000);
    }
  }

  @Test
  void shellAndSubsystemAreToldApart() throws Exception {
    OpenSsh.Outcome shell =
        run(
            (channel, facet) -> {
              assertEquals(SshRequest.Kind.SHELL, facet.request().kind());
              assertTrue(facet.pty().isEmpty());
            },
            NOTHING,
            "-T",
            "me@127.0.0.1");
    assertEquals(0, shell.status());
    OpenSsh.Outcome subsystem =
        run(
            (channel, facet) -> {
              assertEquals(SshRequest.Kind.SUBSYSTEM, facet.request().kind());
              assertEquals("echo", facet.request().text());
            },
            NOTHING,
            "-s",
            "me@127.0.0.1",
            "echo");
    assertEquals(0, subsystem.status());
  }

  @Test
  void variablesAreHandedOnAsData() throws Exception {
    List<String> command =
        OpenSsh.client(
            Bench.port(listener.endpoint()),
            Bench.CLIENT_KEY,
            "-o",
            "SetEnv=LC_PENSTOCK=value",
            "me@127.0.0.1",
            "x");
    Process client = new ProcessBuilder(command).start();
    try (Channel channel = listener.accept(Bench.SOON)) {
      assertEquals("value", Bench.server(channel).environment().get("LC_PENSTOCK"));
      Bench.server(channel).sendExitStatus(0);
    }
    assertTrue(client.waitFor(30, TimeUnit.SECONDS));
    assertEquals(0, client.exitValue());
  }

  @Case(seconds = 60)
  void terminalHasItsSizeAndIsResized() throws Exception {
    // A terminal for the client, whose size is changed when it has said so.
    Path script = Files.createTempFile(Bench.FOLDER, "terminal", ".py");
    Files.writeString(
        script,
        String.join(
            "\n",
            "import fcntl, os, pty, struct, sys, termios",
            "def size(rows, cols, x, y):",
            "  fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, x, y))",
            "pid, fd = pty.fork()",
            "if pid == 0:",
            "  sys.stdin.readline()",
            "  os.execvp(sys.argv[1], sys.argv[1:])",
            "size(43, 132, 800, 600)",
            "os.write(fd, b'go\\n')",
            "seen = b''",
            "while b'ready' not in seen: seen += os.read(fd, 99)",
            "size(30, 100, 640, 480)",
            "try:",
            "  while os.read(fd, 99): pass",
            "except OSError: pass",
            "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))",
            ""));
    List<String> command = new java.util.ArrayList<>(List.of("python3", script.toString()));
    command.addAll(
        OpenSsh.client(
            Bench.port(listener.endpoint()), Bench.CLIENT_KEY, "-tt", "me@127.0.0.1", "x"));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("TERM", "xterm-256color");
    Process client = builder.start();
    try (Channel channel = listener.accept(Bench.SOON)) {
      SshServerFacet facet = Bench.server(channel);
      assertEquals(
          Pty.defaults().withTerm("xterm-256color").withSize(132, 43).withPixels(800, 600),
          facet.pty().orElseThrow());
      AtomicReference<Pty> told = new AtomicReference<>();
      CountDownLatch resized = new CountDownLatch(1);
      facet.onResize(
          pty -> {
            told.set(pty);
            resized.countDown();
          });
      channel.sink().writeFully("ready", Bench.SOON);
      assertTrue(resized.await(20, TimeUnit.SECONDS));
      assertEquals(
          Pty.defaults().withTerm("xterm-256color").withSize(100, 30).withPixels(640, 480),
          told.get());
      assertEquals(told.get(), facet.pty().orElseThrow());
      facet.sendExitStatus(5);
    }
    assertTrue(client.waitFor(30, TimeUnit.SECONDS));
    assertEquals(5, client.exitValue());
  }

  @Test
  void whatWasNotConfiguredIsRefused() throws Exception {
    int port = Bench.port(listener.endpoint());
    OpenSsh.Outcome stranger =
        OpenSsh.run(OpenSsh.client(port, Bench.STRANGER_KEY, "me@127.0.0.1", "x"), NOTHING);
    assertRefused("Permission denied", stranger);
    OpenSsh.Outcome subsystem =
        OpenSsh.run(OpenSsh.client(port, Bench.CLIENT_KEY, "-s", "me@127.0.0.1", "sftp"), NOTHING);
    assertRefused("subsystem request failed", subsystem);
    OpenSsh.Outcome direct =
        OpenSsh.run(
            OpenSsh.client(port, Bench.CLIENT_KEY, "-v", "-W", "127.0.0.1:1", "me@127.0.0.1"),
            NOTHING);
    assertRefused("open failed: administratively prohibited", direct);
    OpenSsh.Outcome forward =
        OpenSsh.run(
            OpenSsh.client(
                port,
                Bench.CLIENT_KEY,
                "-N",
                "-o",
                "ExitOnForwardFailure=yes",
                "-R",
                "0:127.0.0.1:1",
                "me@127.0.0.1"),
            NOTHING);
    assertRefused("remote port forwarding failed", forward);
    assertThrows(WouldBlockException.class, () -> listener.accept(Wait.none()));
    try (Listener narrow = Bench.listen("allow=shell")) {
      OpenSsh.Outcome exec =
          OpenSsh.run(
              OpenSsh.client(Bench.port(narrow.endpoint()), Bench.CLIENT_KEY, "me@127.0.0.1", "x"),
              NOTHING);
      assertRefused("exec request failed", exec);
    }
  }

  private static void assertRefused(String because, OpenSsh.Outcome outcome) {
    assertEquals(255, outcome.status());
    assertTrue(outcome.errors().contains(because), outcome.errors());
  }

  @Test
  void relayServesEachClientByAProgramOfItsOwn() throws Exception {
    try (Relay relay =
        Bench.PENSTOCK
            .relays()
            .create(
                Bench.listening(),
                io.penstock.channel.Endpoint.parse("exec:tr a-z A-Z"),
                RelayOptions.defaults().withFork(true))) {
      relay.start();
      int port = Bench.port(relay.listeners().get(0).endpoint());
      for (String word : List.of("one", "two")) {
        OpenSsh.Outcome outcome =
            OpenSsh.run(
                OpenSsh.client(port, Bench.CLIENT_KEY, "me@127.0.0.1", "ignored"),
                word.getBytes(StandardCharsets.UTF_8));
        assertEquals(word.toUpperCase(java.util.Locale.ROOT), outcome.text());
        assertEquals(0, outcome.status());
      }
    }
  }
}
