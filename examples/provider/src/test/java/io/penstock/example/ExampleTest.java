// SPDX-License-Identifier: Apache-2.0
package io.penstock.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.error.ExitException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.RequestRejectedException;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What is awkward about it, seen from outside. */
class ExampleTest {
  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }

  private static String read(ByteSource source, int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(count);
    source.readFully(buffer, Bench.SOON);
    return text(buffer.flip());
  }

  @Case
  void twoInputsAreIndependent() throws Exception {
    Bench.Both both = Bench.meet("");
    ByteSource errors = both.clientFacet().errorSource().orElseThrow();
    both.serverFacet().errorSink().orElseThrow().writeFully("warning", Bench.SOON);
    assertEquals(0, both.client().source().read(ByteBuffer.allocate(1), Wait.none()));
    both.server().sink().writeFully("answer", Bench.SOON);
    assertEquals("answer", read(both.client().source(), 6));
    assertEquals("warning", read(errors, 7));
    both.server().close();
    assertEquals(-1, errors.read(ByteBuffer.allocate(1), Bench.SOON));
    both.client().close();
    assertFalse(errors.isOpen(), "the second input is closed with its channel");
    both.release();
  }

  @Case
  void aPollerWaitsForBothInputsAtOnce() throws Exception {
    Bench.Both both = Bench.meet("");
    try (Poller poller = Bench.SERVICES.pollers().get()) {
      poller.register(both.client().source(), Framing.lines(99)).attach("out");
      poller
          .register(both.clientFacet().errorSource().orElseThrow(), Framing.lines(99))
          .attach("err");
      both.server().sink().writeFully("one\n", Bench.SOON);
      both.serverFacet().errorSink().orElseThrow().writeFully("two\n", Bench.SOON);
      List<String> got = new ArrayList<>();
      while (got.size() < 2) {
        for (PollEvent event : poller.poll(Bench.SOON)) {
          PollEvent.Data data = assertInstanceOf(PollEvent.Data.class, event);
          got.add(data.registration().attachment() + ":" + text(data.bytes()));
        }
      }
      got.sort(null);
      assertEquals(List.of("err:two\n", "out:one\n"), got);
    } finally {
      both.release();
    }
  }

  @Case
  void creditIsTheRoomAndComesBackWithConsumption() throws Exception {
    Bench.Both both = Bench.meet("?window=100B");
    assertEquals(100, both.client().sink().room());
    assertEquals(100, both.client().sink().write(ByteBuffer.allocate(150), Wait.none()));
    assertEquals(0, both.client().sink().room());
    read(both.server().source(), 30);
    assertEquals(30, both.client().sink().room());
    assertEquals(30, both.client().sink().write(ByteBuffer.allocate(150), Wait.none()));
    both.release();
  }

  @Case
  void bytesThatNoSelectorSeesAreRead() throws Exception {
    Bench.Both both = Bench.meet("");
    both.client().sink().writeFully("abcdef", Bench.SOON);
    // The first byte empties the system's pipe; the others wait, decrypted, in the driver.
    assertEquals("a", read(both.server().source(), 1));
    assertEquals(5, both.server().source().available());
    both.server().source().awaitReadable(Wait.none());
    assertTrue(both.server().source().readable().isSet());
    try (Poller poller = Bench.SERVICES.pollers().get()) {
      poller.register(both.server().source(), Framing.fixed(5));
      PollEvent.Data data = assertInstanceOf(PollEvent.Data.class, poller.poll(Bench.SOON).get(0));
      assertEquals("bcdef", text(data.bytes()));
    }
    both.release();
  }

  @Case
  void exitStatusDecidesAndOutputIsDeliveredFirst() throws Exception {
    Bench.Both both = Bench.meet("");
    assertEquals(OptionalInt.empty(), both.clientFacet().exitStatus());
    both.server().sink().writeFully("last words", Bench.SOON);
    both.serverFacet().exit(7);
    assertThrows(RequestRejectedException.class, () -> both.serverFacet().exit(0));
    both.server().close();
    ExecutionException failed =
        assertThrows(
            ExecutionException.class,
            () -> both.client().gone().toCompletableFuture().get(20, TimeUnit.SECONDS));
    assertEquals(7, assertInstanceOf(ExitException.class, failed.getCause()).status());
    assertEquals(OptionalInt.of(7), both.clientFacet().exitStatus());
    assertEquals("last words", text(both.client().source().readAll(99, Bench.SOON)));
    assertThrows(NotSupportedException.class, () -> both.clientFacet().exit(0));
    both.release();
  }

  @Case
  void requestsAreGrantedOrRefused() throws Exception {
    Bench.Both both = Bench.meet("?grant=shell, pty");
    both.clientFacet().request("shell");
    both.clientFacet().request("pty");
    RequestRejectedException refused =
        assertThrows(RequestRejectedException.class, () -> both.clientFacet().request("subsystem"));
    assertTrue(String.valueOf(refused.getMessage()).contains("subsystem"));
    assertThrows(RequestRejectedException.class, () -> both.serverFacet().request("shell"));
    both.client().sink().end();
    assertThrows(RequestRejectedException.class, () -> both.clientFacet().request("shell"));
    both.release();
  }

  @Case
  void aRelayFailsWithTheExitStatusAfterAllOutput() throws Exception {
    Bench.Both both = Bench.meet("");
    ChannelPair pair = Bench.PENSTOCK.channels().pair(ChannelOptions.defaults());
    try (Relay relay =
        Bench.PENSTOCK.relays().create(pair.left(), both.client(), RelayOptions.defaults())) {
      relay.start();
      both.server().sink().writeFully("last words", Bench.SOON);
      assertEquals("last words", read(pair.right().source(), 10));
      both.serverFacet().exit(7);
      both.server().close();
      ExecutionException failed =
          assertThrows(
              ExecutionException.class,
              () -> relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS));
      RelayException named = assertInstanceOf(RelayException.class, failed.getCause());
      assertEquals(both.client().endpoint(), named.endpoint());
      assertThrows(IOException.class, () -> pair.right().source().readAll(99, Bench.SOON));
    }
    both.release();
  }

  @Case
  void aRelayEndsWithSuccessOnStatusZero() throws Exception {
    Bench.Both both = Bench.meet("");
    ChannelPair pair = Bench.PENSTOCK.channels().pair(ChannelOptions.defaults());
    try (Relay relay =
        Bench.PENSTOCK.relays().create(pair.left(), both.client(), RelayOptions.defaults())) {
      relay.start();
      both.server().sink().writeFully("done", Bench.SOON);
      both.serverFacet().exit(0);
      both.server().close();
      assertEquals("done", text(pair.right().source().readAll(99, Bench.SOON)));
      relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
    both.release();
  }

  @Test
  void badOptionsAreRefusedNamingKeyAndValue() {
    for (String options : List.of("?window=0", "?window=2MiB", "?window=much")) {
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  Bench.PENSTOCK
                      .channels()
                      .listen(Bench.listening(options), ChannelOptions.defaults()));
      assertThrows(
          IllegalArgumentException.class,
          () ->
              Bench.PENSTOCK
                  .relays()
                  .create(
                      Bench.listening(options),
                      Endpoint.parse("mem:nobody"),
                      RelayOptions.defaults()));
      String value = options.substring(options.indexOf('=') + 1);
      assertTrue(String.valueOf(refused.getMessage()).contains(value), refused.toString());
    }
  }
}
