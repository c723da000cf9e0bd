// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.penstock.error.StorageException;
import io.penstock.error.StorageException.Kind;
import io.penstock.error.StreamClosedException;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import io.penstock.spi.Messages;
import io.penstock.spi.PipeContent;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one writer, one reader, or one pipe with both, has of a pipe on servers. Callers only change
 * what is in memory, under the lock; the link's thread does the rest.
 */
final class NatsContent implements PipeContent {
  private static final System.Logger LOG = Messages.log("nats");

  final ReentrantLock lock = new ReentrantLock();
  final Link link;
  final PipeSettings settings;
  final String name;
  final Purging purging;
  private volatile long bound;
  private final Runnable onOver;
  private final CompletableFuture<Void> gone = new CompletableFuture<>();
  private final CompletableFuture<Void> over = new CompletableFuture<>();
  private final Link.Watcher watcher;
  private volatile Runnable writer = () -> {};
  private volatile Runnable reader = () -> {};
  private volatile @Nullable Writing writing;
  private volatile @Nullable Reading reading;

  /** Why it is of no use any more. */
  private volatile @Nullable IOException failure;

  // Guarded by the lock.
  private boolean closed;
  // Only on the link's thread.
  private boolean released;

  /**
   * Nothing is open yet.
   *
   * @param onOver is called once, on the link's thread, when the link is not needed any more
   */
  NatsContent(Link link, PipeSettings settings, String name, Runnable onOver) {
    this.link = link;
    this.settings = settings;
    this.name = name;
    this.onOver = onOver;
    this.purging = new Purging(this);
    this.bound = settings.capacity();
    this.watcher =
        new Link.Watcher() {
          @Override
          public void up() {
            Writing out = writing;
            Reading in = reading;
            if (out != null) {
              out.up();
            }
            if (in != null) {
              in.up();
            }
          }

          @Override
          public void down(String why) {
            LOG.log(Level.DEBUG, "{0}: {1}", name, why);
            Writing out = writing;
            if (out != null) {
              out.lost();
            }
          }
        };
  }

  /** Begins; on the link's thread. */
  void begin(@Nullable Writing out, @Nullable Reading in) {
    writing = out;
    reading = in;
    link.watch(watcher);
  }

  /**
   * The stream has this many bytes at most; its writer may have asked for fewer than its reader.
   */
  void bounded(long bytes) {
    bound = Math.min(settings.capacity(), bytes);
  }

  /** How many bytes there may be, as far as is known. */
  long bound() {
    return bound;
  }

  @Nullable Writing writing() {
    return writing;
  }

  @Nullable Reading reading() {
    return reading;
  }

  /** Completes when everything was given back. */
  CompletableFuture<Void> over() {
    return over;
  }

  /** Tells its owner; with no lock held. */
  void tell() {
    writer.run();
    reader.run();
  }

  /** Fails for the caller if it is of no use any more. */
  void check() throws IOException {
    IOException why = failure;
    if (why != null) {
      throw why;
    }
    if (isClosed()) {
      throw new StreamClosedException(name);
    }
  }

  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  boolean isOver() {
    return failure != null;
  }

  /** Another one has taken over. */
  void fenced(String role, long position, long lost) {
    fail(
        new StorageException(
            Kind.FENCED,
            name,
            "another "
                + role
                + " has taken over at position "
                + position
                + "; "
                + lost
                + " bytes that were not acknowledged are dropped",
            position,
            null));
  }

  /** Nothing works any more; on the link's thread, with no lock held. */
  void fail(IOException why) {
    if (failure != null) {
      return;
    }
    fail(writing, reading, why);
    gone.completeExceptionally(why);
    tell();
    release();
  }

  /**
   * Something that an end goes on with cannot begin. What the rights do not allow does not pass by
   * itself.
   *
   * @param safe how far the servers have what the end did
   */
  void troubled(LinkException why, long safe) {
    LOG.log(Level.DEBUG, "{0}: {1}", settings.shown(), why.getMessage());
    if (why.kind() == LinkException.Kind.DENIED) {
      fail(
          new StorageException(
              Kind.FAILED, settings.shown(), String.valueOf(why.getMessage()), safe, why));
    }
  }

  private void fail(@Nullable Writing out, @Nullable Reading in, IOException why) {
    failure = why;
    if (out != null) {
      out.failed(why);
    }
    if (in != null) {
      in.failed(why);
    }
  }

  /**
   * The provider goes. What was written and committed is still made safe: the content has not
   * failed.
   */
  void stop() {
    boolean first = markClosed();
    link.run(
        () -> {
          gone.completeExceptionally(new StreamClosedException(name));
          tell();
          if (first) {
            finish();
          }
        });
  }

  /** The provider has waited long enough. */
  void abandon() {
    link.run(this::release);
  }

