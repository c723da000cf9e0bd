// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.penstock.nats.impl.link.Link;
import java.time.Duration;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Tells that an acknowledgement is late. Only on the link's thread. */
final class Alarm {
  private final Link link;
  private final Duration limit;
  private final Runnable late;
  private @Nullable Future<?> pending;

  Alarm(Link link, Duration limit, Runnable late) {
    this.link = link;
    this.limit = limit;
    this.late = late;
  }

  /** From now on, an acknowledgement is late after a while; nothing changes if it was armed. */
  void arm() {
    if (pending == null) {
      pending =
          link.after(
              limit,
              () -> {
                pending = null;
                late.run();
              });
    }
  }

  /** One has come, or none is waited for. */
  void disarm() {
    Future<?> before = pending;
    pending = null;
    if (before != null) {
      boolean unused = before.cancel(false);
    }
  }
}
