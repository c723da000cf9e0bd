// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Handle;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pieces of the page on handles. */
class HandlesPageTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  @TempDir Path folder;

  private static void send(Channel connection, Channel peer, ByteBuffer greeting)
      throws IOException {
    // snippet: handles.send
    try (Handle handle = connection.facet(DescriptorFacet.class).orElseThrow().release()) {
      peer.facet(HandleFacet.class).orElseThrow().send(greeting, Wait.forever(), handle);
    }
    // end of snippet
  }

  private static Channel take(Channel peer, ByteBuffer bytes) throws IOException {
    // snippet: handles.take
    peer.source().read(bytes, Wait.forever());
    try (Handle handle = peer.facet(HandleFacet.class).orElseThrow().take().orElseThrow()) {
      return handle.channel(ChannelOptions.defaults());
    }
    // end of snippet
  }

  @Test
  void connectionGoesOnInOtherHands() throws Exception {
    try (Penstock penstock = Penstock.open();
        Listener clients = penstock.channels().listen("tcp-listen://127.0.0.1:0")) {
      ChannelFactory channels = penstock.channels();
      Path path = folder.resolve("s");
      try (Listener there = channels.listen("unix-listen:" + path + "?handles=true");
          Channel near = channels.open("unix:" + path + "?handles=true");
          Channel far = there.accept(SOON);
          Channel client =
              channels.open("tcp://" + clients.endpoint().address().replace("//", ""));
          Channel connection = clients.accept(SOON)) {
        send(connection, near, StandardCharsets.UTF_8.encode("yours"));
        ByteBuffer bytes = ByteBuffer.allocate(9);
        try (Channel taken = take(far, bytes)) {
          assertEquals("yours", StandardCharsets.UTF_8.decode(bytes.flip()).toString());
          taken.sink().writeFully("still here\n", SOON);
          client.source().readWait(SOON);
          assertEquals("still here", client.source().readLine(StandardCharsets.UTF_8, 99));
        }
      }
    }
  }
}
