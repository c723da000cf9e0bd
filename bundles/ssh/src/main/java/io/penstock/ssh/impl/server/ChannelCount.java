// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.session.Session;

/** How many channels a connection has. */
final class ChannelCount {
  private static final AttributeKey<AtomicInteger> CHANNELS = new AttributeKey<>();

  private ChannelCount() {}

  static int of(Session session) {
    AtomicInteger count = session.getAttribute(CHANNELS);
    return count == null ? 0 : count.get();
  }

  /** One more; returns how many with it. */
  static int enter(Session session) {
    return session.computeAttributeIfAbsent(CHANNELS, key -> new AtomicInteger()).incrementAndGet();
  }

  /** One less. */
  static void leave(Session session) {
    AtomicInteger count = session.getAttribute(CHANNELS);
    if (count != null) {
      int unused = count.decrementAndGet();
    }
  }
}
