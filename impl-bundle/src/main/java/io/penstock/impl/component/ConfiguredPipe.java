// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.error.AddressException;
import io.penstock.error.StorageException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.buffer.Contents;
import io.penstock.impl.component.config.PipeSettings;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.impl.pipe.NamedPipes;
import io.penstock.pipe.Pipe;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A named pipe: when one is spent, a fresh one takes its place. */
final class ConfiguredPipe extends Configured<PipeSettings, DrivenPipe> {
  private final NamedPipes pipes;
  private final Contents contents;
  private final Registrar services;
  // What is withdrawn only to be followed by another. Withdrawing may happen on any thread.
  private volatile @Nullable DrivenPipe renewing;

  // Only on the serial executor.
  private boolean opening;
  // Another one has taken over: two that both do would take from each other without end.
  private boolean yields;
  // Opened, and not in its place yet.
  private final AtomicReference<@Nullable DrivenPipe> opened = new AtomicReference<>();

  ConfiguredPipe(
      Engine engine,
      Names names,
      NamedPipes pipes,
      Contents contents,
      Registrar services,
      String pid) {
    super(engine, names, pid);
    this.pipes = pipes;
    this.contents = contents;
    this.services = services;
  }

  @Override
  String kind() {
    return "pipe";
  }

  @Override
  String name(PipeSettings values) {
    return values.name();
  }

  @Override
  void begin() {
    PipeSettings values = settings();
    if (opening) {
      // What arrives is looked at then.
      return;
    }
    if (values.durable().isPresent()) {
      open(values, values.durable().get());
    } else {
      begin(DrivenPipe.counted(values.options(), engine));
    }
  }

  private void open(PipeSettings values, PipeSettings.Place place) {
    opening = true;
    SortedMap<String, String> keys = new TreeMap<>(place.keys());
    if (yields) {
      keys.remove(Contents.TAKEOVER);
    }
    CompletionStage<Void> unused =
        DrivenPipe.open(
                place.location(),
                keys,
                values.options(),
                engine,
                engine.budgets().inHeap(),
                contents)
            .handle(
                (pipe, failure) -> {
                  if (pipe != null) {
                    opened.set(pipe);
                    if (isStopped()) {
                      stopped();
                    }
                  }
                  serially(() -> arrived(values, failure));
                  return null;
                });
  }

  private void arrived(PipeSettings values, @Nullable Throwable failure) {
    opening = false;
    DrivenPipe pipe = opened.getAndSet(null);
    boolean ours = isNamed() && values.name().equals(settings().name());
    if (pipe != null && ours && values.durable().equals(settings().durable())) {
      begin(pipe);
      renewed(null);
      // What else was configured meanwhile.
      PipeSettings unused = changed(values, settings());
    } else if (pipe != null || !ours) {
      // Another place or name was configured meanwhile.
      if (pipe != null) {
        pipe.closeNow();
      }
      renewed(null);
      if (isNamed()) {
        begin();
      }
    } else if (failure != null) {
      complain(values, Faults.unwrap(failure));
      later(RETRY_MIN, RETRY_MAX);
    }
  }

  private void complain(PipeSettings values, @Nullable Throwable why) {
    PipeSettings.Place place = values.durable().orElse(null);
    if (yields
        && place != null
        && "true".equals(place.keys().get(Contents.TAKEOVER))
        && why instanceof AddressException e
        && e.kind() == AddressException.Kind.IN_USE) {
      // What the place says is for one that does not ask to take over.
      complain(
          Level.WARNING,
          pid()
              + ": another writer or reader has taken over "
              + place.location().name()
              + ", and this pipe stands by; it opens again when that one lets go; to have it here,"
              + " stop that one, or start this container anew");
      return;
    }
    String text = why instanceof Exception e ? Reasons.of(e) : String.valueOf(why);
    complain(Level.WARNING, pid() + ": " + text + "; trying again until it succeeds");
  }

  @Override
  void stopped() {
    DrivenPipe pipe = opened.getAndSet(null);
    if (pipe != null) {
      pipe.closeNow();
    }
    renewed(null);
  }

  /** The one before has no place any more, unless it is still to be followed by another. */
  private void renewed(@Nullable DrivenPipe next) {
    DrivenPipe before = renewing;
    renewing = next;
    if (before != null && before != next) {
      pipes.remove(before.name(), before);
    }
  }

  private void begin(DrivenPipe pipe) {
    if (!slot.put(pipe)) {
      discard(pipe, false);
      return;
    }
    alive("made");
    pipe.closed().whenComplete((done, failure) -> serially(() -> spent(pipe, failure)));
    slot.publish(pipe, () -> publish(pipe));
  }

  private Runnable publish(DrivenPipe pipe) {
    Map<String, Object> properties = Map.of(Pipe.NAME, pipe.name());
    pipes.putRenewed(pipe.name(), pipe);
    // The pipe comes last and goes first: a consumer that sees it finds its ends as well.
    Runnable source = services.register(ByteSource.class, pipe.source(), properties);
    Runnable sink = services.register(ByteSink.class, pipe.sink(), properties);
    Runnable whole = services.register(Pipe.class, pipe, properties);
    return () -> {
      List.of(whole, sink, source).forEach(Runnable::run);
      if (renewing != pipe) {
        pipes.remove(pipe.name(), pipe);
      }
    };
  }

  /**
   * A caller that asks for the name meanwhile finds the spent pipe, and waits for the fresh one.
   */
  private void spent(DrivenPipe pipe, @Nullable Throwable failure) {
    renewed(pipe);
    boolean waits = false;
    if (slot.take(pipe)) {
      Throwable why = failure == null ? null : Faults.unwrap(failure);
      yields = why instanceof StorageException e && e.kind() == StorageException.Kind.FENCED;
      boolean lost = pipe.isLost() && why instanceof StorageException;
      if (settings().durable().isPresent()) {
        // Its users are to see why it is lost. What is unread is read from the next one.
        if (!lost) {
          discard(pipe, false);
        }
        died();
      }
      // The next one may be lost at once, such as on a full disk.
      waits = lost && !yields;
      if (waits) {
        complain(settings(), why);
        later(RETRY_MIN, RETRY_MAX);
      } else {
        begin();
      }
    }
    if (!opening && !waits) {
      renewed(null);
    }
  }

  @Override
  PipeSettings changed(PipeSettings old, PipeSettings next) {
    if (!old.durable().equals(next.durable())) {
      yields = false;
      slot.take(gone -> discard(gone, true));
      renewed(null);
    }
    DrivenPipe pipe = slot.get();
    if (pipe != null) {
      // Only what the configuration changes: a consumer may have set the other one.
      if (!old.readWait().equals(next.readWait())) {
        pipe.source().readWait(next.readWait());
      }
      if (!old.writeWait().equals(next.writeWait())) {
        pipe.sink().writeWait(next.writeWait());
      }
    }
    return next;
  }

  @Override
  void discard(DrivenPipe pipe, boolean graceful) {
    // Closing alone would tell the writers of a broken pipe, as if the reader had gone.
    pipe.abort(new StreamClosedException(pipe.name()));
    try {
      pipe.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: closing the pipe failed", pipe.name(), e);
    }
  }
}
