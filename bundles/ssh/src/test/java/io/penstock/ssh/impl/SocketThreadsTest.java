// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.common.io.IoAcceptor;
import org.apache.sshd.common.io.IoConnector;
import org.apache.sshd.common.io.IoHandler;
import org.junit.jupiter.api.Test;

class SocketThreadsTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  /** The last connection's end is told by one of them, and closes them. */
  @Test
  void oneOfTheThreadsClosesThemWithoutWaitingForItself() throws Exception {
    SocketThreads threads =
        new SocketThreads(SshClient.setUpDefaultClient()) {
          @Override
          public IoConnector createConnector(IoHandler handler) {
            throw new UnsupportedOperationException();
          }

          @Override
          public IoAcceptor createAcceptor(IoHandler handler) {
            throw new UnsupportedOperationException();
          }
        };
    CountDownLatch begun = new CountDownLatch(1);
    threads
        .getExecutorService()
        .execute(
            () -> {
              Object unused = threads.close(true);
              begun.countDown();
            });
    assertTrue(begun.await(3, TimeUnit.SECONDS), "it waits for itself");
    assertTrue(threads.close(true).await(SOON), "they have not ended");
    assertTrue(threads.group().isTerminated());
  }
}
