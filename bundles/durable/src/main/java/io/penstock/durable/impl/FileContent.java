// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import io.penstock.spi.PipeContent;
import io.penstock.spi.PipeContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What one writer, one reader, or one pipe with both, has of a file. */
final class FileContent implements PipeContent {
  final Settings settings;
  final String name;
  private final Spool spool;
  private final CompletableFuture<Void> gone = new CompletableFuture<>();
  private volatile Runnable writer = () -> {};
  private volatile Runnable reader = () -> {};

  /** Why it is of no use any more; guarded by the lock of the spool. */
  @Nullable IOException failure;

  /** Whether its owner has let go; guarded by the lock of the spool. */
  boolean closed;

  FileContent(Spool spool, Settings settings, PipeContext context) {
    this.spool = spool;
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
    return spool.append(this, src);
  }

  @Override
  public long room() {
    return spool.room(this);
  }

  @Override
  public long written() {
    return spool.written();
  }

  @Override
  public long acknowledged() {
    return spool.acknowledged();
  }

  @Override
  public void end() throws IOException {
    spool.mark(this, null);
  }

  @Override
  public void abort(Throwable cause) {
    spool.cut(this, cause);
  }

  @Override
  public int read(long position, ByteBuffer dst) throws IOException {
    return spool.read(this, position, dst);
  }

  @Override
  public void seek(long position) {
    spool.seek(this, position);
  }

  @Override
  public boolean ready(long position) {
    return spool.ready(this, position);
  }

  @Override
  public boolean ended(long position) {
    return spool.endsAt(position);
  }

  @Override
  public long readable() {
    return spool.readable();
  }

  @Override
  public long oldest() {
    return spool.oldest();
  }

  @Override
  public long committed() {
    return spool.committed();
  }

  @Override
  public void commit(long position, boolean ended) {
    spool.commit(this, position, ended);
  }

  @Override
  public void release(long position) {
    spool.release(this, position);
  }

  @Override
  public CompletionStage<Void> flush() {
    return spool.flush();
  }

  @Override
  public CompletionStage<Void> gone() {
    return gone;
  }

  @Override
  public void close() {
    spool.leave(this);
  }
}
