// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.pipe;

import io.penstock.channel.Capability;
import io.penstock.pipe.Pipe;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.EndDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Ends of pipes that belong to somebody else. Closing lets go of them: a pipe's reader may go and
 * another come. The end of the channel's output is an end of the pipe, since its reader could not
 * tell otherwise; an abort cuts the pipes.
 */
final class PipeDriver implements ChannelDriver {
  private final @Nullable Pipe in;
  private final @Nullable Pipe out;
  private final @Nullable Input source;
  private final @Nullable Output sink;

  PipeDriver(@Nullable Pipe in, @Nullable Pipe out, Executor executor) {
    this.in = in;
    this.out = out;
    this.source = in == null ? null : new Input(in.source(), executor);
    this.sink = out == null ? null : new Output(out.sink(), executor);
  }

  @Override
  public @Nullable SourceDriver source() {
    return source;
  }

  @Override
  public @Nullable SinkDriver sink() {
    return sink;
  }

  @Override
  public Set<Capability> capabilities() {
    return in == null || out == null
        ? Set.of(Capability.ABORT)
        : Set.of(Capability.HALF_CLOSE, Capability.ABORT);
  }

  @Override
  public void close() {
    if (source != null) {
      source.close();
    }
    if (sink != null) {
      sink.close();
    }
  }

  @Override
  public void abort(Throwable cause) {
    // One that was closed here was let go of: it is for others to use.
    boolean reads = source != null && !((Watched) source).closed;
    close();
    if (in != null && reads) {
      in.abort(cause);
    }
    if (out != null) {
      out.abort(cause);
    }
  }

  /** An end that is watched through its signal. */
  private abstract static class Watched implements EndDriver {
    private final Signal signal;
    private final Executor executor;
    private final AtomicReference<@Nullable Watch> watch = new AtomicReference<>();
    private volatile Runnable ready = () -> {};
    private volatile boolean closed;

    Watched(Signal signal, Executor executor) {
      this.signal = signal;
      this.executor = executor;
    }

    @Override
    public boolean ready() {
      return signal.isSet();
    }

    @Override
    public void onReady(Runnable callback) {
      ready = callback;
      watch.set(signal.onSet(executor, callback));
      if (closed) {
        unwatch();
      }
    }

    /**
     * After a try that came back with nothing: another user of the end may have had the turn, and
     * then the signal stays set, so that its watch says nothing.
     */
    void tried() {
      if (signal.isSet() && !closed) {
        executor.execute(ready);
      }
    }

    @Override
    public void close() {
      closed = true;
      unwatch();
    }

    private void unwatch() {
      Watch current = watch.getAndSet(null);
      if (current != null) {
        current.close();
      }
    }
  }

  private static final class Input extends Watched implements SourceDriver {
    private final ByteSource pipe;

    Input(ByteSource pipe, Executor executor) {
      super(pipe.readable(), executor);
      this.pipe = pipe;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
      int n = pipe.read(dst, Wait.none());
      if (n == 0) {
        tried();
      }
      return n;
    }

    @Override
    public long available() {
      return pipe.available();
    }
  }

  private static final class Output extends Watched implements SinkDriver {
    private final ByteSink pipe;

    Output(ByteSink pipe, Executor executor) {
      super(pipe.writable(), executor);
      this.pipe = pipe;
    }

    @Override
    public int write(ByteBuffer src) throws IOException {
      int n = pipe.write(src, Wait.none());
      if (n == 0 && src.hasRemaining()) {
        tried();
      }
      return n;
    }

    @Override
    public void end() throws IOException {
      pipe.end();
    }

    @Override
    public long room() {
      return pipe.room();
    }
  }
}
