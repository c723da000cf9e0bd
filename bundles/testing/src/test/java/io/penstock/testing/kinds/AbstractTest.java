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
import io.penstock.testing.Case;
import io.penstock.testing.ChannelSuite;
import io.penstock.testing.ContractSuite;
import io.penstock.testing.Kind;
import io.penstock.testing.Services;
import io.penstock.testing.Subject;
import io.penstock.testing.Trait;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Nested;

/** Unix sockets of an abstract name, by native calls. */
class AbstractTest {
  private static final String PREFIX =
      "@penstock-" + Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36) + "-";

  private static Endpoint endpoint() {
    return Endpoint.parse("unix-listen:" + Bench.fresh(PREFIX));
  }

  private static Kind without(Kind kind) {
    return kind.without(Trait.IMMEDIATE, "bytes are on their way for a while, uncounted")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_BREAKS_WRITER, "what still arrives is dropped")
        .without(Trait.ABORT_DELIVERED, "a Unix socket has no reset: the peer reads an end")
        .without(Trait.ABORT_SEEN, "a Unix socket has no reset: the peer reads an end")
        .without(Trait.VERDICT, "the peer is a socket and no program");
  }

  private static Kind there() {
    return without(Kind.of("abstract", () -> Bench.clientToServer(endpoint(), Bench::connecting)));
  }

  @Nested
  class ToServer extends ContractSuite {
    @Override
    protected Kind kind() {
      return there();
    }
  }

  @Nested
  class ToClient extends ContractSuite {
    @Override
    protected Kind kind() {
      return without(
          Kind.of("abstract-back", () -> Bench.serverToClient(endpoint(), Bench::connecting)));
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return there();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }

    @Override
    protected Endpoint listening() {
      return endpoint();
    }

    @Override
    protected Endpoint connecting(Endpoint bound) {
      return Bench.connecting(bound);
    }
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
    try (Subject subject = there().open()) {
      for (Channel channel : List.of(subject.near(), subject.far())) {
        assertTrue(channel.capabilities().contains(Capability.CREDENTIALS));
        PeerCredentials peer =
            channel.facet(CredentialsFacet.class).orElseThrow().peerCredentials();
        assertEquals(ProcessHandle.current().pid(), peer.pid().orElseThrow());
      }
    }
  }
}
