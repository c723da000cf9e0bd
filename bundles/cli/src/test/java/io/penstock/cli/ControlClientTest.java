// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.operator.OperatorCommands;
import io.penstock.standalone.Penstock;
import io.penstock.stream.FrameSink;
import io.penstock.stream.Framing;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlClientTest {
  private static final Wait SOON = Wait.millis(20_000);

  @TempDir Path folder;

  private final Penstock penstock = Penstock.open();

  /** Both sides of a connection wait: the common pool may have one thread only. */
  private final ExecutorService threads = Executors.newCachedThreadPool();

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @AfterEach
  void close() {
    penstock.close();
    threads.shutdownNow();
  }

  private interface Answer {
    void to(Channel peer, FrameSink reply) throws IOException;
  }

  private Path path() {
    return folder.resolve("s");
  }

  private ControlClient client(OutputStream shown) {
    return new ControlClient(
        penstock.channels(),
        new PrintStream(shown, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  /** Runs a command with a container that answers so; the request is in what this returns. */
  private CompletableFuture<String> answering(Listener listener, Answer answer) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (Channel peer = listener.accept(SOON)) {
            String line =
                peer.source().readLine(StandardCharsets.US_ASCII, 1024, Terminator.STRIP, SOON);
            answer.to(peer, peer.sink().frames(Framing.lengthPrefixed(4, 1024)));
            return line;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        threads);
  }

  private Listener listen() throws IOException {
    return penstock.channels().listen(Endpoint.unix(path()).listener(), ChannelOptions.defaults());
  }

  private static ByteBuffer frame(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void anAnswerIsShownAndItsStatusReturned() throws Exception {
    try (Listener listener = listen()) {
      var asked =
          answering(
              listener,
              (peer, reply) -> {
                reply.write(frame("oto stdout \u00e4\n"), SOON);
                reply.write(frame("eto \u001b[31m stderr"), SOON);
                reply.write(frame("x\002"), SOON);
              });
      int status = client(out).run(path(), List.of("info", "a b/\u00e4\n%"), true);
      assertEquals(2, status);
      assertArrayEquals("to stdout \u00e4\n".getBytes(StandardCharsets.UTF_8), out.toByteArray());
      assertEquals("penstock: to \\u001b[31m stderr\n", err.toString(StandardCharsets.UTF_8));
      assertEquals(
          "penstock-control 1 terminal info a+b%2F%C3%A4%0A%25", asked.get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void anAnswerThatIsCutIsAFailure() throws Exception {
    try (Listener listener = listen()) {
      var asked = answering(listener, (peer, reply) -> reply.write(frame("opart"), SOON));
      assertEquals(1, client(out).run(path(), List.of("pipes"), false));
      assertEquals("part", out.toString(StandardCharsets.UTF_8));
      assertEquals(
          "penstock: the container has closed the connection before the command was done\n",
          err.toString(StandardCharsets.UTF_8));
      assertEquals("penstock-control 1 plain pipes", asked.get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void whereNobodyListensItSaysWhatToDo() throws Exception {
    assertEquals(1, client(out).run(path(), List.of("pipes"), false));
    String said = err.toString(StandardCharsets.UTF_8);
    assertTrue(said.contains("was not found") && said.contains("see --socket"), said);
  }

  @Test
  void anOutputThatNobodyReadsEndsTheCommand() throws Exception {
    try (Listener listener = listen()) {
      CountDownLatch ended = new CountDownLatch(1);
      var asked =
          answering(
              listener,
              (peer, reply) -> {
                reply.write(frame("omore\n"), SOON);
                peer.source().readable().await(SOON);
                ended.countDown();
              });
      OutputStream broken =
          new OutputStream() {
            @Override
            public void write(int b) throws IOException {
              throw new IOException("no reader");
            }
          };
      assertEquals(1, client(broken).run(path(), List.of("tap", "x"), false));
      assertEquals(
          "penstock: standard output cannot be written\n", err.toString(StandardCharsets.UTF_8));
      assertEquals("penstock-control 1 plain tap x", asked.get(20, TimeUnit.SECONDS));
      assertEquals(0, ended.getCount());
    }
  }

  @Test
  void aStopEndsTheCommandInSilence() throws Exception {
    try (Listener listener = listen()) {
      CompletableFuture<Void> reached = new CompletableFuture<>();
      var asked =
          answering(
              listener,
              (peer, reply) -> {
                reached.complete(null);
                peer.source().readable().await(SOON);
              });
      ControlClient client = client(out);
      var status =
          CompletableFuture.supplyAsync(
              () -> client.run(path(), List.of("tap", "x"), false), threads);
      reached.get(20, TimeUnit.SECONDS);
      client.close();
      assertEquals(1, status.get(20, TimeUnit.SECONDS));
      assertEquals("", err.toString(StandardCharsets.UTF_8));
      // An abort may reach the peer as a reset.
      assertTrue(asked.handle((line, failure) -> true).get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void aStopWhileItConnectsIsNotLost() throws Exception {
    try (Listener listener = listen()) {
      AtomicReference<ControlClient> client = new AtomicReference<>();
      ChannelFactory stopping =
          (ChannelFactory)
              Proxy.newProxyInstance(
                  getClass().getClassLoader(),
                  new Class<?>[] {ChannelFactory.class},
                  (proxy, method, arguments) -> {
                    Object channel = method.invoke(penstock.channels(), arguments);
                    client.get().close();
                    return channel;
                  });
      client.set(
          new ControlClient(
              stopping,
              new PrintStream(out, true, StandardCharsets.UTF_8),
              new PrintStream(err, true, StandardCharsets.UTF_8)));
      var status =
          CompletableFuture.supplyAsync(
              () -> client.get().run(path(), List.of("tap", "x"), false), threads);
      // The peer says nothing: only the stop can end this.
      try (Channel peer = listener.accept(SOON)) {
        assertEquals(1, status.get(20, TimeUnit.SECONDS));
        assertTrue(peer.source().readable().tryAwait(SOON));
      }
      assertEquals("", err.toString(StandardCharsets.UTF_8));
    }
  }

  @Test
  void bothSidesHaveOnePlace() throws Exception {
    String runtime = folder.toString();
    Path temporary = Path.of("/t/penstock-a_b.sock");
    assertEquals(
        List.of(folder.resolve("penstock.sock"), temporary), ControlPath.of(runtime, "/t", "a/b"));
    assertEquals(List.of(temporary), ControlPath.of(null, "/t", "a/b"));
    assertEquals(List.of(temporary), ControlPath.of("relative", "/t", "a/b"));
    assertEquals(List.of(temporary), ControlPath.of(runtime + "/missing", "/t", "a/b"));
    Path there = Files.createFile(folder.resolve("there"));
    Path missing = folder.resolve("missing");
    assertEquals(there, ControlPath.existing(List.of(missing, there)));
    assertEquals(missing, ControlPath.existing(List.of(missing, missing)));
    assertFalse(ControlPath.isForeign(missing, "me"));
    assertFalse(ControlPath.isForeign(there, Files.getOwner(there).getName()));
  }

  @Test
  void aSocketOfAnotherUserIsNotTrusted() throws Exception {
    Path foreign = Path.of("/etc/passwd");
    if (Files.isWritable(foreign)) {
      // Root may make a file another user's.
      foreign = Files.createFile(folder.resolve("foreign"));
      Files.setAttribute(foreign, "unix:uid", 65_534);
    }
    assertTrue(ControlPath.isForeign(foreign, System.getProperty("user.name")));
    Fakes fakes = new Fakes();
    fakes.control = List.of(foreign);
    // The channels of the fakes do not know how to connect.
    assertEquals(2, fakes.run("ctl", "pipes"));
    assertEquals(
        "penstock: "
            + foreign
            + " is another user's; expected --socket PATH of your own container's\n",
        fakes.err());
  }

  @Test
  void helpNamesWhatAContainerTakes() {
    Fakes fakes = new Fakes();
    assertEquals(0, fakes.run("ctl", "--help"));
    List<String> lines = new ArrayList<>(fakes.out().lines().map(String::strip).toList());
    for (String name : OperatorCommands.names()) {
      String description = OperatorCommands.description(name);
      String does = description.substring(description.indexOf(": ") + 2);
      assertTrue(
          lines.removeIf(line -> line.startsWith(name + " ") && line.endsWith("  " + does)),
          () -> name + " in " + fakes.out());
    }
  }
}
