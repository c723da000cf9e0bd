// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.penstock.error.StreamClosedException;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkSettings;
import io.penstock.spi.Messages;
import io.penstock.spi.PipeContent;
import io.penstock.spi.PipeContext;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/** What is open: pipes with the same servers and login share a connection. */
public final class Links implements AutoCloseable {
  private static final System.Logger LOG = Messages.log("nats");
  private static final long STOP_SECONDS = 5;

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Map<LinkSettings, Shared> links = new HashMap<>();
  private final Set<NatsContent> open = new HashSet<>();
  private boolean closed;

  /** A connection, and how many use it. */
  private static final class Shared {
    private final Link link;
    private int users;

    Shared(Link link) {
      this.link = link;
    }
  }

  /** None is open. */
  public Links() {}

  /** Opens a pipe for a writer, a reader or both. */
  public CompletionStage<PipeContent> open(PipeSettings settings, PipeContext context) {
    CompletableFuture<PipeContent> opened = new CompletableFuture<>();
    // Files may be read.
    context
        .executor()
        .execute(
            () -> {
              try {
                open(settings.withSecrets(), context, opened);
              } catch (IOException | RuntimeException e) {
                boolean unused = opened.completeExceptionally(e);
              }
            });
    return opened;
  }

  private void open(
      PipeSettings settings, PipeContext context, CompletableFuture<PipeContent> opened) {
    NatsContent content;
    lock.lock();
    try {
      if (closed) {
        boolean unused = opened.completeExceptionally(new StreamClosedException(context.name()));
        return;
      }
      Shared shared =
          links.computeIfAbsent(settings.link(), key -> new Shared(new Link(key, "pipes")));
      shared.users++;
      NatsContent[] made = new NatsContent[1];
      made[0] =
          new NatsContent(
              shared.link,
              settings,
              context.name(),
              () -> release(settings.link(), made[0], context.executor()));
      content = made[0];
      open.add(content);
    } finally {
      lock.unlock();
    }
    content.link.run(
        () -> {
          CompletableFuture<Void> unused =
              new Opening(content)
                  .open()
                  .handle(
                      (done, failure) -> {
                        if (failure != null) {
                          boolean unusedToo =
                              opened.completeExceptionally(
                                  io.penstock.nats.impl.link.Api.cause(failure));
                          content.close();
                        } else if (!opened.complete(content)) {
                          content.close();
                        }
                        return null;
                      });
        });
  }

  private void release(LinkSettings key, NatsContent content, Executor executor) {
    Link over = null;
    lock.lock();
    try {
      boolean unused = open.remove(content);
      Shared shared = links.get(key);
      if (shared != null && shared.link == content.link && --shared.users == 0) {
        Shared gone = links.remove(key);
        over = gone == null ? null : gone.link;
      }
    } finally {
      lock.unlock();
    }
    if (over != null) {
      // Not on its own thread.
      executor.execute(over::close);
    }
  }

  @Override
  public void close() {
    List<NatsContent> all;
    lock.lock();
    try {
      closed = true;
      all = List.copyOf(open);
    } finally {
      lock.unlock();
    }
    all.forEach(NatsContent::stop);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(STOP_SECONDS);
    for (NatsContent each : all) {
      try {
        Void unused =
            each.over().get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (TimeoutException | ExecutionException e) {
        LOG.log(
            Level.WARNING,
            "{0}: the servers have not acknowledged what was written before the stop",
            each.settings.shown());
        each.abandon();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    List<Link> rest;
    lock.lock();
    try {
      rest = links.values().stream().map(shared -> shared.link).toList();
      links.clear();
    } finally {
      lock.unlock();
    }
    rest.forEach(Link::close);
  }
}
