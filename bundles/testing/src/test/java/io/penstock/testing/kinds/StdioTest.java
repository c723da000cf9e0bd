// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.ProcessFacet;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.testing.contract.Case;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Nested;

/** The standard streams, of a child that relays them to an echo. */
class StdioTest {
  @Nested
  class Ends extends ContractSuite {
    @Override
    protected Kind kind() {
      return Kind.unavailable(
          "stdio",
          "a process has its standard streams once, and this one's belong to the test run;"
              + " StdioTest works in a child");
    }
  }

  /** The child. */
  static final class Mirror {
    private Mirror() {}

    public static void main(String[] args) throws Exception {
      try (Penstock penstock = Penstock.open();
          Relay relay =
              penstock
                  .relays()
                  .create(
                      Endpoint.parse("stdio:"), Endpoint.parse("echo:"), RelayOptions.defaults())) {
        relay.start();
        relay.completed().toCompletableFuture().get(60, TimeUnit.SECONDS);
      }
    }
  }

  private static Channel mirror() throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String command =
        "exec '"
            + java
            + "' -cp '"
            + System.getProperty("java.class.path")
            + "' '"
            + Mirror.class.getName()
            + "'";
    return Bench.open("shell:" + command, ChannelOptions.defaults().with("stderr", "pipe"));
  }

  private static OptionalInt status(Channel channel) throws IOException {
    return channel.facet(ProcessFacet.class).orElseThrow().exitStatus(Bench.SOON);
  }

  @Case(seconds = 60)
  void bytesAndTheEndGoThroughTheStandardStreams() throws Exception {
    Channel channel = mirror();
    channel.sink().writeFully("hello\n", Bench.SOON);
    ByteBuffer back = ByteBuffer.allocate(6);
    channel.source().readFully(back, Bench.SOON);
    assertEquals("hello\n", StandardCharsets.UTF_8.decode(back.flip()).toString());
    channel.sink().end();
    assertEquals(0, channel.source().readAll(9, Bench.SOON).remaining());
    assertEquals(OptionalInt.of(0), status(channel));
    channel.close();
  }

  @Case(seconds = 60)
  void muchDataGoesThroughTheStandardStreamsUnchanged() throws Exception {
    byte[] data = new byte[3_000_000];
    new Random(7).nextBytes(data);
    Channel channel = mirror();
    channel.sink().writeAsync(ByteBuffer.wrap(data)).toCompletableFuture();
    channel.sink().end();
    assertEquals(ByteBuffer.wrap(data), channel.source().readAll(data.length, Bench.SOON));
    assertEquals(OptionalInt.of(0), status(channel));
    channel.close();
  }
}
