// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingStream;
import org.junit.jupiter.api.Test;

/** The flight recorder is told of each handshake, of both sides, and why one has failed. */
class RecordedLoginsTest {
  private final BlockingQueue<RecordedEvent> events = new LinkedBlockingQueue<>();

  @Test
  void handshakesOfBothSidesAreRecorded() throws Exception {
    try (RecordingStream stream = new RecordingStream();
        Listener listener = Bench.listen()) {
      stream.enable("penstock.Handshake");
      stream.setReuse(false);
      stream.onEvent("penstock.Handshake", events::add);
      stream.startAsync();
      Endpoint login = Bench.login(listener.endpoint());
      Bench.open(login).close();
      assertNext(false);
      assertNext(false);
      Endpoint stranger =
          Endpoint.parse(
              login.toString().replace(Bench.CLIENT_KEY.toString(), Bench.STRANGER_KEY.toString()));
      assertThrows(HandshakeException.class, () -> Bench.open(stranger));
      assertNext(true);
      assertNext(true);
    }
  }

  private void assertNext(boolean failed) throws InterruptedException {
    RecordedEvent event = events.poll(20, TimeUnit.SECONDS);
    assertNotNull(event, "nothing was recorded");
    assertEquals("SSH", event.getString("protocol"));
    assertEquals(failed, event.getString("cause") != null, event::toString);
  }
}
