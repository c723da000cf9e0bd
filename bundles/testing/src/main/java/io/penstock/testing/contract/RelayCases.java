// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.error.StreamTimeoutException;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A relay takes channels of the kind like any other. */
abstract class RelayCases extends PollerCases {
  /** Another pair of channels, in memory, so that each case relays between two kinds. */
  private ChannelPair memory() {
    return services().channels().pair(ChannelOptions.defaults());
  }

  @Case(needs = {Trait.TWO_PARTIES, Trait.DUPLEX, Trait.HALF_CLOSE})
  void relayCarriesBothDirectionsAndTheirEnds() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay = services().relays().create(far(), pair.left(), RelayOptions.defaults())) {
      relay.start();
      int size = 300_000;
      Task<Void> there =
          asyncRun(
              () -> {
                near().sink().writeFully(bytes(size), Wait.upTo(LONG));
                near().sink().end();
              });
      Task<Void> back =
          asyncRun(
              () -> {
                pair.right().sink().writeFully(bytes(size / 2), Wait.upTo(LONG));
                pair.right().sink().end();
              });
      Task<ByteBuffer> answer =
          async(() -> near().source().readAll(Integer.MAX_VALUE, Wait.upTo(LONG)));
      assertEquals(bytes(size), pair.right().source().readAll(Integer.MAX_VALUE, Wait.upTo(LONG)));
      assertEquals(bytes(size / 2), answer.get());
      there.get();
      back.get();
      join(relay.completed());
      assertEquals(size, relay.forwarded());
      assertEquals(size / 2, relay.returned());
    }
    release(pair.right());
  }

  @Case(needs = {Trait.DUPLEX, Trait.HALF_CLOSE})
  void relayBringsBackWhatAMirrorReturns() throws Exception {
    Task<Void> mirror = asyncRun(this::reflect);
    ChannelPair pair = memory();
    int size = 300_000;
    try (Relay relay = services().relays().create(pair.right(), near(), RelayOptions.defaults())) {
      relay.start();
      Task<Void> writer =
          asyncRun(
              () -> {
                pair.left().sink().writeFully(bytes(size), Wait.upTo(LONG));
                pair.left().sink().end();
              });
      assertEquals(bytes(size), pair.left().source().readAll(Integer.MAX_VALUE, Wait.upTo(LONG)));
      writer.get();
      mirror.get();
      join(relay.completed());
      assertEquals(size, relay.forwarded());
      assertEquals(size, relay.returned());
    }
    release(pair.left());
  }

  /** Sends back what comes, where the peer does not do so by itself. */
  private void reflect() throws IOException {
    if (kind().has(Trait.TWO_PARTIES)) {
      long moved = 0;
      while (moved >= 0) {
        moved = far().source().transferTo(far().sink(), Long.MAX_VALUE, Wait.upTo(LONG));
      }
      closeWithSuccess(far());
    }
  }

  @Case(needs = Trait.TWO_PARTIES)
  void relayOneWayEndsWithItsInput() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay =
        services().relays().create(far(), pair.left(), RelayOptions.defaults().withOneWay(true))) {
      relay.start();
      near().sink().writeFully("abc", Wait.upTo(LONG));
      near().sink().end();
      assertEquals("abc", text(pair.right().source().readAll(99, Wait.upTo(LONG))));
      join(relay.completed());
    }
    release(pair.right());
  }

  @Case(needs = Trait.TWO_PARTIES)
  void relayInTheOtherDirectionDeliversToTheKind() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay =
        services()
            .relays()
            .create(pair.right(), near(), RelayOptions.defaults().withOneWay(true))) {
      relay.start();
      pair.left().sink().writeFully("abc", Wait.upTo(LONG));
      assertEquals("abc", receive(3));
    }
    release(pair.left());
  }

  @Case(needs = {Trait.TWO_PARTIES, Trait.DUPLEX})
  void failureOfOneSideAbortsTheOtherAndIsNamed() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay = services().relays().create(pair.right(), near(), RelayOptions.defaults())) {
      relay.start();
      pair.left().sink().writeFully("abc", Wait.upTo(LONG));
      assertEquals("abc", receive(3));
      IOException cause = new IOException("cut on purpose");
      pair.left().abort(cause);
      RelayException failed = assertInstanceOf(RelayException.class, failure(relay.completed()));
      assertEquals(pair.right().endpoint(), failed.endpoint());
      assertThrows(IOException.class, () -> near().write(bytes("x")));
    }
  }

  @Case(needs = {Trait.ABORT_SEEN, Trait.TWO_PARTIES, Trait.DUPLEX})
  void failureOfTheKindReachesTheOtherSideAsAFailure() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay = services().relays().create(far(), pair.left(), RelayOptions.defaults())) {
      relay.start();
      near().abort(new IOException("cut on purpose"));
      RelayException failed = assertInstanceOf(RelayException.class, failure(relay.completed()));
      assertEquals(far().endpoint(), failed.endpoint());
      assertThrows(IOException.class, () -> pair.right().source().readAll(99, Wait.upTo(LONG)));
    }
  }

  @Case(needs = {Trait.BOUNDED, Trait.TWO_PARTIES, Trait.DUPLEX})
  void relayCarriesBackPressure() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay =
        services().relays().create(far(), pair.left(), RelayOptions.defaults().withBuffer(4096))) {
      relay.start();
      // The far end of the relay has no reader, so the writer stalls in the end.
      long filled = 0;
      boolean stalled = false;
      while (!stalled) {
        assertTrue(filled < 64 << 20, "the relay has no back-pressure");
        try {
          near().sink().awaitWritable(Wait.upTo(Duration.ofMillis(200)));
          filled += near().sink().write(bytes(8192), NONE);
        } catch (StreamTimeoutException e) {
          stalled = true;
        }
      }
      long expected = filled;
      near().sink().end();
      ByteBuffer all = pair.right().source().readAll(Integer.MAX_VALUE, Wait.upTo(LONG));
      assertEquals(expected, all.remaining());
    }
    release(pair.right());
  }

  @Case(needs = Trait.DUPLEX)
  void closedRelayReleasesBothSides() throws Exception {
    ChannelPair pair = memory();
    Relay relay = services().relays().create(far(), pair.left(), RelayOptions.defaults());
    relay.start();
    assertEquals(1, active(relay));
    relay.close();
    relay.close();
    CompletableFuture<Void> completed = relay.completed().toCompletableFuture();
    completed.get(LONG.toSeconds(), TimeUnit.SECONDS);
    assertSoon(() -> !far().isOpen() || far().closed().toCompletableFuture().isDone());
    assertThrows(IOException.class, () -> pair.right().source().read(room(1), Wait.upTo(LONG)));
  }

  private static int active(Relay relay) throws Exception {
    assertSoon(() -> relay.active() > 0);
    return relay.active();
  }
}
