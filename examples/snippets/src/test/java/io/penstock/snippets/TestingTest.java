// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.error.BrokenPipeException;
import io.penstock.standalone.Penstock;
import io.penstock.testing.FaultScript;
import io.penstock.testing.FaultyChannel;
import io.penstock.testing.TestChannel;
import io.penstock.testing.junit.OfKind;
import io.penstock.testing.junit.PenstockExtension;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The pieces of the page on testing. */
class TestingTest {
  /** What the page tests. */
  static final class Greeter {
    void greet(Channel peer) throws IOException {
      peer.sink().writeFully("hello\n");
    }
  }

  @Test
  void testPutsAndGets() throws IOException {
    // snippet: testing.channel
    try (Penstock penstock = Penstock.open();
        TestChannel channel = TestChannel.open(penstock.channels())) {
      channel.put("tea\n");
      String line = channel.source().readLine(StandardCharsets.UTF_8, 99);
      channel.sink().writeFully("got " + line);
      assertEquals("got tea", channel.getText());
    }
    // end of snippet
  }

  @Nested
  class Extension {
    // snippet: testing.extension
    @ExtendWith(PenstockExtension.class)
    class GreeterTest {
      @Test
      void greets(@OfKind("tcp") ChannelPair pair) throws IOException {
        new Greeter().greet(pair.left());
        assertEquals("hello", pair.right().source().readLine(StandardCharsets.UTF_8, 99));
      }
    }

    // end of snippet

    @Nested
    class Runs extends GreeterTest {}
  }

  @Test
  void channelFails() throws IOException {
    try (Penstock penstock = Penstock.open()) {
      ChannelFactory channels = penstock.channels();
      // snippet: testing.faulty
      ChannelPair pair = channels.pair(ChannelOptions.defaults());
      FaultyChannel faulty =
          FaultyChannel.over(
              channels, pair.left(), FaultScript.seeded(), FaultScript.none().withResetAt(1000));
      // end of snippet
      pair.right().sink().writeFully("tea\n");
      assertEquals("tea", faulty.source().readLine(StandardCharsets.UTF_8, 99));
      assertThrows(BrokenPipeException.class, () -> faulty.sink().writeFully("x".repeat(1001)));
    }
  }
}
