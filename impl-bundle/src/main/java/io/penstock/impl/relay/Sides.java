// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The two sides of a conversation, and what both together say of it, under its lock. */
record Sides(ConversationSide from, ConversationSide to) {
  List<ConversationSide> both() {
    return List.of(from, to);
  }

  ConversationSide other(ConversationSide side) {
    return side == from ? to : from;
  }

  /** The side whose output a direction is. */
  ConversationSide of(RelayDirection direction) {
    return direction == from.output ? from : to;
  }

  /** What goes from one side to the other, each way that there is. */
  Stream<RelayDirection> directions() {
    return both().stream().flatMap(ConversationSide::directions);
  }

  /**
   * The side because of which the conversation is over.
   *
   * @param overdue whether a verdict has been waited for long enough
   * @return null while none has departed
   */
  @Nullable ConversationSide departed(boolean overdue) {
    boolean first = from.hasDeparted(to, overdue);
    boolean second = to.hasDeparted(from, overdue);
    if (first && second) {
      // The one that has failed tells how it ended.
      return from.goneWith == null && to.goneWith != null ? to : from;
    }
    return first ? from : second ? to : null;
  }

  /** Whether nothing is left to be done. */
  boolean areDone() {
    return from.isDone() && to.isDone();
  }

  /** Whether at most one direction is left. */
  boolean areHalfDone() {
    return from.hasEnded() || to.hasEnded();
  }

  /** Whether only a verdict is missing, and one side has refused what came from the other. */
  boolean onlyVerdictIsMissing() {
    return (from.inputBroken || to.inputBroken) && (from.hasLeft(to) || to.hasLeft(from));
  }
}
