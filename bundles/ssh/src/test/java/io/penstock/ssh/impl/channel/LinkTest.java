// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a channel does with what it is given, without a connection. */
class LinkTest {
  private static final int ROUNDS = 5000;
  private static final int BYTES = 100;

  private final ExecutorService peer = Executors.newSingleThreadExecutor();

  @AfterEach
  void stop() {
    peer.shutdownNow();
  }

  @Test
  void standardErrorKeepsItsOrderWhileItIsJoined() throws Exception {
    CyclicBarrier start = new CyclicBarrier(2);
    for (int round = 0; round < ROUNDS; round++) {
      Link link = Link.opened("test", "session", 1 << 20);
      link.expectErrors(false);
      link.doWriteExtendedData(new byte[] {0}, 0, 1);
      Future<?> sending =
          peer.submit(
              () -> {
                start.await(20, TimeUnit.SECONDS);
                for (byte i = 1; i < BYTES; i++) {
                  link.doWriteExtendedData(new byte[] {i}, 0, 1);
                }
                return null;
              });
      start.await(20, TimeUnit.SECONDS);
      link.join(true);
      sending.get(20, TimeUnit.SECONDS);
      // Then reading gives no credit, for which there is nobody.
      link.handleEof();
      assertEquals(0, link.errors().available(), "bytes that nobody finds");
      ByteBuffer got = ByteBuffer.allocate(BYTES + 1);
      assertEquals(BYTES, link.input().read(got));
      for (int i = 0; i < BYTES; i++) {
        assertEquals(i, got.get(i), "byte " + i + " of round " + round);
      }
    }
  }
}
