// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.impl.component.LogLines;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a program has written before it failed reaches a peer that reads late. */
class RelayLastOutputTest {
  private static final int BYTES = 300_000;
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Duration LONG = Duration.ofSeconds(5);

  @TempDir Path folder;

  private final Penstock penstock = Penstock.open();
  private final Children children = new Children();
  private SocketChannel client;

  @BeforeEach
  void openClient() throws IOException {
    client = SocketChannel.open();
    // So that most of the output stays at the relay's end.
    client.setOption(StandardSocketOptions.SO_RCVBUF, 8 * 1024);
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    penstock.close();
  }

  /** A relay from a client that has read nothing, to a program that has ended with status 7. */
  private Relay unread(String query, RelayOptions options) throws Exception {
    Relay relay =
        penstock
            .relays()
            .create(
                Endpoint.parse("tcp-listen://127.0.0.1:0" + query),
                Endpoint.parse("shell:cat; head -c " + BYTES + " /dev/zero; exit 7"),
                options.withObserver(children));
    relay.start();
    String port = relay.listeners().get(0).endpoint().address().replaceAll(".*:", "");
    client.connect(new InetSocketAddress("127.0.0.1", Integer.parseInt(port)));
    ProcessHandle running = children.next();
    client.shutdownOutput();
    running.onExit().get(20, TimeUnit.SECONDS);
    return relay;
  }

  private static void assertWaits(Relay relay) {
    assertThrows(
        TimeoutException.class,
        () -> relay.completed().toCompletableFuture().get(SHORT.toMillis(), TimeUnit.MILLISECONDS));
  }

  private static void assertFailedWithTheStatus(Relay relay) {
    ExecutionException failure =
        assertThrows(
            ExecutionException.class,
            () -> relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS));
    String message = failure.getCause().getMessage();
    assertTrue(message.endsWith("exited with status 7"), message);
  }

  @Test
  void allOfItAndThenTheCut() throws Exception {
    try (LogLines log = new LogLines()) {
      Relay relay = unread("?closeTimeout=1h", RelayOptions.defaults());
      assertWaits(relay);
      ByteBuffer got = ByteBuffer.allocate(BYTES + 1);
      assertThrows(
          IOException.class,
          () -> {
            while (client.read(got) >= 0) {
              assertTrue(got.hasRemaining());
            }
          });
      assertEquals(BYTES, got.position());
      assertFailedWithTheStatus(relay);
      assertEquals(0, log.count("may be lost"));
    }
  }

  @Test
  void notForLongerThanACloseWouldTake() throws Exception {
    try (LogLines log = new LogLines()) {
      assertFailedWithTheStatus(unread("?closeTimeout=300ms", RelayOptions.defaults()));
      log.await("WARNING tcp", ": output may be lost", "did not take it within 300 ms");
    }
    ChannelOptions options = ChannelOptions.defaults().withCloseTimeout(SHORT);
    client.close();
    openClient();
    assertFailedWithTheStatus(unread("", RelayOptions.defaults().withFrom(options)));
  }

  @Test
  void notForLongerThanALimitWhichDoesNotHideTheStatus() throws Exception {
    assertFailedWithTheStatus(
        unread("?closeTimeout=1h", RelayOptions.defaults().withTotal(Wait.upTo(LONG))));
  }

  @Test
  void aProgramThatFailedCountsMoreThanOneThatHasEndedWellBefore() throws Exception {
    Relay relay =
        penstock
            .relays()
            .create(
                Endpoint.parse("shell:cat >" + folder.resolve("got")),
                Endpoint.parse("shell:echo all; exec >&-; read line; exit 7"),
                RelayOptions.defaults());
    relay.start();
    assertFailedWithTheStatus(relay);
    assertEquals("all\n", Files.readString(folder.resolve("got")));
  }

  @Test
  void notForAPeerThatHasGone() throws Exception {
    Relay relay = unread("?closeTimeout=1h", RelayOptions.defaults());
    assertWaits(relay);
    client.setOption(StandardSocketOptions.SO_LINGER, 0);
    client.close();
    assertFailedWithTheStatus(relay);
  }

  @Test
  void notOnceTheRelayIsStopped() throws Exception {
    Relay relay = unread("?closeTimeout=1h", RelayOptions.defaults());
    assertWaits(relay);
    relay.close();
    relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }
}
