// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import io.penstock.channel.Capability;
import io.penstock.spi.Anchor;
import io.penstock.spi.ArrivedBytes;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One server for one client. A thread of the product works for it while there is a request and room
 * for its answer; otherwise none does.
 */
final class SftpDriver implements ChannelDriver {
  private static final Logger LOG = Messages.log("sftp");

  /** Then it is another's turn. */
  private static final int REQUESTS_IN_A_ROW = 16;

  /** While so many bytes of answers wait, no further request is served. */
  private static final int ENOUGH = 256 * 1024;

  private final String name;
  private final ProviderContext context;
  private final Requests requests;
  private final ArrivedBytes replies;
  private final Subsystem subsystem;
  private final AtomicInteger reasons = new AtomicInteger();
  private final CompletableFuture<Void> gone = new CompletableFuture<>();
  private volatile boolean cut;
  private volatile boolean full;
  // Of one turn at a time.
  private boolean over;

  SftpDriver(Path root, boolean readOnly, ProviderContext context) throws IOException {
    this.name = context.name();
    this.context = context;
    this.requests = new Requests(name, this::wake);
    this.replies = new ArrivedBytes(() -> name, this::taken, change -> {});
    Anchor held = context.anchor(root).orElse(null);
    Folder top = held == null ? SecureFolder.open(name, root) : new HeldFolder(held);
    this.subsystem = new Subsystem(name, new Enclosure(root, top), readOnly, replies::put);
  }

  // ---- the work

  private void wake() {
    if (reasons.getAndIncrement() == 0) {
      submit();
    }
  }

  private void submit() {
    try {
      context.executor().execute(this::run);
    } catch (RejectedExecutionException e) {
      LOG.log(Level.DEBUG, "{0}: nothing is served any more: the product stops", name, e);
      finish(new IOException(name + ": the product stops", e));
    }
  }

  private void run() {
    int seen = reasons.get();
    boolean more = serve();
    if (more || reasons.addAndGet(-seen) != 0) {
      submit();
    }
  }

  /** Returns whether there is more to do at once. */
  private boolean serve() {
    if (over) {
      return false;
    }
    try {
      for (int i = 0; i < REQUESTS_IN_A_ROW; i++) {
        if (cut) {
          finish(null);
          return false;
        }
        if (isFull()) {
          return false;
        }
        // In this order: the last message may come just before the end.
        boolean ended = requests.hasEnded();
        byte[] request = requests.next();
        if (request == null) {
          if (ended) {
            finish(null);
          }
          return false;
        }
        subsystem.handle(request);
      }
      return true;
    } catch (IOException e) {
      finish(e);
    } catch (RuntimeException | Error e) {
      // The exception of the library for a message that it cannot read.
      finish(new IOException(name + ": a request cannot be read: " + e.getMessage(), e));
    }
    return false;
  }

  /** Noted before the second look: a reader that takes bytes between the two wakes us. */
  private boolean isFull() {
    full = replies.available() >= ENOUGH;
    return full && replies.available() >= ENOUGH;
  }

  private void taken(long bytes) {
    if (full && replies.available() < ENOUGH) {
      full = false;
      wake();
    }
  }

  private void finish(@Nullable IOException failure) {
    over = true;
    subsystem.finish();
    requests.finish(failure != null);
    if (failure == null) {
      replies.end();
      gone.complete(null);
    } else {
      replies.fail(failure);
      gone.completeExceptionally(failure);
    }
  }

  // ---- the channel

  @Override
  public SourceDriver source() {
    return replies;
  }

  @Override
  public SinkDriver sink() {
    return requests;
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.HALF_CLOSE, Capability.ABORT);
  }

  @Override
  public CompletionStage<Void> gone() {
    return gone;
  }

  @Override
  public void close() {
    cut = true;
    wake();
  }

  @Override
  public void abort(Throwable cause) {
    close();
  }
}
