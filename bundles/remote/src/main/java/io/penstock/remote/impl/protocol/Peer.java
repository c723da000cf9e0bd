// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import io.penstock.remote.spi.RemoteEntry;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** What is known of a node that has entries which are watched. Holds no rules. */
final class Peer {
  /** What is believed of it. */
  enum Belief {
    /** Nothing: its entries are not used before it has answered. */
    UNKNOWN,
    /** It lives, and its entries are used. */
    ALIVE,
    /** It is dead, and its entries are not used. */
    DEAD
  }

  final String node;
  final Map<String, RemoteEntry> entries = new LinkedHashMap<>();

  /** The keys of the entries that were added. */
  final Set<String> used = new HashSet<>();

  Belief belief = Belief.UNKNOWN;

  /** Whether it has answered since we were connected, and since we went on after a pause. */
  boolean confirmed;

  /** When it showed the last sign of life; or since when silence has counted. */
  long heard;

  /** Since when it has been unknown; or dead and silent. */
  long since;

  /** The question that was not answered yet; 0 for none. */
  long question;

  /** When to ask next, if {@link #asking}. */
  long askAt;

  boolean asking;

  /** Whether it was asked in the last quarter of its session. */
  boolean asked;

  /** How often in a row the registry has said that it is not there. */
  int refusals;

  /** Whether two of these are enough: not before it lives by our knowledge, or after our pause. */
  boolean doubted;

  Peer(String node, long now) {
    this.node = node;
    this.heard = now;
    this.since = now;
  }
}
