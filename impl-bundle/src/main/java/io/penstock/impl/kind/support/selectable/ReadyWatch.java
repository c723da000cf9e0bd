// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.SelectableChannel;
import java.time.Duration;

/**
 * Watches a channel that no caller waits for, on the thread that waits for all channels, until its
 * task has enough.
 */
public final class ReadyWatch {
  /** Works when the channel is ready, has been closed, or for no reason; quick, and never waits. */
  public interface Task {
    /**
     * Does what can be done now.
     *
     * @return more than 0 to be called again when the channel is ready; 0 for the same, where
     *     nothing could be done; below 0 when the task has enough
     */
    int run();

    /** The product has stopped, and {@link #run} is not called any more. */
    default void stopped() {}
  }

  private static final Logger LOG = Messages.log("kind");

  /** How long the channel is left alone after two calls that were made for no reason. */
  private static final Duration PAUSE = Duration.ofMillis(100);

  /**
   * So many calls follow each other before the timer is asked: a selector that has stopped is ready
   * at once and for ever, and only the timer tells that the product has stopped.
   */
  private static final int MAX_IN_A_ROW = 64;

  private final ProviderContext context;
  private final SelectableChannel channel;
  private final int operations;
  private final Task task;
  // The calls follow each other.
  private boolean vain;
  private int row;
  private boolean told;

  private ReadyWatch(
      ProviderContext context, SelectableChannel channel, int operations, Task task) {
    this.context = context;
    this.channel = channel;
    this.operations = operations;
    this.task = task;
  }

  /**
   * Begins to watch.
   *
   * @param context of the channel
   * @param channel in non-blocking mode
   * @param operations what to wait for
   * @param task is called until it has enough, or the product has stopped
   */
  public static void start(
      ProviderContext context, SelectableChannel channel, int operations, Task task) {
    ReadyWatch watch = new ReadyWatch(context, channel, operations, task);
    context.select(channel, operations, watch::ready);
  }

  private void again() {
    try {
      context.select(channel, operations, this::ready);
    } catch (RuntimeException | Error e) {
      failed(e);
    }
  }

  private void ready() {
    int done;
    try {
      done = task.run();
    } catch (RuntimeException | Error e) {
      failed(e);
      return;
    }
    if (done < 0) {
      return;
    }
    boolean before = vain;
    vain = done == 0;
    if (vain && before) {
      later(PAUSE);
    } else if ((vain || ++row == MAX_IN_A_ROW) && hasStopped()) {
      // Asked at once after a call for no reason: of several watches, a selector that has stopped
      // calls only one a second time.
      task.stopped();
    } else {
      again();
    }
  }

  /**
   * Asks the timer, which stops first. Nothing may wait in it: it forgets what waits at its stop.
   */
  private boolean hasStopped() {
    row = 0;
    return context.after(Duration.ZERO, () -> {}).isCancelled();
  }

  /** Goes on all the same: without the watch the peer would stand still. */
  private void failed(Throwable why) {
    // Once: what fails ten times a second must not fill the log.
    Level level = told ? Level.DEBUG : Level.ERROR;
    told = true;
    LOG.log(level, "{0}: a watch of a channel failed, and is tried again", context.name(), why);
    later(PAUSE);
  }

  private void later(Duration delay) {
    vain = false;
    row = 0;
    if (context.after(delay, this::again).isCancelled()) {
      // The selector of a product that stops waits for nothing, and its timer takes nothing.
      task.stopped();
    }
  }
}
