// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.error.StreamClosedException;
import io.penstock.impl.component.config.PipeSettings;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.impl.pipe.NamedPipes;
import io.penstock.pipe.Pipe;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A named pipe: when one is spent, a fresh one takes its place. */
final class ConfiguredPipe extends Configured<PipeSettings, DrivenPipe> {
  private final NamedPipes pipes;
  private final Registrar services;
  // What is withdrawn only to be followed by another. Withdrawing may happen on any thread.
  private volatile @Nullable DrivenPipe renewing;

  ConfiguredPipe(Engine engine, Names names, NamedPipes pipes, Registrar services, String pid) {
    super(engine, names, pid);
    this.pipes = pipes;
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
    DrivenPipe pipe = DrivenPipe.counted(settings().options(), engine);
    if (!slot.put(pipe)) {
      discard(pipe, false);
      return;
    }
    alive("made");
    pipe.closed().whenComplete((done, failure) -> serially(() -> spent(pipe)));
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
  private void spent(DrivenPipe pipe) {
    renewing = pipe;
    if (slot.take(pipe)) {
      begin();
    }
    renewing = null;
    // Unless a fresh one has taken its place.
    pipes.remove(pipe.name(), pipe);
  }

  @Override
  PipeSettings changed(PipeSettings old, PipeSettings next) {
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
