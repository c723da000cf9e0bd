// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.posix.Modes;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.runtime.RelayDTO;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** A relay asks for a larger send buffer where a flood fills it over and over, and nowhere else. */
@ParameterizedClass
@ValueSource(strings = {"none", "jna", "foreign"})
class SendBufferTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions PLAIN = ChannelOptions.defaults();

  /** Below what every system gives, so that there is more to get. */
  private static final int FIRST = 32 * 1024;

  private static final int LOOK = 4 << 20;
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  @TempDir Path folder;

  private final Penstock penstock;
  private final LongAdder grown = new LongAdder();
  private int sockets;
  private Channel left;
  private Channel right;
  private BufferFacet buffers;
  private Relay relay;

  SendBufferTest(String mode) {
    assumeTrue(!mode.equals("foreign") || Modes.hasForeign(), "this Java is too old");
    this.penstock = Modes.open(mode);
  }

  @AfterEach
  void close() {
    penstock.close();
  }

  /** The end that connects, and the one that was accepted. */
  private Channel[] connected(String scheme) throws IOException {
    String there =
        scheme.equals("tcp")
            ? "tcp-listen://127.0.0.1:0"
            : "unix-listen:" + folder.resolve("s" + sockets++);
    try (Listener listener = penstock.channels().listen(Endpoint.parse(there), PLAIN)) {
      Endpoint here = Endpoint.parse(listener.endpoint().toString().replace("-listen", ""));
      Channel client = penstock.channels().open(here, PLAIN, SOON);
      return new Channel[] {client, listener.accept(SOON)};
    }
  }

  // ---- by itself

  private SendBuffer alone(Channel channel, int most) throws IOException {
    buffers = channel.facet(BufferFacet.class).orElseThrow();
    assertEquals(FIRST, buffers.sendBuffer(FIRST));
    return new SendBuffer((SinkEnd) channel.sink(), most, grown, 0);
  }

  /** What comes until the next look, of which so many parts filled the buffer. */
  private static void move(SendBuffer buffer, int fills, long now) {
    for (int i = 0; i < fills; i++) {
      buffer.filled();
    }
    buffer.moved(LOOK, now);
  }

  @Test
  void itGrowsInStepsUpToTheBound() throws Exception {
    SendBuffer buffer = alone(connected("unix")[0], 100_000);
    assertEquals(0, buffer.size());
    move(buffer, 128, 1);
    assertEquals(2 * FIRST, buffer.size());
    assertEquals(2 * FIRST, buffers.sendBuffer());
    move(buffer, 128, 2);
    assertEquals(100_000, buffer.size());
    move(buffer, 1000, 3);
    assertEquals(100_000, buffer.size());
    assertEquals(100_000, buffers.sendBuffer());
    assertEquals(2, grown.sum());
  }

  @Test
  void itTellsWhatItGotAndAsksNoMoreWhereTheSystemHasABound() throws Exception {
    SendBuffer buffer = alone(connected("unix")[0], 1 << 30);
    for (int i = 0; i < 30; i++) {
      move(buffer, 1000, i);
    }
    int bound = connected("unix")[0].facet(BufferFacet.class).orElseThrow().sendBuffer(1 << 30);
    assertTrue(bound > FIRST, "the system gives " + bound);
    assertEquals(bound, buffer.size());
    assertEquals(bound, buffers.sendBuffer());
    buffers.sendBuffer(FIRST);
    move(buffer, 1000, 31);
    assertEquals(FIRST, buffers.sendBuffer());
  }

  @Test
  void itStaysWhereItIsSeldomFull() throws Exception {
    SendBuffer buffer = alone(connected("unix")[0], 1 << 20);
    for (int i = 0; i < 10; i++) {
      move(buffer, 31, i);
    }
    assertEquals(FIRST, buffers.sendBuffer());
    move(buffer, 32, 10);
    assertEquals(2 * FIRST, buffers.sendBuffer());
  }

  @Test
  void itStaysForAReaderThatIsSlowByItself() throws Exception {
    SendBuffer buffer = alone(connected("unix")[0], 1 << 20);
    move(buffer, 1000, SECOND);
    move(buffer, 1000, 2 * SECOND);
    assertEquals(FIRST, buffers.sendBuffer());
    assertEquals(0, grown.sum());
  }

  @Test
  void itStaysWhenItIsSwitchedOff() throws Exception {
    SendBuffer buffer = alone(connected("unix")[0], 0);
    move(buffer, 1000, 1);
    assertEquals(FIRST, buffers.sendBuffer());
  }

  @Test
  void theBuffersOfTcpAreLeftToTheSystem() throws Exception {
    Channel channel = connected("tcp")[0];
    buffers = channel.facet(BufferFacet.class).orElseThrow();
    final int before = buffers.sendBuffer();
    SendBuffer buffer = new SendBuffer((SinkEnd) channel.sink(), 1 << 20, grown, 0);
    move(buffer, 1000, 1);
    assertEquals(before, buffers.sendBuffer());
    assertEquals(0, buffer.size());
  }

  @Test
  void aChannelThatWasClosedIsNoFault() throws Exception {
    Channel channel = connected("unix")[0];
    SendBuffer buffer = alone(channel, 1 << 20);
    channel.close();
    move(buffer, 1000, 1);
    assertEquals(0, buffer.size());
  }

  // ---- in a relay

  private void relayed(RelayOptions options) throws IOException {
    Channel[] first = connected("unix");
    Channel[] second = connected("unix");
    left = first[0];
    right = second[1];
    buffers = second[0].facet(BufferFacet.class).orElseThrow();
    assertEquals(FIRST, buffers.sendBuffer(FIRST));
    relay = penstock.relays().create(first[1], second[0], options);
    relay.start();
  }

  private RelayDTO told() {
    return penstock.runtime().runtime().relays().get(0);
  }

  /** Writes until everything on the way is full, and takes it all then. */
  private void fillAndDrain() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(256 * 1024);
    int sent = 0;
    while (true) {
      try {
        sent += left.sink().write(bytes.clear(), Wait.upTo(Duration.ofMillis(20)));
      } catch (StreamTimeoutException e) {
        break;
      }
    }
    right.source().readFully(ByteBuffer.allocate(sent), SOON);
  }

  @Test
  void aFloodGrowsItAndTheStatisticsTellOfThat() throws Exception {
    int bound = 4 * FIRST;
    relayed(RelayOptions.defaults().withSendBufferLimit(bound));
    Peers.eventually(
        "the buffer has grown to its bound",
        () -> {
          try {
            fillAndDrain();
            return told().forwardBuffers().sendBuffer() == bound;
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
    assertEquals(bound, buffers.sendBuffer());
    assertEquals(2, told().forwardBuffers().grown());
    for (int i = 0; i < 20; i++) {
      fillAndDrain();
    }
    assertEquals(bound, buffers.sendBuffer());
    assertEquals(2, told().forwardBuffers().grown());
    assertEquals(0, told().returnBuffers().grown());
    assertEquals(0, told().returnBuffers().sendBuffer());
  }

  @Test
  void aFloodLeavesItWhenThatIsSwitchedOff() throws Exception {
    relayed(RelayOptions.defaults().withSendBufferLimit(0));
    while (relay.forwarded() < 4L * LOOK) {
      fillAndDrain();
    }
    assertEquals(FIRST, buffers.sendBuffer());
    assertEquals(0, told().forwardBuffers().grown());
  }

  @Test
  void requestsAndAnswersLeaveIt() throws Exception {
    relayed(RelayOptions.defaults());
    ByteBuffer piece = ByteBuffer.allocate(8 * 1024);
    for (long moved = 0; moved < 2L * LOOK; moved += piece.capacity()) {
      left.sink().writeFully(piece.clear(), SOON);
      right.source().readFully(piece.clear(), SOON);
      right.sink().writeFully(piece.clear(), SOON);
      left.source().readFully(piece.clear(), SOON);
    }
    assertEquals(FIRST, buffers.sendBuffer());
    assertEquals(0, told().forwardBuffers().grown());
    assertEquals(0, told().returnBuffers().grown());
  }

  @Test
  void whatIsNoBoundIsRefused() {
    RelayOptions options = RelayOptions.defaults();
    assertEquals(2 << 20, options.sendBufferLimit());
    for (long bytes : new long[] {-1, 1, 4095, (1L << 30) + 1, 1L << 40}) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> options.withSendBufferLimit(bytes));
      assertTrue(refused.getMessage().contains(bytes + " bytes, expected 4KiB to 1GiB, or 0"));
    }
  }
}
