// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.PeerCredentials;
import io.penstock.channel.facet.CredentialsFacet;
import io.penstock.error.AddressException;
import io.penstock.testing.contract.Case;
import io.penstock.testing.contract.Subject;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Unix sockets of an abstract name, by native calls. */
class AbstractTest {
  private static final String PREFIX =
      "@penstock-" + Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36) + "-";

  private static Endpoint endpoint() {
    return Endpoint.parse("unix-listen:" + Bench.fresh(PREFIX));
  }

  @Case
  void nameThatIsTooLongIsRefusedAndNeverCut() {
    Endpoint tooLong = Endpoint.parse("unix-listen:@" + "x".repeat(108));
    AddressException refused =
        assertThrows(
            AddressException.class,
            () -> Bench.PENSTOCK.channels().listen(tooLong, ChannelOptions.defaults()));
    assertEquals(AddressException.Kind.NAME_TOO_LONG, refused.kind());
  }

  @Case
  void thePeerIsKnown() throws Exception {
    try (Subject subject = Bench.clientToServer(endpoint(), Bench::connecting)) {
      for (Channel channel : List.of(subject.near(), subject.far())) {
        assertTrue(channel.capabilities().contains(Capability.CREDENTIALS));
        PeerCredentials peer =
            channel.facet(CredentialsFacet.class).orElseThrow().peerCredentials();
        assertEquals(ProcessHandle.current().pid(), peer.pid().orElseThrow());
      }
    }
  }
}
