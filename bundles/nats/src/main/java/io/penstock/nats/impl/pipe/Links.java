// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.penstock.error.StreamClosedException;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkSettings;
import io.penstock.spi.Messages;
import io.penstock.spi.PipeContent;
import io.penstock.spi.PipeContext;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What is open: pipes with the same servers and login share a connection. */
public final class Links implements AutoCloseable {
  private static final System.Logger LOG = Messages.log("nats");
  private static final long STOP_SECONDS = 5;
  private static final Duration REACHED = Duration.ofSeconds(1);

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Map<LinkSettings, Shared> links = new HashMap<>();
  private final Map<NatsContent, CompletableFuture<PipeContent>> open = new HashMap<>();
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
    long deadline = System.nanoTime() + Opening.LIMIT.toNanos();
    NatsContent first = make(settings, settings.link(), context, opened);
    if (first == null) {
      boolean unused = opened.completeExceptionally(new StreamClosedException(context.name()));
      return;
    }
    boolean moves = settings.writes() && settings.link().servers().size() > 1;
    first.link.run(
        () -> {
          Api.end(
              first.link,
              (moves
                  ? new Opening(first, deadline)
                      .leader()
                      .thenCompose(leader -> atLeader(first, context, opened, leader, 0))
                  : CompletableFuture.completedFuture(first)),
              (content, failure) -> {
                if (failure == null) {
                  content.link.run(() -> begin(content, deadline, opened));
                } else {
                  boolean unusedToo = opened.completeExceptionally(Api.cause(failure));
                  first.close();
                }
              });
        });
  }

  /** Nothing is open by it yet; null after the close. */
  private @Nullable NatsContent make(
      PipeSettings settings,
      LinkSettings key,
      PipeContext context,
      CompletableFuture<PipeContent> opened) {
    lock.lock();
    try {
      if (closed) {
        return null;
      }
      Shared shared = links.computeIfAbsent(key, each -> new Shared(new Link(each, "pipes")));
      shared.users++;
      NatsContent[] made = new NatsContent[1];
      made[0] =
          new NatsContent(
              shared.link,
              settings,
              context.name(),
              () -> release(key, made[0], context.executor()));
      open.put(made[0], opened);
      return made[0];
    } finally {
      lock.unlock();
    }
  }

  /**
   * Looks for a connection to the server that leads: another one has to pass each record on to it,
   * and its answer back. No server tells at which address another one is.
   *
   * @param server the number of the address that is tried next
   */
  private CompletableFuture<NatsContent> atLeader(
      NatsContent first,
      PipeContext context,
      CompletableFuture<PipeContent> opened,
      String leader,
      int server) {
    LinkSettings servers = first.settings.link();
    NatsContent next =
        leader.isEmpty() || first.link.isOn(leader) || server == servers.servers().size()
            ? null
            : make(first.settings, servers.from(server), context, opened);
    if (next == null) {
      return CompletableFuture.completedFuture(first);
    }
    return reached(next)
        .thenCompose(
            on -> {
              if (next.link.isOn(leader)) {
                first.close();
                return CompletableFuture.completedFuture(next);
              }
              next.close();
              return atLeader(first, context, opened, leader, server + 1);
            });
  }

  /** Waits a moment until there is a connection. */
  private static CompletableFuture<Void> reached(NatsContent content) {
    CompletableFuture<Void> over = new CompletableFuture<>();
    Link.Watcher watcher =
        new Link.Watcher() {
          @Override
          public void up() {
            over.complete(null);
          }

          @Override
          public void down(String why) {
            // Another server may be away; the next try is the library's.
          }
        };
    content.link.watch(watcher);
    Future<?> limit = content.link.after(REACHED, () -> over.complete(null));
    return over.whenComplete(
        (done, failure) -> {
          boolean unused = limit.cancel(false);
          content.link.unwatch(watcher);
        });
  }

  /** Opens what has its connection; on the link's thread. */
  private static void begin(
      NatsContent content, long deadline, CompletableFuture<PipeContent> opened) {
    Api.end(
        content.link,
        new Opening(content, deadline).open(),
        (done, failure) -> {
          if (failure != null) {
            boolean unusedToo = opened.completeExceptionally(Api.cause(failure));
            content.close();
          } else if (!opened.complete(content)) {
            content.close();
          }
        });
  }

  private void release(LinkSettings key, NatsContent content, Executor executor) {
    Link over = null;
    lock.lock();
    try {
      CompletableFuture<PipeContent> unused = open.remove(content);
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
    Map<NatsContent, CompletableFuture<PipeContent>> all;
    lock.lock();
    try {
      closed = true;
      all = Map.copyOf(open);
    } finally {
      lock.unlock();
    }
    all.forEach(
        (content, opened) -> {
          // Nothing that is still being opened goes on without its connection.
          boolean unused = opened.completeExceptionally(new StreamClosedException(content.name));
          content.stop();
        });
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(STOP_SECONDS);
    for (NatsContent each : all.keySet()) {
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
