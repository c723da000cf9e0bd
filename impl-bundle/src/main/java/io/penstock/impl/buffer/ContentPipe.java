// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.StorageException;
import io.penstock.error.StorageException.Kind;
import io.penstock.error.StreamClosedException;
import io.penstock.spi.PipeContent;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What is between the ends of a durable pipe: the content that a provider keeps, with the place of
 * the one reader. Either half may be missing, where only the other was opened.
 */
public final class ContentPipe implements PipeBody, DurableFacet {
  final String name;
  final PipeContent content;
  final boolean auto;
  final long capacity;
  private final ContentSource source;
  private final ContentSink sink;
  private final boolean reads;
  private final boolean writes;
  private final AtomicBoolean drainedTold = new AtomicBoolean();
  private final AtomicBoolean endCommitted = new AtomicBoolean();
  private final AtomicBoolean released = new AtomicBoolean();

  /** Why the whole was cut on this side, and only then. */
  private volatile @Nullable Throwable failure;

  volatile boolean closing;
  private volatile boolean cut;
  private volatile @Nullable Runnable onDrained;
  private volatile @Nullable LongConsumer counter;
  volatile Predicate<Runnable> rewinder =
      task -> {
        task.run();
        return true;
      };

  /**
   * Makes one over open content.
   *
   * @param reads whether it was opened for a reader
   * @param writes whether it was opened for a writer
   * @param auto whether what was delivered is committed at once
   * @param capacity as the content was opened with
   */
  public ContentPipe(
      String name,
      PipeContent content,
      boolean reads,
      boolean writes,
      boolean auto,
      long capacity) {
    this.name = name;
    this.content = content;
    this.reads = reads;
    this.writes = writes;
    this.auto = auto;
    this.capacity = capacity;
    this.source = new ContentSource(this, content.committed());
    this.sink = new ContentSink(this);
    content.onReady(this::writerReady, source::tell);
  }

  private void writerReady() {
    tellWriter();
    source.tellIfFailed();
  }

  void tellWriter() {
    sink.tell();
  }

  boolean hasReader() {
    return reads;
  }

  @Override
  public SourceDriver source() {
    return source;
  }

  @Override
  public SinkDriver sink() {
    return sink;
  }

  /** Tells when the content is of no use any more. */
  public CompletionStage<Void> gone() {
    return content.gone();
  }

  @Override
  public void onDrained(Runnable callback) {
    onDrained = callback;
  }

  @Override
  public void countTo(LongConsumer value) {
    counter = value;
  }

  void grew(long change) {
    LongConsumer mine = counter;
    if (mine != null && change != 0) {
      mine.accept(change);
    }
  }

  @Override
  public long capacity() {
    return capacity;
  }

  @Override
  public boolean isSpent() {
    return failure != null || drainedTold.get() || isGone();
  }

  boolean isGone() {
    return content.gone().toCompletableFuture().isDone();
  }

  @Override
  public void onGone(Consumer<? super Throwable> callback) {
    content
        .gone()
        .whenComplete(
            (done, failed) -> {
              if (failed != null) {
                callback.accept(failed);
              }
            });
  }

  // ---- its end

  @Nullable Throwable failure() {
    return failure;
  }

  /** Whether a reader is to meet the cause behind what was written. */
  boolean isCut() {
    return cut;
  }

  @Override
  public void abort(Throwable cause) {
    if (failure == null && !drainedTold.get()) {
      // A stop of what belongs to this process is nothing that has happened to the stream.
      boolean local = cause instanceof StreamClosedException;
      if (!local && writes) {
        content.abort(cause);
        cut = true;
      }
      failure = cause;
    }
    source.tell();
    sink.tell();
  }

  /** The reader has met the end or the cut. */
  void met() {
    if (auto) {
      commitEnd();
      drained();
    }
  }

  /** An end counts once: committed again, it would be that of the next stream. */
  private void commitEnd() {
    long position = source.position();
    if (endCommitted.compareAndSet(false, true)) {
      content.commit(position, true);
    } else if (content.committed() != position) {
      content.commit(position, false);
    }
  }

  /** The reader goes elsewhere, and may meet an end again. */
  void moved() {
    endCommitted.set(false);
  }

  private void drained() {
    Runnable callback = onDrained;
    if (drainedTold.compareAndSet(false, true) && callback != null && failure == null) {
      callback.run();
    }
    if (released.get()) {
      letGo();
    }
  }

  @Override
  public void closing() {
    closing = true;
  }

  @Override
  public void over() {
    released.set(true);
    // What was written before a cut is still to be read.
    if (!cut || !reads || drainedTold.get() || closing || source.isClosed()) {
      letGo();
    }
  }

  private void letGo() {
    content.close();
    sink.letGo();
  }

  /** An end was closed for good. */
  void closed() {
    boolean all = (!reads || source.isClosed()) && (!writes || sink.isClosed());
    if (all || (released.get() && source.isClosed())) {
      letGo();
    }
  }

  // ---- figures

  @Override
  public boolean trim() {
    return false;
  }

  @Override
  public long bytesWritten() {
    return sink.bytes();
  }

  @Override
  public long bytesRead() {
    return source.bytes();
  }

  /** What is acknowledged is not in memory any more, whether it was read or not. */
  @Override
  public long progress() {
    return sink.acknowledged();
  }

  @Override
  public long writes() {
    return sink.count();
  }

  @Override
  public long reads() {
    return source.count();
  }

  @Override
  public long highWater() {
    return Math.max(sink.highWater(), sink.pending());
  }

  /** How many bytes were appended and not delivered. */
  long undelivered() {
    return Math.max(0, content.written() - source.position());
  }

  // ---- the facet

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return type == DurableFacet.class ? Optional.of(type.cast(this)) : Optional.empty();
  }

  @Override
  public long position() {
    return reads ? source.position() : content.written();
  }

  @Override
  public long acknowledged() {
    return content.acknowledged();
  }

  @Override
  public long oldest() {
    return content.oldest();
  }

  @Override
  public CompletionStage<Void> commit() {
    boolean ended = source.isAtEnd();
    if (reads) {
      if (ended) {
        commitEnd();
      } else {
        content.commit(source.position(), false);
      }
      source.released();
    }
    CompletionStage<Void> done = content.flush();
    if (ended) {
      drained();
    }
    return done;
  }

  @Override
  public void replay(long position) throws StorageException {
    if (!reads) {
      throw new IllegalStateException(name + ": nothing is read here, so nothing can be replayed");
    }
    StorageException[] refused = new StorageException[1];
    Runnable move =
        () -> {
          long oldest = content.oldest();
          long newest = content.readable();
          if (position < oldest || position > newest) {
            refused[0] =
                new StorageException(
                    Kind.NOT_KEPT,
                    name,
                    "nothing is kept at position "
                        + position
                        + "; expected "
                        + oldest
                        + " to "
                        + newest,
                    oldest,
                    null);
          } else {
            source.moveTo(position);
          }
        };
    if (!rewinder.test(move)) {
      throw new IllegalStateException(name + ": a read is under way; replay between reads");
    }
    if (refused[0] != null) {
      throw Objects.requireNonNull(refused[0]);
    }
  }
}
