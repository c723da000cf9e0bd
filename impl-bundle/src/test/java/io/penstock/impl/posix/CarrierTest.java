// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CarrierTest {
  private static final int THREADS = 4;
  private static final int ROUNDS = 100;

  private static Stream<PosixAccess> modes() {
    return Modes.all();
  }

  /** The lowest free numbers are then another's as often as not. */
  @ParameterizedTest
  @MethodSource("modes")
  void everyCarrierHasItsOwnDescriptorHoweverManyAreMadeAtOnce(PosixAccess access)
      throws Exception {
    Posix calls = access.calls("test", "a test");
    String name = "penstock-carrier-" + ThreadLocalRandom.current().nextLong() + "-";
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        int number = thread;
        all.add(
            threads.submit(
                () -> {
                  for (int round = 0; round < ROUNDS; round++) {
                    exchange(calls, name + number + "-" + round, number * ROUNDS + round);
                  }
                  return null;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    } finally {
      threads.shutdown();
    }
  }

  private static void exchange(Posix calls, String name, int value) throws Exception {
    int[] ends = Opened.sockets(calls, name);
    try (Adopted near = Carrier.open(calls).adopt(ends[0]);
        Adopted far = Carrier.open(calls).adopt(ends[1])) {
      Pipe.SinkChannel output = Objects.requireNonNull(near.output());
      Pipe.SourceChannel input = Objects.requireNonNull(far.input());
      output.write(ByteBuffer.allocate(4).putInt(value).flip());
      ByteBuffer got = ByteBuffer.allocate(8);
      input.read(got);
      assertEquals(4, got.position());
      assertEquals(value, got.getInt(0));
    }
  }
}
