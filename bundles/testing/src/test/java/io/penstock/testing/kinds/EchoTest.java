// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Trait;
import org.junit.jupiter.api.Nested;

/** The channel that gives back what it gets. */
class EchoTest {
  private static Kind mirror() {
    return Kind.of("echo", () -> Bench.mirror("echo:"))
        .without(Trait.TWO_PARTIES, "the peer sends back what it gets")
        .without(Trait.LISTENS, "it is connected to only")
        .without(Trait.CONNECT_REFUSED, "it is always there")
        .without(Trait.ABORT_DELIVERED, "both ends are the channel's own and fail at once")
        .without(Trait.CLOSE_DRAINS, "a writer whose reader has gone is told")
        .without(Trait.VERDICT, "there is no peer of its own");
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
