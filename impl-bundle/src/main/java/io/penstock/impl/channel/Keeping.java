// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.impl.engine.Scope;
import java.util.List;

/**
 * Where channels are kept until they are over; one for all that a listener accepts.
 *
 * @param scopes each closes them when it is closed
 * @param left run once for each that is over, on any thread
 */
record Keeping(List<Scope> scopes, Runnable left) {
  /** In scopes only. */
  static Keeping in(Scope... scopes) {
    return new Keeping(List.of(scopes), () -> {});
  }

  /** In the same scopes, with something to run for each that is over. */
  Keeping with(Runnable left) {
    return new Keeping(scopes, left);
  }

  /**
   * Keeps a channel.
   *
   * @throws IllegalStateException if a scope is closed; then the channel is, too
   */
  void keep(DrivenChannel channel) {
    try {
      scopes.forEach(scope -> scope.add(channel));
    } catch (RuntimeException | Error e) {
      forget(channel);
      throw e;
    }
    channel.keptBy(this);
  }

  private void forget(DrivenChannel channel) {
    scopes.forEach(scope -> scope.remove(channel));
  }

  /** A channel is over. */
  void over(DrivenChannel channel) {
    forget(channel);
    left.run();
  }
}
