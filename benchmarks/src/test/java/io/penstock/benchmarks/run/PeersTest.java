// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.report.Texts;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class PeersTest {
  static Stream<Arguments> conduits() {
    return Arrays.stream(Peer.values())
        .flatMap(
            peer ->
                Texts.CHUNKS.stream()
                    .filter(chunk -> peer != Peer.RAW_SPIN || chunk == 1)
                    .map(chunk -> Arguments.of(peer, chunk)));
  }

  @ParameterizedTest
  @MethodSource("conduits")
  void movesEachByteInOrderAndThenEnds(Peer peer, int chunk) throws Exception {
    Verification.conduit(peer, chunk);
  }

  @ParameterizedTest
  @EnumSource(Peer.class)
  void handsOverAllThatIsGiven(Peer peer) throws Exception {
    if (peer.handsOver()) {
      Verification.handOver(peer);
    } else {
      assertThrows(IllegalArgumentException.class, peer::openHandOver);
    }
  }

  @Test
  void refusesAPeerThatChangesAByte() {
    assertThrows(ExecutionException.class, () -> Verification.verify(new Cheat(true, 70), 100));
  }

  @Test
  void refusesAPeerThatLosesTheLastChunk() {
    assertThrows(
        IllegalStateException.class, () -> Verification.verify(new Cheat(false, 100), 100));
  }
}
