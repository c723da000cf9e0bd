// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Subject;
import io.penstock.testing.contract.Trait;
import org.junit.jupiter.api.Nested;

/** Two channels in memory that are each other's peer. */
class PairTest {
  private static Subject open() {
    ChannelPair pair = Bench.PENSTOCK.channels().pair(ChannelOptions.defaults());
    return Subject.of(pair.left(), pair.right());
  }

  private static Kind pair() {
    return Kind.of("pair", () -> open())
        .without(Trait.LISTENS, "a pair is made, not connected")
        .without(Trait.CONNECT_REFUSED, "a pair is made, not connected")
        .without(Trait.CLOSE_DRAINS, "a writer whose reader has gone is told")
        .without(Trait.VERDICT, "the peer is a channel and no program");
  }

  @Nested
  class Ends extends ContractSuite {
    @Override
    protected Kind kind() {
      return pair();
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return pair();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }
}
