// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.ExitException;
import io.penstock.error.HandshakeException;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Python's SSH is the peer, in either role. */
class ParamikoTest {
  private static final int MIB = 1 << 20;

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }

  private static String all(ByteSource source) throws IOException {
    return text(source.readAll(MIB, Bench.SOON));
  }

  private static byte[] filled(int size, char with) {
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, (byte) with);
    return bytes;
  }

  private static void assertFilled(int size, char with, ByteBuffer actual) {
    assertEquals(ByteBuffer.wrap(filled(size, with)), actual);
  }

  private static String digest(int size, char with) throws Exception {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(filled(size, with));
    return size + " " + HexFormat.of().formatHex(digest);
  }

  private static void until(BooleanSupplier condition, String what) {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < limit, what);
      LockSupport.parkNanos(200_000);
    }
  }

  /** Does it beside. */
  private interface Work {
    void run() throws IOException;
  }

  private static CompletableFuture<Void> beside(Work work) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            work.run();
          } catch (IOException e) {
            throw new CompletionException(e);
          }
        },
        task -> new Thread(task, "beside").start());
  }

  private static void write(Channel channel, byte[] bytes) throws IOException {
    channel.sink().writeFully(ByteBuffer.wrap(bytes), Bench.SOON);
    channel.sink().end();
  }

  /** We are the server. */
  @Nested
  class AsClient {
    /** What the one program does with its channel. */
    private interface Program {
      void run(Channel channel, SshServerFacet facet, Paramiko.Script client) throws Exception;
    }

    private void serve(String testCase, Program program) throws Exception {
      try (Listener listener = Bench.listen();
          Paramiko.Script client = Paramiko.client(Bench.port(listener.endpoint()), testCase);
          Channel channel = listener.accept(Bench.SOON)) {
        program.run(channel, Bench.server(channel), client);
        assertEquals(0, client.await());
      }
    }

    @Test
    void isRefusedWhenItSendsStandardError() throws Exception {
      try (Listener listener = Bench.listen();
          Paramiko.Script client =
              Paramiko.client(Bench.port(listener.endpoint()), "standard-error");
          Channel channel = listener.accept(Bench.SOON)) {
        ByteBuffer first = ByteBuffer.allocate(5);
        channel.source().readFully(first, Bench.SOON);
        assertEquals("first", new String(first.array(), StandardCharsets.UTF_8));
        IOException refused =
            assertThrows(
                ConnectionResetException.class,
                () -> channel.source().read(ByteBuffer.allocate(1), Bench.SOON));
        assertTrue(refused.getMessage().contains("standard error"), refused.getMessage());
        assertEquals("refused", client.line());
        // Its other channels are none the worse for it.
        try (Channel other = listener.accept(Bench.SOON)) {
          assertEquals(
              ByteBuffer.wrap("second".getBytes(StandardCharsets.UTF_8)),
              other.source().readAll(99, Bench.SOON));
        }
        client.go();
        assertEquals(0, client.await());
      }
    }

    @Test
    void takesWhateverTheProgramSaysOfItsEnd() throws Exception {
      try (Listener listener = Bench.listen();
          Paramiko.Script client = Paramiko.client(Bench.port(listener.endpoint()), "statuses")) {
        // A program that was killed, or says nothing, has none, which is -1 there.
        for (String told : new String[] {"0 0", "7 7", "255 255", "-1 killed", "-1 none"}) {
          Channel channel = listener.accept(Bench.SOON);
          SshServerFacet facet = Bench.server(channel);
          String command = facet.request().text();
          channel.sink().writeFully(command, Bench.SOON);
          switch (command) {
            case "killed" -> facet.sendExitSignal("KILL", false, "");
            case "none" -> {
              channel.sink().end();
              channel.abort(new IOException("nothing is said"));
            }
            default -> facet.sendExitStatus(Integer.parseInt(command));
          }
          channel.close();
          assertEquals(told, client.line());
        }
        assertEquals(0, client.await());
      }
    }

    @Test
    void threeMebibytesOnBothStreamsArriveApart() throws Exception {
      serve(
          "both",
          (channel, facet, client) -> {
            CompletableFuture<Void> errors =
                beside(
                    () -> {
                      facet
                          .errorSink()
                          .writeFully(ByteBuffer.wrap(filled(3 * MIB, 'e')), Bench.SOON);
                      facet.errorSink().end();
                    });
            write(channel, filled(3 * MIB, 'o'));
            errors.get(30, TimeUnit.SECONDS);
            assertEquals(digest(3 * MIB, 'o'), client.line());
            assertEquals(digest(3 * MIB, 'e'), client.line());
            channel.close();
          });
    }

    @Test
    void eightMebibytesEachWayWaitUnreadAndAreThenRead() throws Exception {
      serve(
          "unread",
          (channel, facet, client) -> {
            CompletableFuture<Void> writing = beside(() -> write(channel, filled(8 * MIB, 'b')));
            // The last packet is off the window before it can be read.
            until(
                () -> facet.receiveWindow() == 0 && channel.source().available() == 2 * MIB,
                "our window is not used up");
            until(() -> facet.sendWindow() == 0, "its window is not used up");
            client.go();
            assertFilled(8 * MIB, 's', channel.source().readAll(16 * MIB, Bench.SOON));
            writing.get(30, TimeUnit.SECONDS);
            assertEquals(digest(8 * MIB, 'b'), client.line());
            facet.sendExitStatus(0);
            channel.close();
            assertEquals("0", client.line());
          });
    }

    @Test
    void itsInputEndsAndTheAnswerStillComes() throws Exception {
      serve(
          "half-close",
          (channel, facet, client) -> {
            assertEquals("question", all(channel.source()));
            write(channel, "answer".getBytes(StandardCharsets.UTF_8));
            assertEquals("answer", client.line());
            facet.sendExitStatus(3);
            channel.close();
            assertEquals("3", client.line());
          });
    }

    @Test
    void terminalHasItsSizeAndIsResized() throws Exception {
      serve(
          "terminal",
          (channel, facet, client) -> {
            Pty pty = Pty.defaults().withTerm("xterm-256color");
            assertEquals(pty.withSize(132, 43).withPixels(800, 600), facet.pty().orElseThrow());
            CountDownLatch resized = new CountDownLatch(1);
            facet.onResize(now -> resized.countDown());
            channel.sink().writeFully("ready", Bench.SOON);
            assertEquals("ready", client.line());
            assertTrue(resized.await(20, TimeUnit.SECONDS));
            assertEquals(pty.withSize(100, 30).withPixels(640, 480), facet.pty().orElseThrow());
            facet.sendExitStatus(0);
            channel.close();
            assertEquals("0", client.line());
          });
    }

    @Test
    void wrongKeysAreRefusedOnEitherSide() throws Exception {
      try (Listener listener = Bench.listen()) {
        int port = Bench.port(listener.endpoint());
        try (Paramiko.Script right = Paramiko.client(port, "login")) {
          assertEquals("in", right.line());
        }
        try (Paramiko.Script stranger =
            Paramiko.client(
                port, Bench.STRANGER_KEY, Bench.knownHosts(port, Bench.HOST_KEY), "login")) {
          assertEquals("AuthenticationException", stranger.line());
        }
        try (Paramiko.Script deceived =
            Paramiko.client(
                port, Bench.CLIENT_KEY, Bench.knownHosts(port, Bench.STRANGER_KEY), "login")) {
          assertEquals("BadHostKeyException", deceived.line());
        }
        assertThrows(
            io.penstock.error.WouldBlockException.class, () -> listener.accept(Wait.none()));
      }
    }

    @Test
    void stalledChannelHoldsItsWindowAndDelaysNoOther() throws Exception {
      for (int window : new int[] {2 * MIB, 32 * 1024}) {
        try (Listener listener = Bench.listen("window=" + window);
            Paramiko.Script client = Paramiko.client(Bench.port(listener.endpoint()), "stalled");
            Channel stalled = listener.accept(Bench.SOON)) {
          SshServerFacet facet = Bench.server(stalled);
          until(() -> facet.receiveWindow() == 0, "the window is not used up");
          client.go();
          try (Channel quick = listener.accept(Bench.SOON)) {
            long moved = 0;
            for (long n = 0; n >= 0; ) {
              moved += n;
              n = quick.source().transferTo(quick.sink(), Long.MAX_VALUE, Bench.SOON);
            }
            assertEquals(32 * MIB, moved);
          }
          assertEquals(String.valueOf(32 * MIB), client.line());
          assertEquals(window, stalled.source().available());
          assertEquals(0, facet.receiveWindow());
          client.go();
          assertEquals(0, client.await());
        }
      }
    }

    @Test
    void keysAreExchangedAnewUnderLoadBothWays() throws Exception {
      for (String window : new String[] {"window=2MiB", "window=32KiB"}) {
        try (Listener listener = Bench.listen(window);
            Paramiko.Script client = Paramiko.client(Bench.port(listener.endpoint()), "rekey");
            Channel channel = listener.accept(Bench.SOON)) {
          for (long n = 0; n >= 0; ) {
            n = channel.source().transferTo(channel.sink(), Long.MAX_VALUE, Bench.SOON);
          }
          channel.sink().end();
          assertEquals("same", client.line());
          int times = Integer.parseInt(client.line());
          assertTrue(times >= 10, "keys were exchanged anew " + times + " times");
          assertEquals(0, client.await());
        }
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

    private static SshExit exit(Channel channel) throws IOException {
      return Bench.client(channel).exit(Bench.SOON);
    }

    private static int verdict(Channel channel) {
      Throwable cause =
          assertThrows(
                  ExecutionException.class,
                  () -> channel.gone().toCompletableFuture().get(20, TimeUnit.SECONDS))
              .getCause();
      return assertInstanceOf(ExitException.class, cause).status();
    }

    @Test
    void whateverItSaysOfTheProgramsEndIsTold() throws Exception {
      String shared = "share=true";
      try (Channel first = Bench.open(server.login(shared))) {
        String login = first.endpoint().toString();
        for (int status : new int[] {0, 7, 255}) {
          try (Channel channel = Bench.open(Endpoint.parse(login + "&exec=status " + status))) {
            assertEquals("done\n", all(channel.source()));
            assertEquals(SshExit.of(status), exit(channel));
            if (status != 0) {
              assertEquals(status, verdict(channel));
            }
          }
        }
        try (Channel channel = Bench.open(Endpoint.parse(login + "&exec=killed"))) {
          assertEquals("", all(channel.source()));
          assertEquals(SshExit.of("TERM", false, "on purpose"), exit(channel));
          assertEquals(143, verdict(channel));
        }
        try (Channel channel = Bench.open(Endpoint.parse(login + "&exec=none"))) {
          assertEquals(SshExit.none(), exit(channel));
          assertEquals(255, verdict(channel));
        }
      }
    }

    @Test
    void threeMebibytesOnBothStreamsAtOnce() throws Exception {
      try (Channel channel = Bench.open(server.exec("both", "stderr=pipe"))) {
        ByteSource errors = Bench.client(channel).errorSource().orElseThrow();
        CompletableFuture<Void> apart =
            beside(() -> assertFilled(3 * MIB, 'e', errors.readAll(8 * MIB, Bench.SOON)));
        assertFilled(3 * MIB, 'o', channel.source().readAll(8 * MIB, Bench.SOON));
        apart.get(30, TimeUnit.SECONDS);
        assertEquals(SshExit.of(0), exit(channel));
      }
    }

    @Test
    void eightMebibytesWaitUnreadHereAndAreThenRead() throws Exception {
      try (Channel channel = Bench.open(server.exec("send " + 8 * MIB))) {
        SshFacet facet = Bench.client(channel);
        until(
            () -> facet.receiveWindow() == 0 && channel.source().available() == 2 * MIB,
            "our window is not used up");
        assertFilled(8 * MIB, 's', channel.source().readAll(16 * MIB, Bench.SOON));
        assertEquals(SshExit.of(0), exit(channel));
      }
    }

    @Test
    void eightMebibytesWaitUnreadThereAndAreThenRead() throws Exception {
      try (Channel channel = Bench.open(server.exec("count-late"))) {
        CompletableFuture<Void> writing = beside(() -> write(channel, filled(8 * MIB, 'b')));
        SshFacet facet = Bench.client(channel);
        until(() -> facet.sendWindow() == 0, "its window is not used up");
        server.script().go();
        assertEquals(String.valueOf(8 * MIB), all(channel.source()));
        writing.get(30, TimeUnit.SECONDS);
        assertEquals(SshExit.of(0), exit(channel));
      }
    }

    @Test
    void halfCloseLetsTheProgramAnswer() throws Exception {
      try (Channel channel = Bench.open(server.exec("count"))) {
        write(channel, "question".getBytes(StandardCharsets.UTF_8));
        assertEquals("8", all(channel.source()));
        assertEquals(SshExit.of(0), exit(channel));
      }
    }

    @Test
    void terminalHasItsSizeAndIsResized() throws Exception {
      try (Channel channel = Bench.open(server.login())) {
        SshClientFacet facet = Bench.client(channel);
        facet.pty(
            Pty.defaults().withTerm("xterm").withSize(132, 43).withPixels(800, 600), Bench.SOON);
        facet.exec(ByteBuffer.wrap("size".getBytes(StandardCharsets.UTF_8)), Bench.SOON);
        assertEquals(
            "xterm 132 43 800 600\n",
            text(channel.source().readUntil(ByteSequence.LF, 99, Bench.SOON)));
        facet.resize(Pty.defaults().withSize(100, 30).withPixels(640, 480));
        assertEquals("xterm 100 30 640 480\n", all(channel.source()));
      }
    }

    @Test
    void keysAreExchangedAnewUnderLoadBothWays() throws Exception {
      byte[] piece = filled(64 * 1024, 'r');
      for (String window : new String[] {"window=2MiB", "window=32KiB"}) {
        try (Channel channel = Bench.open(server.exec("rekey", "stderr=pipe", window))) {
          ByteSource errors = Bench.client(channel).errorSource().orElseThrow();
          CompletableFuture<ByteBuffer> back = new CompletableFuture<>();
          CompletableFuture<Void> reading =
              beside(() -> back.complete(channel.source().readAll(256 * MIB, Bench.SOON)));
          int sent = 0;
          while (errors.available() == 0 && sent < 256 * MIB) {
            channel.sink().writeFully(ByteBuffer.wrap(piece), Bench.SOON);
            sent += piece.length;
          }
          channel.sink().end();
          assertEquals("ten times", all(errors));
          reading.get(60, TimeUnit.SECONDS);
          assertFilled(sent, 'r', back.join());
          assertEquals(SshExit.of(0), exit(channel));
        }
      }
    }

    @Test
    void wrongKeysAreRefusedOnEitherSide() throws Exception {
      String right = server.exec("status 0").toString();
      HandshakeException stranger =
          assertThrows(
              HandshakeException.class,
              () ->
                  Bench.open(
                      Endpoint.parse(
                          right.replace(
                              "identity=" + Bench.CLIENT_KEY, "identity=" + Bench.STRANGER_KEY))));
      assertTrue(stranger.getMessage().contains("SHA256:"), stranger.getMessage());
      HandshakeException deceived =
          assertThrows(
              HandshakeException.class,
              () ->
                  Bench.open(
                      Endpoint.parse(
                          right.replaceAll(
                              "known-hosts=[^&]*",
                              "known-hosts="
                                  + Bench.knownHosts(server.port(), Bench.STRANGER_KEY)))));
      assertTrue(deceived.getMessage().contains("shows the key"), deceived.getMessage());
    }
  }
}
