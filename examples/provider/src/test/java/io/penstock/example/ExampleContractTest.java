// SPDX-License-Identifier: Apache-2.0
package io.penstock.example;

import io.penstock.channel.Endpoint;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Subject;
import io.penstock.testing.contract.Trait;
import org.junit.jupiter.api.Nested;

/** The contract, with a provider that was added through the provider interface alone. */
class ExampleContractTest {
  private static final String GATHERED =
      "a narrow driver is asked to read, and not told of what becomes of the bytes";

  // snippet: kinds.contract
  private static Kind kind(String name, Kind.Opener opener) {
    return Kind.of(name, opener)
        .without(Trait.IMMEDIATE, "encrypted bytes are not counted before they are decrypted")
        .without(Trait.COUNTED, "encrypted bytes are not counted before they are decrypted")
        .without(Trait.COUNTS_GATHERED, GATHERED)
        .without(Trait.BY_REFERENCE, "records are copied by their encryption")
        .without(Trait.CLOSE_DRAINS, "a writer whose reader has gone is told");
  }

  @Nested
  class ToServer extends ContractSuite {
    @Override
    protected Kind kind() {
      return ExampleContractTest.kind("example", () -> Bench.meet("").toServer());
    }
  }

  // end of snippet

  @Nested
  class ToClient extends ContractSuite {
    @Override
    protected Kind kind() {
      return ExampleContractTest.kind("example-back", () -> Bench.meet("").toClient());
    }
  }

  /** A credit of a few bytes, so that nearly every write waits for credit. */
  @Nested
  class SmallWindow extends ContractSuite {
    @Override
    protected Kind kind() {
      return ExampleContractTest.kind("example-small", () -> Bench.meet("?window=700B").toServer());
    }
  }

  /** A credit above what the system's pipe holds, so that writes wait for the selector, too. */
  @Nested
  class LargeWindow extends ContractSuite {
    @Override
    protected Kind kind() {
      return ExampleContractTest.kind(
          "example-large", () -> Bench.meet("?window=512KiB").toServer());
    }
  }

  /** The second input, which goes through memory alone. */
  @Nested
  class Errors extends ContractSuite {
    @Override
    protected Kind kind() {
      return Kind.of("example-errors", ExampleContractTest::errors)
          .without(Trait.COUNTS_GATHERED, GATHERED)
          .without(Trait.BY_REFERENCE, "a narrow driver copies")
          .without(Trait.CLOSE_DRAINS, "a writer whose reader has gone is told");
    }
  }

  private static Subject errors() throws Exception {
    Bench.Both both = Bench.meet("");
    ByteSink in = both.serverFacet().errorSink().orElseThrow();
    ByteSource out = both.clientFacet().errorSource().orElseThrow();
    return Subject.of(in, out, both.server()::abort, both::release);
  }

  // snippet: kinds.whole
  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return ExampleContractTest.kind("example", () -> Bench.meet("").toServer());
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }

    @Override
    protected Endpoint listening() {
      return Bench.listening("");
    }

    @Override
    protected Endpoint connecting(Endpoint bound) {
      return Bench.connecting(bound);
    }
  }
  // end of snippet
}
