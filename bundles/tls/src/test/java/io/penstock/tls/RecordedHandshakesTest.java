// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingStream;
import org.junit.jupiter.api.Test;

/** The flight recorder is told of each handshake, of both sides, and why one has failed. */
class RecordedHandshakesTest {
  private final BlockingQueue<RecordedEvent> events = new LinkedBlockingQueue<>();

  @Test
  void handshakesOfBothSidesAreRecorded() throws Exception {
    try (RecordingStream stream = new RecordingStream();
        Listener listener = Bench.listen()) {
      stream.enable("penstock.Handshake");
      stream.setReuse(false);
      stream.onEvent("penstock.Handshake", events::add);
      stream.startAsync();
      try (Channel client = Bench.connect(listener)) {
        listener.accept(Bench.SOON).close();
        client.sink().end();
      }
      assertNext(false);
      assertNext(false);
      String bound = listener.endpoint().address();
      assertThrows(
          HandshakeException.class,
          () -> Bench.CHANNELS.open("tls://127.0.0.1" + bound.substring(bound.lastIndexOf(':'))));
      assertNext(true);
      assertNext(true);
    }
  }

  private void assertNext(boolean failed) throws InterruptedException {
    RecordedEvent event = events.poll(20, TimeUnit.SECONDS);
    assertNotNull(event, "nothing was recorded");
    assertEquals("TLS", event.getString("protocol"));
    assertEquals(failed, event.getString("cause") != null, event::toString);
  }
}
