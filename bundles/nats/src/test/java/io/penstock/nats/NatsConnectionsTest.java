// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.StreamClosedException;
import io.penstock.nats.support.NatsCluster;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.SilentListener;
import io.penstock.spi.PipeContext;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How many connections the server has with us, as the server itself says. */
@SuppressWarnings("try")
@Timeout(120)
class NatsConnectionsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(40));

  private static NatsCluster server;

  @BeforeAll
  static void begin() throws Exception {
    server = NatsCluster.start(1);
  }

  @AfterAll
  static void end() {
    server.close();
  }

  private static Channel open(Penstock penstock, String name, String keys) throws IOException {
    return open(penstock, server, name, "replicas=1&" + keys);
  }

  private static Channel open(Penstock penstock, NatsCluster of, String name, String keys)
      throws IOException {
    String servers = of.servers().replace(",nats://", ",");
    return penstock
        .channels()
        .open(
            Endpoint.parse("durable:" + servers + "/" + name + "?" + keys),
            ChannelOptions.defaults(),
            SOON);
  }

  @Test
  void pipesShareAConnectionUntilTheLastIsClosed() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      try (Channel writer = open(penstock, "first", "mode=write")) {
        try (Channel reader = open(penstock, "first", "mode=read");
            Channel other = open(penstock, "second", "mode=write")) {
          writer.sink().writeFully(FaultMain.bytes(0, 1000), SOON);
          other.sink().writeFully(FaultMain.bytes(0, 1000), SOON);
          ByteBuffer some = ByteBuffer.allocate(1000);
          reader.source().readFully(some, SOON);
          FaultMain.check(some.flip(), 0);
          server.awaitConnections(0, 1);
        }
        writer.sink().writeFully(FaultMain.bytes(1000, 1000), SOON);
        writer.sink().flush(SOON);
        server.awaitConnections(0, 1);
      }
      server.awaitConnections(0, 0);
    }
  }

  @Test
  void aWriterIsConnectedToTheServerThatLeads() throws Exception {
    try (NatsCluster servers = NatsCluster.start(3);
        Penstock penstock = Penstock.open()) {
      servers.awaitReady();
      for (int pipe = 0; pipe < 5; pipe++) {
        String name = "led" + pipe;
        try (Channel writer = open(penstock, servers, name, "mode=write");
            Channel reader = open(penstock, servers, name, "mode=read")) {
          writer.sink().writeFully(FaultMain.bytes(0, 1000), SOON);
          ByteBuffer some = ByteBuffer.allocate(1000);
          reader.source().readFully(some, SOON);
          FaultMain.check(some.flip(), 0);
          reader.close();
          int leader = servers.leaderOf("penstock-" + name);
          for (int each = 0; each < 3; each++) {
            servers.awaitConnections(each, each == leader ? 1 : 0);
          }
        }
        for (int each = 0; each < 3; each++) {
          servers.awaitConnections(each, 0);
        }
      }
    }
  }

  @Test
  void aStopLeavesNoConnection() throws Exception {
    Penstock penstock = Penstock.open();
    Channel writer = open(penstock, "stopped", "mode=write");
    writer.sink().writeFully(FaultMain.bytes(0, 1000), SOON);
    server.awaitConnections(0, 1);
    penstock.close();
    server.awaitConnections(0, 0);
  }

  @Test
  void anOpeningEndsWhenTheProviderGoes() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      NatsPipes pipes = new NatsPipes();
      Endpoint place = Endpoint.parse("nats://127.0.0.1:" + silent.getLocalPort() + "/never");
      CompletableFuture<?> opening =
          pipes.open(place, ChannelOptions.defaults(), new Context()).toCompletableFuture();
      silent.accept().close();
      pipes.close();
      ExecutionException ended = assertThrows(ExecutionException.class, opening::get);
      assertInstanceOf(StreamClosedException.class, ended.getCause());
    }
  }

  @Test
  void aRefusedOpeningLeavesNoConnection() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      try (Channel unused = open(penstock, "kept", "mode=write")) {
        server.awaitConnections(0, 1);
      }
      assertThrows(
          AddressException.class, () -> open(penstock, "kept", "mode=write&sync=none").close());
      server.awaitConnections(0, 0);
    }
  }

  @Test
  void aRegistryThatIsClosedLeavesNoConnection() throws Exception {
    RegistrySettings settings =
        new RegistrySettings(server.urls(), Duration.ofSeconds(3), 1, Map.of(), Map.of());
    try (Registry registry = new NatsRegistries().open("node", settings, new SilentListener())) {
      registry.watch("name");
      server.awaitConnections(0, 1);
    }
    server.awaitConnections(0, 0);
  }

  /** Runs at once. */
  private static final class Context implements PipeContext {
    @Override
    public String name() {
      return "never";
    }

    @Override
    public Executor executor() {
      return Runnable::run;
    }

    @Override
    public Future<?> after(Duration delay, Runnable task) {
      throw new UnsupportedOperationException();
    }
  }
}
