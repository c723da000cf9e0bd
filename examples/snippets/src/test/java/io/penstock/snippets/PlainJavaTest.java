// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The piece of the page on plain Java. */
class PlainJavaTest {
  private static String echoed() throws IOException {
    // snippet: plain-java.open
    try (Penstock penstock = Penstock.open();
        Channel channel = penstock.channels().open("echo:")) {
      channel.sink().writeFully("tea\n");
      return channel.source().readLine(StandardCharsets.UTF_8, 4096);
    }
    // end of snippet
  }

  private static Listener door(Penstock penstock) throws IOException {
    // snippet: plain-java.configured
    penstock.configure("io.penstock.Listener~door", Map.of("endpoint", "tcp-listen://127.0.0.1:0"));
    Listener door = penstock.named(Listener.class, "door", Wait.millis(1000));
    // end of snippet
    return door;
  }

  @Test
  void configurationBringsAListener() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      assertEquals("door", door(penstock).name());
    }
  }

  @Test
  void lineComesBack() throws Exception {
    assertEquals("tea", echoed());
  }
}
