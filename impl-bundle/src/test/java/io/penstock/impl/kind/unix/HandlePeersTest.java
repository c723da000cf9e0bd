// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Datagrams;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Handle;
import io.penstock.channel.HandleKind;
import io.penstock.channel.HandlePair;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Handles that other programs send and take, by libuv and by Python's {@code socket}. */
// Closes before the end of a block are what is tried.
@SuppressWarnings("try")
class HandlePeersTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions DEFAULTS = ChannelOptions.defaults();
  private static final Path C_SOURCE = Path.of("src/test/c/handles.c");
  private static final Path PYTHON_SOURCE = Path.of("src/test/python/handles.py");

  @TempDir Path folder;

  private static Stream<String> modes() {
    return Modes.all().map(PosixAccess::wish);
  }

  private static Penstock open(String mode) {
    return Modes.open(mode);
  }

  private static boolean has(String... command) {
    try {
      Process probe =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return probe.waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private Process uv(String... words) throws Exception {
    assumeTrue(has("gcc", "--version"), "there is no gcc");
    assumeTrue(Files.exists(Path.of("/usr/include/uv.h")), "there are no headers of libuv");
    Path program = folder.resolve("handles");
    List<String> compile = new ArrayList<>(List.of("gcc", "-Wall", "-Werror", "-o"));
    compile.addAll(List.of(program.toString(), C_SOURCE.toString(), "-luv"));
    assertEquals(0, new ProcessBuilder(compile).inheritIO().start().waitFor());
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(words));
    return start(command);
  }

  private static Process start(List<String> command) throws IOException {
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static String all(ByteSource source) throws IOException {
    return UTF_8.decode(source.readAll(1 << 20, SOON)).toString();
  }

  private static String read(ByteSource source, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    source.readFully(bytes, SOON);
    return UTF_8.decode(bytes.flip()).toString();
  }

  private static HandleFacet facet(Channel channel) {
    return channel.facet(HandleFacet.class).orElseThrow();
  }

  /** The handle that comes with a byte of that name. */
  private static Handle take(Channel peer, String name, HandleKind kind) throws IOException {
    assertEquals(name, read(peer.source(), 1));
    assertEquals(kind, facet(peer).pendingKind().orElseThrow());
    return facet(peer).take().orElseThrow();
  }

  @ParameterizedTest
  @MethodSource("modes")
  void libuvSendsEveryKindAndClosesItsOwn(String mode) throws Exception {
    Path path = folder.resolve("s");
    try (Penstock penstock = open(mode);
        Listener listener =
            penstock
                .channels()
                .listen(Endpoint.parse("unix-listen:" + path + "?handles=true"), DEFAULTS);
        Listener port =
            penstock.channels().listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), DEFAULTS)) {
      String number = port.endpoint().address().replaceAll(".*:", "");
      Process uv = uv("send", path.toString(), number);
      try (Channel peer = listener.accept(SOON);
          Channel server = port.accept(SOON)) {
        try (Channel client = take(peer, "c", HandleKind.TCP).channel(DEFAULTS)) {
          client.sink().writeFully("over its connection", SOON);
          client.sink().end();
          assertEquals("over its connection", all(server.source()));
        }
        try (Listener theirs = take(peer, "l", HandleKind.TCP_LISTENER).listener(DEFAULTS);
            Channel client =
                penstock
                    .channels()
                    .open(Endpoint.parse("tcp:" + theirs.endpoint().address()), DEFAULTS, SOON);
            Channel accepted = theirs.accept(SOON)) {
          client.sink().writeFully("to its listener", SOON);
          client.sink().end();
          assertEquals("to its listener", all(accepted.source()));
        }
        try (Datagrams udp = take(peer, "u", HandleKind.UDP).datagrams();
            DatagramChannel other =
                DatagramChannel.open()
                    .bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0))) {
          other.send(ByteBuffer.wrap("to its socket".getBytes(UTF_8)), udp.local().orElseThrow());
          ByteBuffer dst = ByteBuffer.allocateDirect(64);
          assertEquals(other.getLocalAddress(), udp.receive(dst, SOON).orElseThrow());
          assertEquals("to its socket", UTF_8.decode(dst.flip()).toString());
        }
        try (Channel unix = take(peer, "x", HandleKind.UNIX).channel(DEFAULTS)) {
          unix.sink().writeFully("there and back", SOON);
          unix.sink().end();
          assertEquals("there and back", all(unix.source()));
        }
        try (Channel pipe = take(peer, "p", HandleKind.PIPE).channel(DEFAULTS)) {
          assertEquals("from the pipe", all(pipe.source()));
        }
        peer.close();
        assertTrue(uv.waitFor(20, TimeUnit.SECONDS));
        assertEquals(0, uv.exitValue());
      } finally {
        uv.destroyForcibly();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("modes")
  void libuvAcceptsAtTheListenerItGotAndExitsAtTheEnd(String mode) throws Exception {
    Path path = folder.resolve("s");
    try (Penstock penstock = open(mode);
        Listener listener =
            penstock
                .channels()
                .listen(Endpoint.parse("unix-listen:" + path + "?handles=true"), DEFAULTS)) {
      Listener port =
          penstock.channels().listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), DEFAULTS);
      Endpoint there = Endpoint.parse("tcp:" + port.endpoint().address());
      Process uv = uv("accept", path.toString());
      try (Channel peer = listener.accept(SOON)) {
        try (Handle handle = port.facet(DescriptorFacet.class).orElseThrow().release()) {
          facet(peer).send(ByteBuffer.wrap(new byte[1]), SOON, handle);
        }
        for (int i = 0; i < 3; i++) {
          try (Channel client = penstock.channels().open(there, DEFAULTS, SOON)) {
            client.sink().writeFully("given back", SOON);
            client.sink().end();
            assertEquals("given back", all(client.source()));
          }
        }
        peer.close();
        assertEquals("accepted 3\n", new String(uv.getInputStream().readAllBytes(), UTF_8));
        assertTrue(uv.waitFor(20, TimeUnit.SECONDS));
        assertEquals(0, uv.exitValue());
      } finally {
        uv.destroyForcibly();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("modes")
  void pythonSendsAndTakesSeveralInOneMessage(String mode) throws Exception {
    assumeTrue(
        has("python3", "-c", "import socket; socket.send_fds"), "there is no Python 3.9 or later");
    Path path = folder.resolve("s");
    Path file = Files.writeString(folder.resolve("file"), "from the file");
    try (Penstock penstock = open(mode);
        Listener listener =
            penstock
                .channels()
                .listen(Endpoint.parse("unix-listen:" + path + "?handles=true"), DEFAULTS)) {
      Process python =
          start(List.of("python3", PYTHON_SOURCE.toString(), path.toString(), file.toString()));
      try (Channel peer = listener.accept(SOON)) {
        assertEquals("three", read(peer.source(), 5));
        assertEquals(3, facet(peer).pending());
        List<String> said = new ArrayList<>();
        for (HandleKind kind : List.of(HandleKind.FILE, HandleKind.PIPE, HandleKind.UNIX)) {
          assertEquals(kind, facet(peer).pendingKind().orElseThrow());
          try (Channel got = facet(peer).take().orElseThrow().channel(DEFAULTS)) {
            said.add(all(got.source()));
          }
        }
        assertEquals(List.of("from the file", "from the pipe", "from the socket"), said);

        Endpoint here = Endpoint.parse("unix-listen:" + folder.resolve("t"));
        HandlePair pipe = penstock.channels().handles().pipe();
        try (Listener own = penstock.channels().listen(here, DEFAULTS);
            Channel near =
                penstock.channels().open(Endpoint.parse("unix:" + here.address()), DEFAULTS, SOON);
            Channel far = own.accept(SOON);
            Handle socket = near.facet(DescriptorFacet.class).orElseThrow().release();
            Handle end = pipe.source();
            Handle text = penstock.channels().handles().file(file);
            Channel out = pipe.sink().channel(DEFAULTS)) {
          facet(peer).send(ByteBuffer.wrap("back".getBytes(UTF_8)), SOON, socket, end, text);
          socket.close();
          end.close();
          out.sink().writeFully("a pipe, and ", SOON);
          out.close();
          assertEquals("a pipe, and from the file", all(far.source()));
        }
        peer.close();
        assertTrue(python.waitFor(20, TimeUnit.SECONDS));
        assertEquals(0, python.exitValue());
      } finally {
        python.destroyForcibly();
      }
    }
  }
}
