// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import io.penstock.spi.PipeContent;
import io.penstock.spi.PipeContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What one writer, one reader, or one pipe with both, has of a file. */
final class FileContent implements PipeContent {
  final Settings settings;
  final String name;
  private final Spool spool;
  private final State state;
  private final CompletableFuture<Void> gone = new CompletableFuture<>();
  private volatile Runnable writer = () -> {};
  private volatile Runnable reader = () -> {};

  /** Why it is of no use any more; guarded by the lock of the state. */
  volatile @Nullable IOException failure;

  /** Its flushes that wait in vain, until they are told; only by the thread that works. */
  List<CompletableFuture<Void>> dropped = List.of();

  /** Whether its owner has let go; guarded by the lock of the state. */
  boolean closed;

  FileContent(Spool spool, Settings settings, PipeContext context) {
    this.spool = spool;
    this.state = spool.state;
    this.settings = settings;
    this.name = context.name();
  }

  /** Tells its owner; with no lock held. */
  void tell() {
    writer.run();
    reader.run();
  }

  /** Tells its owner that it is over; with no lock held. */
  void tellGone(IOException why) {
    dropped.forEach(each -> each.completeExceptionally(why));
    gone.completeExceptionally(why);
    tell();
  }

  @Override
  public void onReady(Runnable forWriter, Runnable forReader) {
    writer = forWriter;
    reader = forReader;
  }

  @Override
  public int append(ByteBuffer src) throws IOException {
    int n = state.append(this, src);
    if (n > 0) {
      spool.wake();
    }
    return n;
  }

  @Override
  public long room() {
    return state.room(this);
  }

  @Override
  public long written() {
    return state.written();
  }

  @Override
  public long acknowledged() {
    return state.acknowledged();
  }

  @Override
  public void end() throws IOException {
    state.mark(this, null);
    spool.wake();
  }

  @Override
  public void abort(Throwable cause) {
    String text = cause.getMessage();
    try {
      state.mark(this, text == null ? cause.toString() : text);
      spool.wake();
    } catch (IOException e) {
      // It has failed already, and its owner knows.
      tell();
    }
  }

  @Override
  public int read(long position, ByteBuffer dst) throws IOException {
    int n = state.read(this, position, dst);
    wakeIfWanted();
    return n;
  }

  private void wakeIfWanted() {
    if (state.wantsTurn()) {
      spool.wake();
    }
  }

  @Override
  public void seek(long position) {
    state.seek(this, position);
    spool.wake();
  }

  @Override
  public boolean ready(long position) {
    return state.ready(this, position);
  }

  @Override
  public boolean ended(long position) {
    return state.endsAt(position);
  }

  @Override
  public long readable() {
    return state.readable();
  }

  @Override
  public long oldest() {
    return state.oldest();
  }

  @Override
  public long committed() {
    return state.committed();
  }

  @Override
  public void commit(long position, boolean ended) {
    state.commit(this, position, ended);
    wakeIfWanted();
  }

  @Override
  public void release(long position) {
    FileContent told = state.release(this, position);
    if (told != null) {
      told.tell();
    }
  }

  @Override
  public CompletionStage<Void> flush() {
    CompletionStage<Void> done = state.flush(this);
    spool.wake();
    return done;
  }

  @Override
  public CompletionStage<Void> gone() {
    return gone;
  }

  @Override
  public void close() {
    if (state.leave(this)) {
      spool.wake();
    }
  }
}
