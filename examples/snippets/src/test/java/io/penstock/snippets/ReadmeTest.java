// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.serve.Server;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The pieces of the first page. */
class ReadmeTest {
  @Test
  void pipe() throws Exception {
    try (Penstock penstock = Penstock.open();
        Pipe pipe = penstock.pipes().create(PipeOptions.defaults())) {
      assertNotNull(new Orders(pipe));
      assertEquals(0, pipe.source().available());
    }
  }

  @Test
  void pipeOfTheExample() throws Exception {
    Requests component = new Requests();
    try (Penstock penstock = Penstock.open();
        Pipe pipe = penstock.pipes().create(PipeOptions.defaults())) {
      component.requests = pipe;
      component.requests.sink().writeFully("tea\n", Wait.millis(1000));
      assertEquals(4, pipe.source().available());
    }
  }

  @Test
  void echo() throws Exception {
    try (Penstock penstock = Penstock.open();
        Server server = penstock.serve("tcp-listen://127.0.0.1:0", new Echo())) {
      ChannelFactory channels = Elsewhere.of(penstock.channels(), "7000", server.endpoint());
      assertEquals("tea", ask(channels));
      try (Channel two = channels.open("tcp://127.0.0.1:7000")) {
        two.sink().writeFully("tea\nwater");
        two.sink().end();
        assertEquals(
            "tea\nwater\n", StandardCharsets.UTF_8.decode(two.source().readAll(99)).toString());
      }
    }
  }

  private static String ask(ChannelFactory channels) throws IOException {
    // snippet: readme.client
    try (Channel channel = channels.open("tcp://127.0.0.1:7000")) {
      channel.source().readWait(Wait.millis(1000));
      channel.sink().writeFully("tea\n");
      String answer = channel.source().readLine(StandardCharsets.UTF_8, 8192);
      return answer;
    }
    // end of snippet
  }
}
