// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.Listener;
import io.penstock.error.StreamTimeoutException;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The piece of the page on devices, with a device that stops in the middle of its answer. */
class DevicesTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private final CountDownLatch missed = new CountDownLatch(1);

  private String ask(ChannelFactory channels) throws IOException {
    // snippet: devices.ask
    try (Channel device = channels.open("tcp://127.0.0.1:4001")) {
      device.sink().writeFully("READ\r\n", Wait.millis(1000));
      for (int attempt = 1; ; attempt++) {
        try {
          return device
              .source()
              .readLine(StandardCharsets.UTF_8, 128, Terminator.STRIP, Wait.millis(200));
        } catch (StreamTimeoutException late) {
          if (attempt == 100) {
            throw late;
          }
          tell(attempt);
        }
      }
    }
    // end of snippet
  }

  private void tell(int attempt) {
    if (attempt == 1) {
      missed.countDown();
    }
  }

  @Test
  void answerThatDripsIsReadWhole() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      ChannelFactory channels = Elsewhere.of(penstock.channels());
      try (Listener listener = channels.listen("tcp-listen://127.0.0.1:4001")) {
        Thread device =
            new Thread(
                () -> {
                  try (Channel program = listener.accept(SOON)) {
                    program.source().readUntil(ByteSequence.LF, 99);
                    program.sink().writeFully("OK 2", SOON);
                    if (missed.await(20, TimeUnit.SECONDS)) {
                      program.sink().writeFully("3.5\r\n", SOON);
                    }
                  } catch (IOException | InterruptedException e) {
                    throw new AssertionError(e);
                  }
                },
                "device");
        device.start();
        assertEquals("OK 23.5", ask(channels));
        device.join();
      }
    }
  }
}
