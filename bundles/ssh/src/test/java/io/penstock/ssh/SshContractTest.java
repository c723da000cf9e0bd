// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import io.penstock.channel.Endpoint;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Trait;
import org.junit.jupiter.api.Nested;

/** A session over the loopback interface, from either side. */
class SshContractTest {
  private static Kind without(Kind kind) {
    return kind.without(Trait.IMMEDIATE, "bytes are on their way for a while, uncounted")
        .without(Trait.COUNTED, "bytes are on their way for a while, uncounted")
        .without(Trait.UNAIDED, "threads of both connections carry the packets")
        .without(Trait.BY_REFERENCE, "packets are copied by their encryption")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_BREAKS_WRITER, "what still arrives is dropped")
        .without(Trait.ABORT_DELIVERED, "a cut carries no cause");
  }

  static Kind there(String name, String... options) {
    return without(Kind.of(name, () -> Bench.meet(options).toServer()));
  }

  static Kind back(String name, String... options) {
    return without(Kind.of(name, () -> Bench.meet(options).toClient()))
        .without(Trait.VERDICT, "a client says nothing of how it ended");
  }

  @Nested
  class ToServer extends ContractSuite {
    @Override
    protected Kind kind() {
      return there("ssh", "window=256KiB");
    }
  }

  @Nested
  class ToClient extends ContractSuite {
    @Override
    protected Kind kind() {
      return back("ssh-back", "window=256KiB");
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return there("ssh", "window=256KiB");
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }

    @Override
    protected Endpoint listening() {
      return Bench.listening();
    }

    @Override
    protected Endpoint connecting(Endpoint bound) {
      return Bench.connecting(bound);
    }
  }
}
