// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.nio.channels.InterruptedByTimeoutException;
import org.apache.sshd.common.session.Session;
import org.junit.jupiter.api.Test;

/** What is said of a connection that is lost. */
class LossesTest {
  /** One that is watched, and nothing else. */
  private static Session session() {
    SessionWatch watch = new SessionWatch();
    return (Session)
        Proxy.newProxyInstance(
            LossesTest.class.getClassLoader(),
            new Class<?>[] {WatchedSession.class},
            (self, method, values) -> {
              assertEquals("watch", method.getName());
              return watch;
            });
  }

  @Test
  void failureWithoutAMessageIsNamed() {
    Session session = session();
    assertEquals("", Losses.said(session));
    new Losses().sessionException(session, new InterruptedByTimeoutException());
    assertEquals(": InterruptedByTimeoutException", Losses.said(session));
  }
}