  private void release() {
    if (released) {
      return;
    }
    released = true;
    link.unwatch(watcher);
    Writing out = writing;
    Reading in = reading;
    if (failure == null) {
      // Nobody is left waiting, and nothing is begun any more.
      fail(out, in, new StreamClosedException(name));
    }
    CompletableFuture<Void> none = CompletableFuture.completedFuture(null);
    Api.end(
        link,
        CompletableFuture.allOf(
            out == null ? none : out.release(), in == null ? none : in.release()),
        (done, why) -> {
          onOver.run();
          over.complete(null);
        });
  }

  /** Gives everything back once what was written and committed is safe; on the link's thread. */
  void releaseIfDone() {
    Writing out = writing;
    Reading in = reading;
    if (isClosed() && (out == null || out.isSettled()) && (in == null || in.isSettled())) {
      release();
    }
  }

  @Override
  public void close() {
    if (markClosed()) {
      link.run(this::finish);
    }
  }

  private boolean markClosed() {
    lock.lock();
    try {
      boolean first = !closed;
      closed = true;
      return first;
    } finally {
      lock.unlock();
    }
  }

  private void finish() {
    Writing out = writing;
    Reading in = reading;
    if (out != null) {
      out.pump();
    }
    if (in != null) {
      in.save();
    }
    releaseIfDone();
    if (!released) {
      Future<?> unused = link.after(settings.ackTimeout(), this::giveUp);
    }
  }

  private void giveUp() {
    if (!released) {
      LOG.log(
          Level.WARNING,
          "{0}: the servers have not acknowledged what was written or committed before the close;"
              + " a writer continues at position {1}",
          settings.shown(),
          acknowledged());
      release();
    }
  }

  // ---- the writer's half

  @Override
  public void onReady(Runnable forWriter, Runnable forReader) {
    writer = forWriter;
    reader = forReader;
  }

  private Writing out() throws IOException {
    Writing half = writing;
    if (half == null) {
      throw new StreamClosedException(name);
    }
    check();
    return half;
  }

  @Override
  public int append(ByteBuffer src) throws IOException {
    return out().append(src);
  }

  @Override
  public long room() {
    Writing half = writing;
    return half == null || failure != null || isClosed() ? 0 : half.room();
  }

  @Override
  public long written() {
    Writing half = writing;
    Reading in = reading;
    return half != null ? half.written() : in == null ? 0 : in.known();
  }

  @Override
  public long acknowledged() {
    Writing half = writing;
    Reading in = reading;
    return half != null ? half.acknowledged() : in == null ? 0 : in.known();
  }

  @Override
  public void end() throws IOException {
    out().mark(null);
  }

  @Override
  public void abort(Throwable cause) {
    String text = cause.getMessage();
    try {
      out().mark(text == null ? cause.toString() : text);
    } catch (IOException e) {
      // It has failed already, and its owner knows.
      tell();
    }
  }

  // ---- the reader's half

  private Reading in() throws IOException {
    Reading half = reading;
    if (half == null) {
      throw new StreamClosedException(name);
    }
    check();
    return half;
  }

  @Override
  public int read(long position, ByteBuffer dst) throws IOException {
    return in().read(position, dst);
  }

  @Override
  public void seek(long position) {
    Reading half = reading;
    if (half != null) {
      half.seek(position);
    }
  }

  @Override
  public boolean ready(long position) {
    Reading half = reading;
    return failure != null || isClosed() || half == null || half.ready(position);
  }

  @Override
  public boolean ended(long position) {
    Reading half = reading;
    return half != null && half.endsAt(position);
  }

  @Override
  public long readable() {
    Reading half = reading;
    return half == null ? 0 : half.readable();
  }

  @Override
  public long oldest() {
    Reading half = reading;
    Writing out = writing;
    return half != null ? half.oldest() : out == null ? 0 : out.oldest();
  }

  @Override
  public long committed() {
    Reading half = reading;
    return half == null ? 0 : half.committed();
  }

  @Override
  public void commit(long position, boolean ended) {
    Reading half = reading;
    if (half != null) {
      half.commit(position, ended);
    }
  }

  @Override
  public void release(long position) {
    Reading half = reading;
    if (half != null) {
      half.release(position);
    }
  }

  // ---- both

  @Override
  public CompletionStage<Void> flush() {
    IOException why = failure;
    if (why != null) {
      return CompletableFuture.failedFuture(why);
    }
    Writing out = writing;
    Reading in = reading;
    CompletableFuture<Void> none = CompletableFuture.completedFuture(null);
    return CompletableFuture.allOf(out == null ? none : out.flush(), in == null ? none : in.flush())
        .exceptionallyCompose(failed -> CompletableFuture.failedFuture(Api.cause(failed)));
  }

  @Override
  public CompletionStage<Void> gone() {
    return gone;
  }
}
