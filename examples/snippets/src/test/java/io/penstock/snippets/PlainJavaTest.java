// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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

  @Test
  void lineComesBack() throws Exception {
    assertEquals("tea", echoed());
  }
}
