// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SentQueue;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One of the two channels of a conversation, whose lock guards what changes. */
final class ConversationSide {
  private static final System.Logger LOG = Messages.log("relay");

  final Channel channel;
  final boolean verdict;
  private final PosixAccess posix;

  /** What goes from this side to the other; null for nothing. */
  final @Nullable RelayDirection output;

  /** Whether the peer has gone; null where nothing tells. */
  @Nullable Departure departure;

  /** What goes from this side to the other beside the output: standard error; null for nothing. */
  private @Nullable RelayDirection errors;

  boolean sourceEnded;
  boolean endPassed;
  boolean outputDone;
  boolean errorsDone = true;
  boolean inputBroken;
  boolean gone;
  @Nullable Throwable goneWith;

  ConversationSide(Channel channel, @Nullable RelayDirection output, PosixAccess posix) {
    this.channel = channel;
    this.posix = posix;
    this.verdict = channel.capabilities().contains(Capability.VERDICT);
    this.output = output;
    this.outputDone = output == null;
  }

  /** Whether this side has gone, and nothing but the verdict of the other one can be missing. */
  boolean hasLeft(ConversationSide other) {
    return gone && ((outputDone && errorsDone) || other.gone);
  }

  /**
   * Whether the conversation is over because this side has gone. The other one is left to give its
   * verdict.
   *
   * @param overdue whether the verdict has been waited for long enough
   */
  boolean hasDeparted(ConversationSide other, boolean overdue) {
    return hasLeft(other) && (goneWith != null || !other.verdict || other.gone || overdue);
  }

  /** Whether it had something for the other side, and all of that is done. */
  boolean hasEnded() {
    return output != null && outputDone;
  }

  /** Whether nothing is left to be done, or to be said of it. */
  boolean isDone() {
    return outputDone && errorsDone && (!verdict || gone);
  }

  /** Whether the peer can be told that nothing more comes, and still be read. */
  boolean canEnd() {
    return channel.capabilities().contains(Capability.OUTPUT)
        && (channel.capabilities().contains(Capability.HALF_CLOSE)
            || !channel.capabilities().contains(Capability.INPUT));
  }

  /**
   * Nothing will go from here to the other side. This side is drained. The one without input is
   * told only if it gives a verdict, because it might wait for input before it does.
   */
  void shutTo(ConversationSide deaf) {
    try {
      if (channel.capabilities().contains(Capability.INPUT)) {
        channel.source().close();
      }
      if (deaf.verdict && deaf.canEnd()) {
        deaf.channel.sink().end();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "an unused direction could not be shut", e);
    }
  }

  /** Has standard error go beside the output; before anything moves. */
  void carry(@Nullable RelayDirection standardError) {
    errors = standardError;
    errorsDone = standardError == null;
  }

  /** What goes from this side to the other. */
  Stream<RelayDirection> directions() {
    return Stream.concat(Stream.ofNullable(output), Stream.ofNullable(errors));
  }

  /** How many bytes have gone from this side to the other. */
  long moved() {
    return directions().mapToLong(RelayDirection::moved).sum();
  }

  /** Drops what comes from this side: the other one does not take any more. */
  void drop() {
    dropBuffered();
    try {
      channel.source().close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "what is dropped could not be closed", e);
    }
  }

  private void dropBuffered() {
    try {
      // What the other side will not take any more is dropped on purpose.
      channel.source().drain();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "nothing to drop", e);
    }
  }

  /** Runs a task once a cut drops nothing that was written, or a close would not wait longer. */
  void whenSent(Runnable task) {
    channel.facet(SentQueue.class).ifPresentOrElse(queue -> queue.whenEmpty(posix, task), task);
  }

  /** Closes the channel; the result never fails. */
  CompletableFuture<Void> close() {
    dropBuffered();
    return channel.closeAsync().toCompletableFuture().handle((done, failure) -> null);
  }
}
