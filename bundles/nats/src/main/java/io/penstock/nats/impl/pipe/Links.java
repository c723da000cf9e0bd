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
  private static final Duration REACHED = Duration.ofSeconds(2);

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
                      .thenComposeAsync(
                          leader -> new Search(first, context, opened, leader, deadline).find(),
                          context.executor())
                  : CompletableFuture.completedFuture(first)),
              (content, failure) -> {
                if (failure == null) {
                  content.link.run(() -> begin(content, deadline, opened));
                } else {
                  boolean unusedToo = opened.completeExceptionally(failure);
                  first.close();
                }
              });
        });
  }

  /** Makes a content on which nothing is open yet; null after the close. */
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
   * and its answer back. No server tells at which address another one is, so they are tried in
   * turn. Files may be read, so nothing of it is on a link's thread.
   */
  private final class Search {
    private final NatsContent first;
    private final LinkSettings servers;
    private final PipeContext context;
    private final CompletableFuture<PipeContent> opened;
    private final String leader;
    private final long end;

    Search(
        NatsContent first,
        PipeContext context,
        CompletableFuture<PipeContent> opened,
        String leader,
        long deadline) {
      this.first = first;
      this.servers = first.settings.link();
      this.context = context;
      this.opened = opened;
      this.leader = leader;
      // What comes next has to fit in the time as well.
      this.end = deadline - Opening.LIMIT.multipliedBy(2).dividedBy(3).toNanos();
    }

    /** Completes with what is on the leader; with the first if nothing is. */
    CompletableFuture<NatsContent> find() {
      LinkSettings there = leader.isEmpty() || first.link.isOn(leader) ? null : known();
      return there == null ? next(0) : attempt(there, 0);
    }

    private CompletableFuture<NatsContent> next(int server) {
      boolean ends =
          leader.isEmpty()
              || first.link.isOn(leader)
              || server == servers.servers().size()
              || System.nanoTime() - end > 0;
      return ends
          ? CompletableFuture.completedFuture(first)
          : attempt(servers.from(server), server + 1);
    }

    private CompletableFuture<NatsContent> attempt(LinkSettings there, int server) {
      NatsContent next;
      try {
        next = make(first.settings, there, context, opened);
      } catch (IllegalArgumentException e) {
        // A file that the first connection has read has gone since.
        LOG.log(Level.DEBUG, first.settings.shown() + ": no other connection is made", e);
        next = null;
      }
      return next == null ? CompletableFuture.completedFuture(first) : judge(next, server);
    }

    private CompletableFuture<NatsContent> judge(NatsContent made, int server) {
      return reached(made)
          .thenComposeAsync(
              on -> {
                if (made.link.isOn(leader)) {
                  first.close();
                  return CompletableFuture.completedFuture(made);
                }
                made.close();
                return next(server);
              },
              context.executor());
    }

    /** A connection to the leader that another pipe has, whichever server it was made for. */
    private @Nullable LinkSettings known() {
      lock.lock();
      try {
        return links.entrySet().stream()
            .filter(each -> each.getKey().isLike(servers) && each.getValue().link.isOn(leader))
            .map(Map.Entry::getKey)
            .findAny()
            .orElse(null);
      } finally {
        lock.unlock();
      }
    }
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
            // This server may be away; the library tries the next one.
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

  /** Opens the pipe over the connection that was chosen; on the link's thread. */
  private static void begin(
      NatsContent content, long deadline, CompletableFuture<PipeContent> opened) {
    Api.end(
        content.link,
        new Opening(content, deadline).open(),
        (done, failure) -> {
          if (failure != null) {
            boolean unusedToo = opened.completeExceptionally(failure);
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
          // Its caller is told at once if it is still being opened.
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
