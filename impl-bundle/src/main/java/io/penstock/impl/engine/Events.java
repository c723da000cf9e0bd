// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.channel.Endpoint;
import io.penstock.runtime.PenstockEvent;
import io.penstock.runtime.PenstockListener;
import io.penstock.spi.Messages;
import io.penstock.stream.Watch;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Tells listeners what happens to pipes, channels, listeners, relays and handlers, in order, on a
 * worker. While nobody listens, it costs a look at an empty list.
 */
public final class Events {
  private static final System.Logger LOG = Messages.log("core");

  /** How many events wait for listeners that are too slow for them. */
  private static final int MOST = 10_000;

  private final List<Heard> listeners = new CopyOnWriteArrayList<>();
  private final Executor serial;
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile boolean dropping;

  /** One that is added twice is told twice, and each can be ended. */
  private static final class Heard {
    private final PenstockListener listener;

    Heard(PenstockListener listener) {
      this.listener = listener;
    }
  }

  Events(Executor serial) {
    this.serial = serial;
  }

  /**
   * Tells a listener from now on.
   *
   * @return ends that; a call that is under way may still return later
   */
  public Watch add(PenstockListener listener) {
    Heard own = new Heard(Objects.requireNonNull(listener, "listener"));
    listeners.add(own);
    return () -> {
      boolean unused = listeners.remove(own);
    };
  }

  /** Tells nobody any more. */
  public void close() {
    listeners.clear();
  }

  /** Whether anybody listens: only then an event is worth being made. */
  public boolean areHeard() {
    return !listeners.isEmpty();
  }

  /**
   * Tells of something; does nothing while nobody listens.
   *
   * @param object what kind of thing it is
   * @param endpoint with secrets or without; null for a pipe
   * @param peer its address; null if there is none
   * @param cause why; null if nothing failed
   */
  public void tell(
      PenstockEvent.Type type,
      String object,
      String name,
      @Nullable Endpoint endpoint,
      @Nullable Object peer,
      @Nullable Throwable cause) {
    if (areHeard()) {
      String where = endpoint == null ? "" : endpoint.anonymous().toString();
      tellText(type, object, name, where, peer, cause == null ? null : text(cause));
    }
  }

  /** Tells of something whose endpoint and cause are text already. */
  public void tellText(
      PenstockEvent.Type type,
      String object,
      String name,
      String endpoint,
      @Nullable Object peer,
      @Nullable String cause) {
    if (!areHeard()) {
      return;
    }
    if (waiting.incrementAndGet() > MOST) {
      waiting.decrementAndGet();
      if (!dropping) {
        dropping = true;
        LOG.log(
            Level.WARNING,
            "events are dropped, because {0} wait for a PenstockListener that does not return",
            String.valueOf(MOST));
      }
      return;
    }
    PenstockEvent event =
        new PenstockEvent(
            type,
            object,
            name,
            endpoint,
            peer == null ? null : peer.toString(),
            cause,
            System.currentTimeMillis());
    serial.execute(() -> deliver(event));
  }

  private void deliver(PenstockEvent event) {
    if (waiting.decrementAndGet() == 0) {
      dropping = false;
    }
    for (Heard each : listeners) {
      try {
        each.listener.event(event);
      } catch (RuntimeException | Error e) {
        // Foreign code, which must not keep the others from being told.
        LOG.log(Level.ERROR, "{0}: a PenstockListener failed", event.name(), e);
      }
    }
  }

  private static String text(Throwable cause) {
    Throwable known = Faults.unwrap(cause);
    String message = known.getMessage();
    return known.getClass().getSimpleName() + (message == null ? "" : ": " + message);
  }
}
