// SPDX-License-Identifier: Apache-2.0
package io.penstock.health;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Since when things are as they are, as far as the looks of one check have told. Not thread-safe.
 */
final class History {
  private record Seen(Object state, long since) {}

  private final Map<Object, Seen> seen = new HashMap<>();
  private final Set<Object> now = new HashSet<>();

  /**
   * Since when a thing has had this state at each look.
   *
   * @param at the time of this look, which is the answer for a new thing or state
   */
  long since(Object thing, Object state, long at) {
    now.add(thing);
    Seen before = seen.get(thing);
    if (before == null || !before.state.equals(state) || before.since > at) {
      seen.put(thing, new Seen(state, at));
      return at;
    }
    return before.since;
  }

  /** Ends a look: what it has not asked for is forgotten. */
  void done() {
    seen.keySet().retainAll(now);
    now.clear();
  }
}
