// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.DescriptorFacet;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The descriptor below carries encrypted bytes: TLS does not hand it out as its own. */
class RawDescriptorTest {
  private static void assertKept(Channel channel) throws Exception {
    assertFalse(channel.capabilities().contains(Capability.DESCRIPTOR));
    assertFalse(channel.capabilities().contains(Capability.HANDLES));
    assertEquals(Optional.empty(), channel.facet(DescriptorFacet.class));
  }

  private static void assertKept(Bench.Both both) throws Exception {
    assertKept(both.client());
    assertKept(both.server());
    both.client().sink().writeFully("x", Bench.SOON);
    assertEquals(1, both.server().source().read(ByteBuffer.allocate(9), Bench.SOON));
  }

  @Test
  void connectionHandsOutNoDescriptor() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      assertKept(both);
    }
  }

  @Test
  void connectionAboveAGivenChannelHandsOutNone() throws Exception {
    Endpoint tcp = Endpoint.parse("tcp-listen://127.0.0.1:0");
    try (Listener listener = Bench.CHANNELS.listen(tcp, ChannelOptions.defaults());
        Channel near = connect(listener);
        Channel far = listener.accept(Bench.SOON)) {
      assertTrue(near.facet(DescriptorFacet.class).isPresent(), "the channel below has one");
      try (Bench.Both both = Bench.over(near, far)) {
        assertKept(both);
      }
    }
  }

  private static Channel connect(Listener listener) throws Exception {
    Endpoint there = Endpoint.parse(listener.endpoint().toString().replace("-listen", ""));
    return Bench.CHANNELS.open(there, ChannelOptions.defaults(), Bench.SOON);
  }
}
