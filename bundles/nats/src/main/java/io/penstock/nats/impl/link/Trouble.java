// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import java.util.concurrent.TimeUnit;

/** What went wrong last at a link. */
final class Trouble {
  /** What a server has refused while the link is up explains what fails soon after, and no more. */
  private static final long EXPLAINS_NANOS = TimeUnit.SECONDS.toNanos(10);

  private record Said(String text, long at) {}

  private volatile Said last = new Said("", 0);

  /** Notes it; an empty text is for none. */
  void note(String text) {
    last = new Said(text, System.nanoTime());
  }

  /** What explains a failure of now; empty for nothing. */
  String text(boolean up) {
    Said now = last;
    boolean explains = !up || System.nanoTime() - now.at() < EXPLAINS_NANOS;
    return explains ? now.text() : "";
  }
}
