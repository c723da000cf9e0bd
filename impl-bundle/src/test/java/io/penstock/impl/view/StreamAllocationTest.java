// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** The streams' calls of one byte allocate nothing beyond what the ends themselves do. */
class StreamAllocationTest {
  private static final int ROUNDS = 20_000;

  private interface Round {
    void run() throws IOException;
  }

  private static double bytesPerRound(ThreadMXBean threads, Round round) throws IOException {
    for (int i = 0; i < ROUNDS; i++) {
      round.run();
    }
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < ROUNDS; i++) {
      round.run();
    }
    return (double) (threads.getCurrentThreadAllocatedBytes() - before) / ROUNDS;
  }

  @Test
  void callsOfOneByteAllocateNothingOfTheirOwn() throws IOException {
    assumeTrue(
        ManagementFactory.getThreadMXBean() instanceof ThreadMXBean,
        "this JVM does not count what a thread allocates");
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Penstock penstock = Penstock.open();
        Pipe pipe = penstock.pipes().create(PipeOptions.defaults())) {
      ByteBuffer one = ByteBuffer.allocate(1);
      double ends =
          bytesPerRound(
              threads,
              () -> {
                assertEquals(1, pipe.sink().write(one.clear()));
                assertEquals(1, pipe.source().read(one.clear()));
              });
      InputStream in = pipe.source().inputStream();
      OutputStream out = pipe.sink().outputStream();
      double streams =
          bytesPerRound(
              threads,
              () -> {
                out.write('x');
                assertEquals('x', in.read());
              });
      // A buffer of one byte is 16 bytes at least, with its wrapper 64.
      assertTrue(
          streams < ends + 8, () -> streams + " bytes a round, the ends alone " + ends + " bytes");
    }
  }
}
