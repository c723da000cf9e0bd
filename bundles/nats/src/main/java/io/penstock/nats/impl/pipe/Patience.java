// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.LinkException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long an answer is waited for before the question counts as lost. Where a server has gone, a
 * short limit finds the next one soon; where servers are slow, the limit follows what they need.
 * Only on the link's thread.
 */
final class Patience {
  /** Answers that take so many times as long as the slow ones among the last are lost. */
  private static final int SPARE = 4;

  /** How much of the memory of a slow answer each quicker one takes away: one part in so many. */
  private static final int FORGETS = 8;

  private final long shortest;
  private final long longest;
  private long slow;
  private long limit;

  /** Begins with the shortest limit, and never goes beyond the longest. */
  Patience(Duration shortest, Duration longest) {
    this.shortest = shortest.toNanos();
    this.longest = longest.toNanos();
    this.limit = this.shortest;
  }

  Duration limit() {
    return Duration.ofNanos(limit);
  }

  /**
   * Learns from what has come of a question after so many nanoseconds. A refusal is an answer, and
   * a lost connection says nothing.
   */
  void learn(long nanos, @Nullable Throwable failure) {
    LinkException.Kind kind =
        failure != null && Api.cause(failure) instanceof LinkException why ? why.kind() : null;
    if (failure == null || kind == LinkException.Kind.REFUSED) {
      slow = Math.max(nanos, slow - slow / FORGETS);
      limit = Math.min(longest, Math.max(shortest, SPARE * slow));
    } else if (kind == LinkException.Kind.NO_ANSWER) {
      limit = Math.min(longest, 2 * limit);
    }
  }
}
