// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Trait;
import org.junit.jupiter.api.Nested;

/** TLS over the loopback interface, and above channels in memory. */
class TlsContractTest {
  // By the system's own choice a full connection holds megabytes, all of which are encrypted.
  private static final ChannelOptions SMALL =
      ChannelOptions.defaults().withReceiveBuffer(64 * 1024).withSendBuffer(64 * 1024);

  private static Kind without(Kind kind) {
    return kind.without(Trait.IMMEDIATE, "bytes are on their way for a while, uncounted")
        .without(Trait.COUNTED, "bytes are on their way for a while, uncounted")
        .without(Trait.UNAIDED, "the system's timers move bytes that were full before")
        .without(Trait.BY_REFERENCE, "records are copied by their encryption")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_BREAKS_WRITER, "what still arrives is dropped")
        .without(Trait.ABORT_DELIVERED, "a reset carries no cause and overtakes the data")
        .without(Trait.VERDICT, "the peer is a socket and no program");
  }

  private static Kind older(Kind kind) {
    return without(kind)
        .without(Trait.HALF_CLOSE, "TLS 1.2 answers the end of one direction with the other's");
  }

  private static Kind there() {
    return without(Kind.of("tls", () -> Bench.meet(SMALL).toServer()));
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
      return without(Kind.of("tls-back", () -> Bench.meet(SMALL).toClient()));
    }
  }

  @Nested
  class Older extends ContractSuite {
    @Override
    protected Kind kind() {
      return older(Kind.of("tls-1.2", () -> Bench.meet(SMALL, "protocols=TLSv1.2").toServer()));
    }
  }

  /** A channel below that tells by a call when it is ready, and never lets anybody select. */
  @Nested
  class OverMemory extends ContractSuite {
    @Override
    protected Kind kind() {
      return Kind.of(
              "tls-over-mem",
              () -> {
                ChannelPair pair = Bench.CHANNELS.pair(ChannelOptions.defaults());
                return Bench.over(pair.left(), pair.right()).toServer();
              })
          .without(Trait.IMMEDIATE, "encrypted bytes are not counted before they are decrypted")
          .without(Trait.COUNTED, "encrypted bytes are not counted before they are decrypted")
          .without(Trait.BY_REFERENCE, "records are copied by their encryption")
          .without(Trait.FLUSH_SEES_READER, "what is decrypted has left the channel below")
          .without(Trait.READS_SEEN, "the channel below sees whole records read")
          .without(Trait.CLOSE_DRAINS, "a writer whose reader has gone is told")
          .without(Trait.ABORT_DELIVERED, "the cause is that of the channel below");
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
      return Bench.listening();
    }

    @Override
    protected Endpoint connecting(Endpoint bound) {
      return Bench.connecting(bound);
    }
  }

  @Nested
  class OlderWhole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return older(Kind.of("tls-1.2", () -> Bench.meet(SMALL, "protocols=TLSv1.2").toServer()));
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }

    @Override
    protected Endpoint listening() {
      return Bench.listening("protocols=TLSv1.2");
    }

    @Override
    protected Endpoint connecting(Endpoint bound) {
      return Bench.connecting(bound, "protocols=TLSv1.2");
    }
  }
}
