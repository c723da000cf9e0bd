// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.error.BrokenPipeException;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Framing;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import io.penstock.testing.TestChannel;
import io.penstock.testing.contract.Case;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Subject;
import io.penstock.testing.contract.Trait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Nested;

/** The channel whose peer is the test. */
class TestChannelTest {
  private static Kind kind(boolean reverse) {
    return Kind.of(
            reverse ? "test-channel-back" : "test-channel",
            () -> {
              TestChannel channel = TestChannel.open(Bench.PENSTOCK.channels());
              channel.stall(true);
              return reverse
                  ? Subject.of(channel.testSide(), channel)
                  : Subject.of(channel, channel.testSide());
            })
        .without(Trait.LISTENS, "it is made, not connected")
        .without(Trait.CONNECT_REFUSED, "it is made, not connected")
        .without(Trait.CLOSE_DRAINS, "a writer whose reader has gone is told")
        .without(Trait.VERDICT, "the peer is a test and no program");
  }

  @Nested
  class Written extends ContractSuite {
    @Override
    protected Kind kind() {
      return TestChannelTest.kind(false);
    }
  }

  @Nested
  class Put extends ContractSuite {
    @Override
    protected Kind kind() {
      return TestChannelTest.kind(true);
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return TestChannelTest.kind(false);
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }

  @Case
  void putSuppliesWhatIsRead() throws IOException {
    try (TestChannel channel = TestChannel.open(Bench.PENSTOCK.channels())) {
      channel.put("one\ntw");
      channel.put((byte) 'o', (byte) '\n');
      assertEquals("one", line(channel));
      assertEquals("two", line(channel));
      assertEquals(0, channel.source().read(ByteBuffer.allocate(1), Wait.none()));
      channel.putEnd();
      assertEquals(-1, channel.read(ByteBuffer.allocate(1)));
    }
  }

  private static String line(TestChannel channel) throws IOException {
    return channel.source().readLine(StandardCharsets.UTF_8, 99, Terminator.STRIP, Bench.SOON);
  }

  @Case
  void putNeverWaitsHoweverMuchItIs() throws IOException {
    byte[] much = new byte[1_000_000];
    try (TestChannel channel = TestChannel.open(Bench.PENSTOCK.channels())) {
      channel.put(much);
      channel.put("end");
      channel.putEnd();
      ByteBuffer all = channel.source().readAll(2_000_000, Bench.SOON);
      assertEquals(1_000_003, all.remaining());
      assertEquals("end", StandardCharsets.UTF_8.decode(all.position(1_000_000)).toString());
    }
  }

  @Case
  void getFetchesEverythingWrittenSinceTheLastGetAsOnePiece() throws IOException {
    try (TestChannel channel = TestChannel.open(Bench.PENSTOCK.channels())) {
      assertArrayEquals(new byte[0], channel.get());
      channel.sink().writeFully("one", Bench.SOON);
      channel.sink().writeFully("two", Bench.SOON);
      assertEquals("onetwo", channel.getText());
      assertEquals("", channel.getText());
      channel.sink().writeFully("three", Bench.SOON);
      assertFalse(channel.writtenToTheEnd());
      channel.sink().end();
      assertTrue(channel.writtenToTheEnd());
      assertEquals("three", channel.getText());
    }
  }

  @Case
  void writerNeverWaitsForTheTestUnlessItIsStalled() throws IOException {
    try (TestChannel channel = TestChannel.open(Bench.PENSTOCK.channels())) {
      channel.sink().writeFully(ByteBuffer.allocate(1_000_000), Bench.SOON);
      assertEquals(1_000_000, channel.get().length);
      channel.stall(true);
      int written = 0;
      for (int n = 1; n > 0; written += n) {
        n = channel.sink().write(ByteBuffer.allocate(4096), Wait.none());
      }
      assertEquals(0, channel.sink().room());
      assertEquals(written, channel.get().length);
      assertTrue(channel.sink().room() > 0);
    }
  }

  @Case
  void failIsThrownAfterWhatWasPut() throws IOException {
    TestChannel channel = TestChannel.open(Bench.PENSTOCK.channels());
    channel.put("abc");
    channel.sink().writeFully("written before", Bench.SOON);
    channel.fail(new IOException("cut by the test"));
    ByteBuffer abc = ByteBuffer.allocate(3);
    channel.source().readFully(abc, Bench.SOON);
    IOException thrown =
        assertThrows(IOException.class, () -> channel.read(ByteBuffer.allocate(1)));
    assertTrue(String.valueOf(thrown.getMessage()).contains("cut by the test"));
    assertEquals("written before", channel.getText());
    channel.close();
  }

  @Case
  void putAfterTheEndIsRefused() throws IOException {
    try (TestChannel channel = TestChannel.open(Bench.PENSTOCK.channels())) {
      channel.putEnd();
      assertThrows(BrokenPipeException.class, () -> channel.put("late"));
    }
  }

  @Case
  void pollerAndRelayTakeItLikeAnyChannel() throws Exception {
    try (TestChannel channel = TestChannel.open(Bench.PENSTOCK.channels());
        Poller poller = Bench.SERVICES.pollers().get()) {
      poller.register(channel.source(), Framing.lines(99));
      channel.put("polled\n");
      List<PollEvent> events = poller.poll(Bench.SOON);
      PollEvent.Data data = (PollEvent.Data) events.get(0);
      assertEquals("polled\n", StandardCharsets.UTF_8.decode(data.bytes()).toString());
    }
    TestChannel from = TestChannel.open(Bench.PENSTOCK.channels());
    ChannelPair pair = Bench.PENSTOCK.channels().pair(ChannelOptions.defaults());
    try (Relay relay = Bench.PENSTOCK.relays().create(from, pair.left(), RelayOptions.defaults())) {
      relay.start();
      from.put("relayed");
      from.putEnd();
      ByteBuffer got = pair.right().source().readAll(99, Bench.SOON);
      assertEquals("relayed", StandardCharsets.UTF_8.decode(got).toString());
      pair.right().sink().writeFully("answer", Bench.SOON);
      pair.right().sink().end();
      relay.completed().toCompletableFuture().get(20, java.util.concurrent.TimeUnit.SECONDS);
      assertEquals("answer", from.getText());
    }
  }
}
