// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.impl.component.Unread;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A configured channel that nobody reads notices that its peer has gone. */
class UnreadChannelTest {
  private interface Departure {
    void of(Channel peer) throws IOException;
  }

  private static void noticed(String said, Departure departure) throws Exception {
    try (Listener listener = Bench.listen();
        Unread unread = new Unread(Bench.PROVIDER, Bench.connecting(listener.endpoint()))) {
      Channel peer = listener.accept(Bench.SOON);
      Channel first = unread.registered();
      if (!said.isEmpty()) {
        peer.sink().writeFully(said, Bench.SOON);
        first.source().awaitReadable(Bench.SOON);
      }
      departure.of(peer);
      if (!said.isEmpty()) {
        unread.assertStays();
        ByteBuffer got = ByteBuffer.allocate(said.length());
        // Not the end: that is noticed without a reader.
        first.source().readFully(got, Bench.SOON);
        assertEquals(said, StandardCharsets.UTF_8.decode(got.flip()).toString());
      }
      unread.assertWithdrawn(first);
    }
  }

  @Case(seconds = 60)
  void endOfAnIdlePeerWithdrawsTheService() throws Exception {
    noticed("", Channel::close);
  }

  @Case(seconds = 60)
  void failureOfAnIdlePeerWithdrawsTheService() throws Exception {
    noticed("", peer -> peer.abort(new IOException("cut on purpose")));
  }

  @Case(seconds = 60)
  void endBehindUnreadBytesWaitsUntilTheyAreRead() throws Exception {
    noticed("welcome\n", Channel::close);
  }
}
