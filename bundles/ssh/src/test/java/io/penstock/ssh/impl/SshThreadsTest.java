// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Threads on which a listener reads. */
class SshThreadsTest {
  @Test
  void areThereAtOnceAndOutliveFaults() throws Exception {
    SshThreads threads = new SshThreads("test", 2);
    assertEquals(2, threads.getPoolSize());
    Thread[] first = new Thread[2];
    for (int i = 0; i < first.length; i++) {
      int which = i;
      CountDownLatch ran = new CountDownLatch(1);
      threads.execute(
          () -> {
            first[which] = Thread.currentThread();
            ran.countDown();
            throw new OutOfMemoryError("on purpose");
          });
      assertTrue(ran.await(20, TimeUnit.SECONDS));
    }
    CountDownLatch later = new CountDownLatch(1);
    threads.execute(later::countDown);
    assertTrue(later.await(20, TimeUnit.SECONDS));
    assertTrue(first[0].isAlive() && first[1].isAlive());
    threads.shutdown();
    // Nobody's thread runs it any more.
    threads.execute(() -> first[0] = null);
    assertFalse(first[0] == null);
    assertTrue(threads.awaitTermination(20, TimeUnit.SECONDS));
  }
}
