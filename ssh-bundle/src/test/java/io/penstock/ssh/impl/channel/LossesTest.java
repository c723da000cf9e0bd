// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.nio.channels.InterruptedByTimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.sshd.common.session.Session;
import org.junit.jupiter.api.Test;

/** What is said of a connection that is lost. */
class LossesTest {
  /** One that keeps one attribute. */
  private static Session session() {
    AtomicReference<Object> reason = new AtomicReference<>();
    return (Session)
        Proxy.newProxyInstance(
            LossesTest.class.getClassLoader(),
            new Class<?>[] {Session.class},
            (self, method, values) ->
                switch (method.getName()) {
                  case "getAttribute" -> reason.get();
                  case "setAttribute" -> reason.getAndSet(values[1]);
                  default -> throw new AssertionError(method);
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
