// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import io.penstock.error.StreamClosedException;
import io.penstock.spi.Messages;
import io.penstock.spi.PipeContent;
import io.penstock.spi.PipeContext;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The files that are open, each once. */
public final class Spools implements AutoCloseable {
  private static final System.Logger LOG = Messages.log("durable");
  private static final long STOP_SECONDS = 5;

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Path, Spool> open = new HashMap<>();
  private boolean closed;

  /** None is open. */
  public Spools() {}

  /** Opens one for a writer, a reader or both. */
  public CompletionStage<PipeContent> open(Settings settings, PipeContext context) {
    CompletableFuture<PipeContent> opened = new CompletableFuture<>();
    open(settings, context, opened);
    return opened;
  }

  private void open(Settings settings, PipeContext context, CompletableFuture<PipeContent> opened) {
    Spool spool = present(settings, context);
    if (spool == null) {
      opened.completeExceptionally(new StreamClosedException(context.name()));
      return;
    }
    if (!spool.join(settings, context, opened)) {
      // It is just being closed.
      CompletionStage<Void> unused =
          spool
              .ended()
              .handle(
                  (done, failure) -> {
                    open(settings, context, opened);
                    return null;
                  });
    }
  }

  /** The one of a file, made if it is not there; null if all is closed. */
  private @Nullable Spool present(Settings settings, PipeContext context) {
    lock.lock();
    try {
      if (closed) {
        return null;
      }
      Spool there = open.get(settings.path());
      if (there == null) {
        there = new Spool(settings, context, gone -> forget(settings.path(), gone));
        open.put(settings.path(), there);
      }
      return there;
    } finally {
      lock.unlock();
    }
  }

  private void forget(Path path, Spool spool) {
    lock.lock();
    try {
      boolean unused = open.remove(path, spool);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    List<Spool> all;
    lock.lock();
    try {
      closed = true;
      all = List.copyOf(open.values());
    } finally {
      lock.unlock();
    }
    all.forEach(Spool::stop);
    for (Spool each : all) {
      try {
        Void unused = each.ended().get(STOP_SECONDS, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        LOG.log(
            Level.WARNING,
            "{0}: the disk has not answered within {1} s; the file is given back when it does",
            each,
            STOP_SECONDS);
      } catch (ExecutionException e) {
        // It has told its users.
        LOG.log(Level.DEBUG, "{0}: closed after a failure", each, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
