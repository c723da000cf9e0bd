// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.impl.kind.Peers;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A terminal whose peer has gone is hung up. */
class RelayHangUpTest {
  private static final ChannelOptions PTY = ChannelOptions.defaults().with("pty", "true");

  @TempDir Path folder;

  private final Penstock penstock = Penstock.open();
  private final Children children = new Children();

  @AfterEach
  void close() {
    penstock.close();
  }

  private Relay relay(String from, String to) throws IOException {
    Relay relay =
        penstock
            .relays()
            .create(
                Endpoint.parse(from),
                Endpoint.parse(to),
                RelayOptions.defaults().withTo(PTY).withObserver(children));
    relay.start();
    return relay;
  }

  private static SocketAddress at(Relay relay) {
    String port = relay.listeners().get(0).endpoint().address().replaceAll(".*:", "");
    return new InetSocketAddress("127.0.0.1", Integer.parseInt(port));
  }

  private static void assertHungUp(Relay relay, ProcessHandle child) throws Exception {
    assertHungUp(relay, child, "hung up");
  }

  private static void assertHungUp(Relay relay, ProcessHandle child, String... reasons)
      throws Exception {
    ExecutionException failure =
        assertThrows(
            ExecutionException.class,
            () -> relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS));
    RelayException why = assertInstanceOf(RelayException.class, failure.getCause());
    assertTrue(
        Arrays.stream(reasons).anyMatch(String.valueOf(why.getMessage())::contains),
        why.getMessage());
    child.onExit().get(20, TimeUnit.SECONDS);
  }

  private static String readLine(SocketChannel client) throws IOException {
    StringBuilder line = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (client.read(one.clear()) == 1 && one.get(0) != '\n') {
      line.append((char) one.get(0));
    }
    return line.toString().stripTrailing();
  }

  @Test
  void whenAUnixClientHasGone() throws Exception {
    Path path = folder.resolve("s");
    Relay relay = relay("unix-listen:" + path, "shell:echo here; exec sleep 1000");
    ProcessHandle child;
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      assertEquals("here", readLine(client));
      child = children.next();
    }
    assertHungUp(relay, child);
  }

  /** A program in raw mode finds no end, and its answer is what the reset is for. */
  @Test
  void whenATcpClientHasGoneAndAnswersWithAReset() throws Exception {
    Relay relay = relay("tcp-listen://127.0.0.1:0", "shell:stty raw -echo; echo here; exec cat");
    ProcessHandle child;
    try (SocketChannel client = SocketChannel.open(at(relay))) {
      assertEquals("here", readLine(client));
      child = children.next();
      client.write(StandardCharsets.UTF_8.encode("to be echoed"));
    }
    // If the program answers before the relay has read the client's end, the relay reads the reset.
    assertHungUp(relay, child, "hung up", "the peer cut the connection");
  }

  @Test
  void notWhenAClientHasOnlyEnded() throws Exception {
    Path path = folder.resolve("s");
    Relay relay =
        relay("unix-listen:" + path, "shell:stty -echo; echo here; cat; sleep 3; echo whole");
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      assertEquals("here", readLine(client));
      client.shutdownOutput();
      assertEquals("whole", readLine(client));
      assertEquals(-1, client.read(ByteBuffer.allocate(1)));
    }
    relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  /** A child that ends at once, as a shell does that reads its last command, ends by itself. */
  @Test
  void notWhenTheProgramEndsInTime() throws Exception {
    Path path = folder.resolve("s");
    Relay relay = relay("unix-listen:" + path, "shell:stty -echo; echo here; cat; sleep .3");
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      assertEquals("here", readLine(client));
    }
    relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Test
  void nothingIsLeftOfTheWatch() throws Exception {
    for (int i = 0; i < 3; i++) {
      // So that each carrier has its selector.
      whenAUnixClientHasGone();
    }
    long before = Peers.descriptors();
    for (int i = 0; i < 2; i++) {
      whenAUnixClientHasGone();
    }
    Peers.eventually("no more descriptors than before", () -> Peers.descriptors() <= before);
  }
}
