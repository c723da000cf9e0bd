// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import io.penstock.channel.Endpoint;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Trait;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The contract of every kind that listens, from the client to the server and back; what only one of
 * them does is in a test of its own, such as {@link TcpTest}.
 */
@ParameterizedClass
@MethodSource("kinds")
class ListeningTest {
  private static final String ABSTRACT =
      "@penstock-" + Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36) + "-";

  @TempDir static Path folder;

  private final Listening kind;

  ListeningTest(Listening kind) {
    this.kind = kind;
  }

  /** A kind: where its listeners are, and what it lacks. */
  record Listening(String name, Supplier<String> fresh, UnaryOperator<Kind> without) {
    Endpoint endpoint() {
      return Endpoint.parse(fresh.get());
    }

    Kind there() {
      return without.apply(
          Kind.of(name, () -> Bench.clientToServer(endpoint(), Bench::connecting)));
    }

    Kind back() {
      return without.apply(
          Kind.of(name + "-back", () -> Bench.serverToClient(endpoint(), Bench::connecting)));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Listening> kinds() {
    return Stream.of(
        new Listening("tcp", () -> "tcp-listen://127.0.0.1:0", ListeningTest::tcp),
        new Listening(
            "unix",
            () -> "unix-listen:" + folder.resolve(Bench.fresh("s")),
            ListeningTest::unixSocket),
        new Listening(
            "abstract", () -> "unix-listen:" + Bench.fresh(ABSTRACT), ListeningTest::unixSocket),
        new Listening("mem", () -> "mem-listen:" + Bench.fresh("case-"), ListeningTest::memory));
  }

  private static Kind socket(Kind kind) {
    return kind.without(Trait.IMMEDIATE, "bytes are on their way for a while, uncounted")
        .without(Trait.COUNTED, "bytes are on their way for a while, uncounted")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_BREAKS_WRITER, "what still arrives is dropped")
        .without(Trait.VERDICT, "the peer is a socket and no program");
  }

  private static Kind tcp(Kind kind) {
    return socket(kind)
        .without(Trait.UNAIDED, "the system's timers move bytes that were full before")
        .without(Trait.ABORT_DELIVERED, "a reset carries no cause and overtakes the data");
  }

  private static Kind unixSocket(Kind kind) {
    return socket(kind)
        .without(Trait.ABORT_DELIVERED, "a Unix socket has no reset: the peer reads an end")
        .without(Trait.ABORT_SEEN, "a Unix socket has no reset: the peer reads an end");
  }

  private static Kind memory(Kind kind) {
    return kind.without(Trait.CLOSE_DRAINS, "a writer whose reader has gone is told")
        .without(Trait.VERDICT, "the peer is a channel and no program");
  }

  @Nested
  class ToServer extends ContractSuite {
    @Override
    protected Kind kind() {
      return kind.there();
    }
  }

  @Nested
  class ToClient extends ContractSuite {
    @Override
    protected Kind kind() {
      return kind.back();
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return kind.there();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }

    @Override
    protected Endpoint listening() {
      return kind.endpoint();
    }

    @Override
    protected Endpoint connecting(Endpoint bound) {
      return Bench.connecting(bound);
    }
  }
}
