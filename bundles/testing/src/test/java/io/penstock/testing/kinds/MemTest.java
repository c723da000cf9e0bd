// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import io.penstock.channel.Endpoint;
import io.penstock.testing.ChannelSuite;
import io.penstock.testing.ContractSuite;
import io.penstock.testing.Kind;
import io.penstock.testing.Services;
import io.penstock.testing.Trait;
import org.junit.jupiter.api.Nested;

/** Channels that meet by name inside one Penstock. */
class MemTest {
  private static Endpoint endpoint() {
    return Endpoint.parse("mem-listen:" + Bench.fresh("case-"));
  }

  private static Kind without(Kind kind) {
    return kind.without(Trait.CLOSE_DRAINS, "a writer whose reader has gone is told")
        .without(Trait.VERDICT, "the peer is a channel and no program");
  }

  private static Kind there() {
    return without(Kind.of("mem", () -> Bench.clientToServer(endpoint(), Bench::connecting)));
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
          Kind.of("mem-back", () -> Bench.serverToClient(endpoint(), Bench::connecting)));
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
}
