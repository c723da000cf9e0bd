// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.error.FrameTooLongException;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The pieces of the page on pollers. */
class PollersTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private static final class Answers implements ChannelHandler {
    final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();

    private static ByteBuffer answer(ByteBuffer frame) {
      return StandardCharsets.UTF_8.encode("got " + StandardCharsets.UTF_8.decode(frame));
    }

    // snippet: pollers.answer
    @Override
    public void data(Registration client, ByteBuffer frame) {
      Channel channel = client.channel().orElseThrow();
      client.pause();
      channel.sink().writeAsync(answer(frame)).whenComplete((done, failure) -> client.resume());
    }

    // end of snippet

    @Override
    public void failed(Registration registration, Throwable cause) throws IOException {
      failures.add(cause);
      registration.channel().orElseThrow().close();
    }
  }

  @Test
  void answersWithinLimits() throws Exception {
    Answers handler = new Answers();
    try (Penstock penstock = Penstock.open();
        Poller poller = penstock.poller();
        Listener listener = penstock.channels().listen("tcp-listen://127.0.0.1:0")) {
      // snippet: pollers.limits
      Framing lines =
          Framing.lines(8192)
              .withFrameTimeout(Duration.ofSeconds(10))
              .withIdleTimeout(Duration.ofMinutes(1));
      poller.register(listener, lines);
      poller.start(handler);
      // end of snippet
      String address = listener.endpoint().address();
      try (Channel client = penstock.channels().open("tcp://" + address.replace("//", ""))) {
        client.sink().writeFully("one\ntwo\n", SOON);
        client.source().readWait(SOON);
        assertEquals("got one", client.source().readLine(StandardCharsets.UTF_8, 99));
        assertEquals("got two", client.source().readLine(StandardCharsets.UTF_8, 99));
        client.sink().writeFully("x".repeat(8193), SOON);
        assertInstanceOf(FrameTooLongException.class, handler.failures.poll(20, TimeUnit.SECONDS));
      }
    }
  }
}
