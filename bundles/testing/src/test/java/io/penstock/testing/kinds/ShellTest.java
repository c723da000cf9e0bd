// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Trait;
import org.junit.jupiter.api.Nested;

/** A shell that becomes a child which copies its input to its output. */
class ShellTest {
  private static Kind mirror() {
    return Kind.of("shell", () -> Bench.mirror("shell:cat; exit 0"))
        .without(Trait.TWO_PARTIES, "the peer sends back what it gets")
        .without(Trait.LISTENS, "it is connected to only")
        .without(Trait.CONNECT_REFUSED, "it is always there")
        .without(Trait.ABORT_DELIVERED, "both ends are the channel's own and fail at once")
        .without(Trait.IMMEDIATE, "bytes go through another program")
        .without(Trait.COUNTED, "bytes go through another program")
        .without(Trait.UNAIDED, "another program carries the bytes")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_BREAKS_WRITER, "what still arrives is dropped");
  }

  @Nested
  class Ends extends ContractSuite {
    @Override
    protected Kind kind() {
      return mirror();
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return mirror();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }
}
