// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.error.WouldBlockException;
import io.penstock.pipe.Pipe;
import io.penstock.relay.Relay;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Configurations without a container. */
class ConfiguredTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final String PIPE = "io.penstock.Pipe~lines";

  @Test
  void pipeHasBothItsEndsAndIsFollowedByAFreshOne() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      penstock.configure(PIPE, Map.of("capacity", "4KiB"));
      Pipe first = penstock.named(Pipe.class, "lines", SOON);
      assertEquals(4096, first.sink().room());
      assertSame(first.sink(), penstock.named(ByteSink.class, "lines", SOON));
      assertSame(first.source(), penstock.named(ByteSource.class, "lines", SOON));
      first.close();
      // The next one of the name is there when the endpoint finds it.
      try (Channel writer = penstock.channels().open("pipe:?write=lines")) {
        writer.sink().writeFully("again", SOON);
        Pipe second = penstock.named(Pipe.class, "lines", SOON);
        assertNotSame(first, second);
        assertEquals("again", UTF_8.decode(second.source().take(9, SOON)).toString());
      }
    }
  }

  @Test
  void badValueIsRefusedAndTheLastGoodOnesStay() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      penstock.configure(PIPE, Map.of("readTimeout", "250ms"));
      Pipe pipe = penstock.named(Pipe.class, "lines", SOON);
      var refusal =
          assertThrows(
              IllegalArgumentException.class,
              () -> penstock.configure(PIPE, Map.of("readTimeout", "soon")));
      assertTrue(
          refusal.getMessage().startsWith("io.penstock.Pipe~lines: readTimeout: 'soon'"),
          refusal::getMessage);
      assertEquals(Wait.millis(250), pipe.source().readWait());
      assertSame(pipe, penstock.named(Pipe.class, "lines", SOON));
    }
  }

  @Test
  void channelListenerAndRelayComeByName() throws Exception {
    Listener door;
    Penstock gone;
    try (Penstock penstock = Penstock.open()) {
      gone = penstock;
      penstock.configure("io.penstock.Channel~line", Map.of("endpoint", "mem:door"));
      assertThrows(
          WouldBlockException.class, () -> penstock.named(Channel.class, "line", Wait.none()));
      penstock.configure("io.penstock.Listener~door", Map.of("endpoint", "mem-listen:door"));
      door = penstock.named(Listener.class, "door", SOON);
      try (Channel accepted = door.accept(SOON)) {
        penstock.named(Channel.class, "line", SOON).sink().writeFully("hi", SOON);
        assertEquals("hi", UTF_8.decode(accepted.source().take(9, SOON)).toString());
      }
      penstock.configure(
          "io.penstock.Relay~copy", Map.of("from", "mem-listen:copy", "to", "echo:"));
      assertEquals("copy", penstock.named(Relay.class, "copy", SOON).name());
    }
    assertFalse(door.isOpen());
    assertThrows(IllegalStateException.class, () -> gone.configure(PIPE, Map.of()));
  }

  @Test
  void whatNothingBringsIsNamed() {
    try (Penstock penstock = Penstock.open()) {
      var refusal =
          assertThrows(
              IllegalArgumentException.class, () -> penstock.named(Channel.class, "line", SOON));
      assertEquals("no configuration brings a Channel named 'line'", refusal.getMessage());
      refusal =
          assertThrows(
              IllegalArgumentException.class,
              () -> penstock.configure("io.penstock.Chanel~line", Map.of()));
      assertTrue(
          refusal.getMessage().endsWith("; did you mean 'io.penstock.Channel'?"),
          refusal::getMessage);
    }
  }
}
