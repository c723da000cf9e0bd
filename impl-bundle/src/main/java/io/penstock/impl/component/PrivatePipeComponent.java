// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.error.StreamClosedException;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.pipe.PipeStats;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ServiceScope;

/**
 * A pipe of one's own, closed when it is let go. It ranks above every named one, so that a consumer
 * that does not ask for a name never gets the pipe of another.
 */
@Component(
    name = "io.penstock.PrivatePipe",
    service = Pipe.class,
    scope = ServiceScope.PROTOTYPE,
    property = "service.ranking:Integer=" + Integer.MAX_VALUE)
public final class PrivatePipeComponent implements Pipe {
  private final Engine engine;
  private final DrivenPipe pipe;

  /**
   * An open, empty pipe with default options.
   *
   * @param engine lends threads
   */
  @Activate
  public PrivatePipeComponent(@Reference EngineComponent engine) {
    this.engine = engine.engine();
    this.pipe = DrivenPipe.counted(PipeOptions.defaults(), this.engine);
    this.engine.enlist(pipe);
  }

  @Override
  public ByteSink sink() {
    return pipe.sink();
  }

  @Override
  public ByteSource source() {
    return pipe.source();
  }

  @Override
  public String name() {
    return pipe.name();
  }

  @Override
  public void abort(Throwable cause) {
    pipe.abort(cause);
  }

  @Override
  public PipeStats stats() {
    return pipe.stats();
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return pipe.facet(type);
  }

  @Override
  public boolean trim() {
    return pipe.trim();
  }

  @Override
  public CompletionStage<Void> closed() {
    return pipe.closed();
  }

  @Override
  public void close() throws IOException {
    pipe.close();
  }

  /** Its owner, or this bundle, has gone. */
  @Deactivate
  void deactivate() throws IOException {
    engine.delist(pipe);
    // Closing alone would tell the writers of a broken pipe, as if the reader had gone.
    pipe.abort(new StreamClosedException(pipe.name()));
    pipe.close();
  }

  @Override
  public String toString() {
    return pipe.toString();
  }
}
