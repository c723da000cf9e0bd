// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.channel.Channel;
import io.penstock.impl.core.End;
import io.penstock.impl.engine.Waiter;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.spi.EndDriver;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One end at the poller. It is looked at when it is due: after it was registered, woken by its end,
 * found ready by the selector, or when a look left something over.
 */
abstract class Entry extends Due.Link<Entry> implements Registration, Waiter {
  private static final System.Logger LOG = Messages.log("poller");
  private static final VarHandle GONE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      GONE = lookup.findVarHandle(Entry.class, "gone", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final SelectorPoller poller;

  /**
   * What the selector watches for; a byte, because each connection has one. With the turn to poll.
   */
  byte ops;

  /** The selector's, shared with other entries of the channel. Written with the turn to poll. */
  volatile @Nullable SelectionKey key;

  /** The next one that shares the key. With the turn to poll. */
  @Nullable Entry nextOfKey;

  /** Whether the selector found the channel ready since the last look. With the turn to poll. */
  boolean selected;

  /** Whether the system may not watch the key, though it was asked to. With the turn to poll. */
  boolean unsure;

  /** The round of the last look. With the turn to poll. */
  long round;

  private final End end;

  @SuppressWarnings("unused")
  private volatile boolean gone;

  private volatile boolean paused;
  private volatile @Nullable Object attachment;
  private int events;
  private boolean calling;

  Entry(SelectorPoller poller, End end) {
    this.poller = poller;
    this.end = end;
  }

  End end() {
    return end;
  }

  @Nullable SelectableChannel selectable() {
    EndDriver driver = end.driver();
    return driver == null ? null : driver.selectable();
  }

  // ---- any thread

  /** Whether nothing will come any more, which can be told without trying. */
  boolean over() {
    return end.isClosed() || end.failure() != null;
  }

  /** Whether a change at the end is a reason to look. */
  boolean curious() {
    return !paused;
  }

  @Override
  public void wake() {
    if (gone) {
      return;
    }
    boolean over = over();
    if (over && key != null) {
      // The channel cannot let its descriptor go before the selector has let go of the channel.
      poller.release(this);
    }
    if (over || curious()) {
      poller.due(this);
    }
  }

  boolean gone() {
    return gone;
  }

  /** Marks it as unregistered. Returns false when it was already. */
  boolean leave() {
    return GONE.compareAndSet(this, false, true);
  }

  /** Lets go of what it holds; on return a second caller finds it done, too. Any thread. */
  void settle() {}

  /** Why nothing will come any more; null while something may. */
  @Nullable Throwable failure() {
    return end.failure();
  }

  /** What time its peer has; null without limit. */
  @Nullable Pace pace() {
    return null;
  }

  /** Closes what was registered. */
  abstract void closeEnd() throws IOException;

  /** Closes the channel that the end belongs to, or the end alone where there is none. */
  void closeWhole() {
    String name = end.name();
    Channel channel = end.channel();
    if (channel != null) {
      channel
          .closeAsync()
          .whenComplete(
              (done, failure) -> {
                if (failure != null) {
                  // The channel's own closed() tells its user.
                  LOG.log(Level.DEBUG, "{0}: was not closed cleanly", name, failure);
                }
              });
      return;
    }
    try {
      closeEnd();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: closing failed", name, e);
    }
  }

  @Override
  public Optional<Channel> channel() {
    return Optional.ofNullable(end.channel());
  }

  @Override
  public Registration pause() {
    paused = true;
    // If the selector fires once more, the look that follows will stop that.
    return this;
  }

  @Override
  public Registration resume() {
    paused = false;
    poller.due(this);
    return this;
  }

  @Override
  public Registration attach(@Nullable Object value) {
    attachment = value;
    return this;
  }

  @Override
  public @Nullable Object attachment() {
    return attachment;
  }

  @Override
  public long skipped() {
    return 0;
  }

  @Override
  public void close() {
    poller.unregister(this);
  }

  @Override
  public String toString() {
    return "registration of " + end.name() + (gone ? " (closed)" : paused ? " (paused)" : "");
  }

  // ---- with the turn to poll

  /**
   * Looks what there is and tells the handler.
   *
   * @param budget the most events
   * @return how many events there were
   * @throws IOException what the handler threw
   */
  final int visit(ChannelHandler handler, int budget) throws IOException {
    looksNow();
    boolean found = selected;
    selected = false;
    events = 0;
    calling = false;
    if (gone) {
      return 0;
    }
    boolean whole = false;
    try {
      if (end.isClosed()) {
        finish(handler, null);
      } else if (!paused) {
        look(handler, budget, found);
      } else if (failure() != null) {
        finish(handler, failure());
      } else {
        poller.watch(this, 0);
      }
      whole = true;
    } catch (IOException | RuntimeException | Error e) {
      // An error, too: a framer or a driver whose bundle is gone must not take the others along.
      if (calling) {
        throw e;
      }
      whole = true;
      finish(handler, end.isClosed() ? null : e);
    } finally {
      leaveOff();
      if (!whole && !gone) {
        poller.due(this);
      }
    }
    return events;
  }

  /**
   * Looks what there is; what it throws outside of a handler is a failure of this entry.
   *
   * @param found whether the selector found the channel ready
   */
  abstract void look(ChannelHandler handler, int budget, boolean found) throws IOException;

  /** Ends a look, however it went. */
  void leaveOff() {}

  boolean paused() {
    return paused;
  }

  int events() {
    return events;
  }

  /** Whether the handler has been called and has not returned. */
  boolean isCalling() {
    return calling;
  }

  void tellEnd(ChannelHandler handler) throws IOException {
    handler.ended(this);
  }

  /** Counts an event as delivered, before the handler is called. */
  void calling() {
    events++;
    calling = true;
  }

  void called() {
    calling = false;
  }

  /** Unregisters and tells why: null for an end, of which nothing is told if it is gone already. */
  void finish(ChannelHandler handler, @Nullable Throwable cause) throws IOException {
    if (!poller.unregister(this)) {
      return;
    }
    calling();
    if (cause == null) {
      tellEnd(handler);
    } else {
      handler.failed(this, cause);
    }
    called();
  }

  /**
   * Waits for the end to change, with the selector's help if there is something to select on.
   *
   * @param found whether the selector found it ready, and yet there was nothing
   */
  void await(boolean found) throws IOException {
    // Ready and yet nothing there may mean that somebody else is using the end: then the selector
    // would find it ready over and over, and the end wakes us when they have done.
    poller.watch(this, found && end.busy() ? 0 : end.interest());
  }
}
