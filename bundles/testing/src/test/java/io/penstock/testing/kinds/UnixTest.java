// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.AddressException;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.stream.Framing;
import io.penstock.testing.contract.Case;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;

/** Unix sockets at a path. */
class UnixTest {
  @TempDir static Path folder;

  @Case
  void nameThatIsTooLongIsRefusedAndNeverCut() {
    // More than a file system takes for one name; a path of shorter ones may be of any length.
    assertEquals(AddressException.Kind.NAME_TOO_LONG, refusal(folder.resolve("x".repeat(256))));
  }

  @Case
  void plainFileOfThatNameIsInUseAndAMissingFolderIsNotFound() throws Exception {
    Path file = Files.createFile(folder.resolve(Bench.fresh("plain")));
    assertEquals(AddressException.Kind.IN_USE, refusal(file));
    assertTrue(Files.exists(file), "what is not ours is not removed");
    assertEquals(AddressException.Kind.NOT_FOUND, refusal(folder.resolve("missing").resolve("s")));
  }

  private static AddressException.Kind refusal(Path path) {
    Endpoint endpoint = Endpoint.parse("unix-listen:" + path);
    return assertThrows(
            AddressException.class,
            () -> Bench.PENSTOCK.channels().listen(endpoint, ChannelOptions.defaults()))
        .kind();
  }

  @Case
  void closedListenerRemovesItsPath() throws Exception {
    Path path = folder.resolve(Bench.fresh("s"));
    Listener listener =
        Bench.PENSTOCK
            .channels()
            .listen(Endpoint.parse("unix-listen:" + path), ChannelOptions.defaults());
    assertTrue(Files.exists(path));
    listener.close();
    assertFalse(Files.exists(path));
  }

  @Case
  void failuresToConnectAreToldByTheirKindWithThePath() throws Exception {
    Path missing = folder.resolve(Bench.fresh("missing"));
    Path plain = Files.createFile(folder.resolve(Bench.fresh("plain")));
    Path deaf = folder.resolve(Bench.fresh("deaf"));
    // Bound, and nobody listens any more.
    try (ServerSocketChannel gone = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      gone.bind(UnixDomainSocketAddress.of(deaf));
    }
    for (String options : List.of("", "?handles=true")) {
      assertConnectFails(AddressException.Kind.NOT_FOUND, missing.toString(), options);
      assertConnectFails(AddressException.Kind.REFUSED, plain.toString(), options);
      assertConnectFails(AddressException.Kind.REFUSED, deaf.toString(), options);
      assertConnectFails(AddressException.Kind.INVALID, "", options);
      assertConnectFails(AddressException.Kind.NAME_TOO_LONG, "/" + "x".repeat(256), options);
    }
  }

  private static void assertConnectFails(AddressException.Kind kind, String path, String options) {
    AddressException failure =
        assertThrows(AddressException.class, () -> Bench.open("unix:" + path + options));
    assertEquals(kind, failure.kind(), failure.toString());
    assertTrue(failure.getMessage().contains("unix:" + path), failure.toString());
  }

  @Case
  void namesAreThoseOfThePathThatIsBound() throws Exception {
    for (String options : List.of("", "?handles=true")) {
      Path path = folder.resolve(Bench.fresh("n"));
      try (Listener listener =
              Bench.PENSTOCK
                  .channels()
                  .listen(
                      Endpoint.parse("unix-listen:" + path + options), ChannelOptions.defaults());
          Channel client = Bench.open("unix:" + path + options);
          Channel server = listener.accept(Bench.SOON)) {
        assertEquals(path.toString(), listener.endpoint().address());
        assertEquals(UnixDomainSocketAddress.of(path), client.peer().orElseThrow());
        assertEquals(UnixDomainSocketAddress.of(path), server.local().orElseThrow());
        assertTrue(client.local().isEmpty());
        assertTrue(server.peer().isEmpty());
      }
    }
  }

  /** Named pipes of Windows have waiting instances; a Unix socket has its backlog. */
  @Case
  void numberOfPendingInstancesIsNoOptionOfAUnixSocket() {
    Endpoint endpoint =
        Endpoint.parse("unix-listen:" + folder.resolve("i") + "?pendingInstances=4");
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> Bench.PENSTOCK.channels().listen(endpoint, ChannelOptions.defaults()));
    assertTrue(refused.getMessage().contains("'pendingInstances' is unknown to unix-listen:"));
    assertTrue(refused.getMessage().contains("backlog"), refused.getMessage());
  }

  /** Nothing of ours keeps a program running. */
  @Case
  void everyThreadOfAListenerAndItsPollerIsADaemon() throws Exception {
    Path path = folder.resolve(Bench.fresh("d"));
    try (Poller poller = Bench.PENSTOCK.poller();
        Listener listener =
            Bench.PENSTOCK
                .channels()
                .listen(Endpoint.parse("unix-listen:" + path), ChannelOptions.defaults())) {
      poller.register(listener, Framing.bytes());
      CountDownLatch accepted = new CountDownLatch(1);
      poller.start(
          new ChannelHandler() {
            @Override
            public void opened(Registration from, Channel channel, Registration client) {
              accepted.countDown();
            }
          });
      try (Channel client = Bench.open("unix:" + path)) {
        assertTrue(accepted.await(20, TimeUnit.SECONDS));
        assertTrue(client.isOpen());
        for (Thread each : Thread.getAllStackTraces().keySet()) {
          assertTrue(!each.getName().startsWith("penstock-") || each.isDaemon(), each.getName());
        }
      }
      poller.closeAll();
    }
  }
}
