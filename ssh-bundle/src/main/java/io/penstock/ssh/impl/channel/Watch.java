// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import java.util.concurrent.atomic.AtomicReference;
import org.apache.sshd.common.session.Session;
import org.jspecify.annotations.Nullable;

/**
 * What we keep of a connection: why it was lost, which is asked for when the library has forgotten
 * it. Safe for use by any thread.
 */
public final class Watch {
  private final AtomicReference<String> reason = new AtomicReference<>();
  private volatile boolean broken;

  /** That of a connection; null if it has none. */
  static @Nullable Watch of(@Nullable Session session) {
    return session instanceof Watched watched ? watched.watch() : null;
  }

  /** Whoever is first is right; the text is for everybody's eyes. */
  void lostBecause(String text) {
    boolean unused = reason.compareAndSet(null, text);
  }

  @Nullable String reason() {
    return reason.get();
  }

  void breaks() {
    broken = true;
  }

  boolean isBroken() {
    return broken;
  }
}
