// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Channel;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a channel, for those that ask. Each stage is made when it is first asked for, so
 * that a connection of which nobody asks weighs nothing here.
 */
abstract class ChannelStages extends ChannelEnds {
  private static final VarHandle CONNECTED;
  private static final VarHandle CLOSED;
  private static final VarHandle RELEASED;
  private static final VarHandle GONE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      CONNECTED = lookup.findVarHandle(ChannelStages.class, "connected", CompletableFuture.class);
      CLOSED = lookup.findVarHandle(ChannelStages.class, "closed", CompletableFuture.class);
      RELEASED = lookup.findVarHandle(ChannelStages.class, "released", CompletableFuture.class);
      GONE = lookup.findVarHandle(ChannelStages.class, "gone", CompletableFuture.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Stands for the stage of a channel that is connected and was not asked before. */
  private static final CompletableFuture<Channel> UNASKED = new CompletableFuture<>();

  private volatile @Nullable CompletableFuture<Channel> connected;
  private volatile @Nullable CompletableFuture<Void> closed;
  // Before closed, which is told behind what users run when a write completes.
  private volatile @Nullable CompletableFuture<Void> released;
  private volatile @Nullable CompletableFuture<Void> gone;

  ChannelStages(ChannelContext context) {
    super(context);
  }

  // ---- connected

  private CompletableFuture<Channel> connectedStage() {
    CompletableFuture<Channel> present = connected;
    if (present == null) {
      CONNECTED.compareAndSet(
          this, (CompletableFuture<Channel>) null, new CompletableFuture<Channel>());
      present = Objects.requireNonNull(connected, "connected");
    }
    return present == UNASKED ? CompletableFuture.completedFuture(this) : present;
  }

  @Override
  public final CompletionStage<Channel> connected() {
    return connectedStage().minimalCompletionStage();
  }

  /** Whether those that wait for the connection were told of it, or of its failure. */
  final boolean hasToldConnected() {
    CompletableFuture<Channel> present = connected;
    return present != null && (present == UNASKED || present.isDone());
  }

  final void tellConnected() {
    if (!CONNECTED.compareAndSet(this, (CompletableFuture<Channel>) null, UNASKED)) {
      connectedStage().complete(this);
    }
  }

  /** Tells that it will not be connected; does nothing if it was. */
  final void tellConnected(Throwable failure) {
    connectedStage().completeExceptionally(failure);
  }

  // ---- closed

  /** The stage of the end of the channel. */
  final CompletableFuture<Void> closedStage() {
    CompletableFuture<Void> present = closed;
    if (present == null) {
      CLOSED.compareAndSet(this, (CompletableFuture<Void>) null, new CompletableFuture<Void>());
      present = Objects.requireNonNull(closed, "closed");
    }
    return present;
  }

  @Override
  public final CompletionStage<Void> closed() {
    return closedStage().minimalCompletionStage();
  }

  /** The stage of the driver's end, for a caller that waits for no completion of a write. */
  final CompletableFuture<Void> releasedStage() {
    CompletableFuture<Void> present = released;
    if (present == null) {
      RELEASED.compareAndSet(this, (CompletableFuture<Void>) null, new CompletableFuture<Void>());
      present = Objects.requireNonNull(released, "released");
    }
    return present;
  }

  /**
   * Tells that it is over.
   *
   * @param why it failed; null if it was closed
   */
  final void tellOver(@Nullable Throwable why) {
    complete(releasedStage(), why);
    sink.tellLast(() -> complete(closedStage(), why));
  }

  /**
   * Tells that a close is done: those that wait for it on a worker, as they may take their time.
   */
  final void tellClosed(@Nullable Throwable why) {
    if (closed == null) {
      tellOver(why);
      return;
    }
    complete(releasedStage(), why);
    sink.tellAfterwards(() -> complete(closedStage(), why));
  }

  private static void complete(CompletableFuture<Void> stage, @Nullable Throwable why) {
    if (why == null) {
      stage.complete(null);
    } else {
      stage.completeExceptionally(why);
    }
  }

  // ---- gone

  /** The stage of the peer's leaving. */
  final CompletableFuture<Void> goneStage() {
    CompletableFuture<Void> present = gone;
    if (present == null) {
      GONE.compareAndSet(this, (CompletableFuture<Void>) null, new CompletableFuture<Void>());
      present = Objects.requireNonNull(gone, "gone");
    }
    return present;
  }

  @Override
  public final CompletionStage<Void> gone() {
    return goneStage().minimalCompletionStage();
  }
}
