// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import io.penstock.remote.impl.protocol.ExportEffects;
import io.penstock.remote.impl.protocol.Exports;
import io.penstock.remote.impl.protocol.ImportEffects;
import io.penstock.remote.impl.protocol.Imports;
import io.penstock.remote.impl.protocol.Removal;
import io.penstock.remote.spi.Answer;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RemoteEntryDTO;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A container's part in a registry: it publishes entries and knows those of others. All decisions
 * are made on one thread of its own, which also keeps the time; it is there from the opening to the
 * close.
 */
public final class RemoteNode implements AutoCloseable {
  /** How long a close waits until the registry has removed what was published. */
  private static final Duration FAREWELL = Duration.ofSeconds(2);

  private final String node;
  private final RegistrySettings settings;
  private final NodeLog log;
  private final NodeThread thread;
  private final Registry registry;
  private final OpenChannels channels;
  private final Care care;
  private final AtomicLong failovers = new AtomicLong();
  private final Map<String, String> troubles = new ConcurrentHashMap<>();
  // What the thread answered last, and since when it has not answered; 0 while it does.
  private volatile RemoteDTO answered;
  private final AtomicLong silentSince = new AtomicLong();
  // Only on the thread.
  private final Imports imports;
  private final Exports exports;
  private final Map<String, RemoteEntry> published = new LinkedHashMap<>();
  private final Map<String, RemoteEntry> usable = new LinkedHashMap<>();
  private final Map<String, Integer> wanted = new HashMap<>();
  private final Searches searches;
  private final List<EntryWatcher> watchers = new ArrayList<>();
  private final List<Runnable> whenClear = new ArrayList<>();
  private final Ticks ticks;
  private boolean connected;
  private long since = System.currentTimeMillis();
  private String trouble = "it was not reached yet";
  private long added;
  private long removed;

  /**
   * What was found for a name.
   *
   * @param entries those that can be used, in the order in which they are to be tried
   * @param why what to tell if there are none
   */
  public record Found(List<RemoteEntry> entries, String why) {}

  /**
   * Opens the registry in the background.
   *
   * @param node the name of this container, for this run
   * @param before the channels of an earlier node, which stay open, or null; call {@link #inherit}
   *     when that node is closed
   * @throws IllegalArgumentException if the registry refuses a setting
   */
  public RemoteNode(
      String node,
      RegistryFactory factory,
      RegistrySettings settings,
      OnRemoved onRemoved,
      @Nullable OpenChannels before) {
    this.channels = OpenChannels.of(before, settings.servers());
    this.node = node;
    this.care =
        new Care(channels, onRemoved, each -> usable.containsKey(each.key()), this::inOneSession);
    this.settings = settings;
    // As connected: until the thread answers, the silence counts from the first question.
    this.answered = new RemoteDTO(servers(), node, true, since, null, 0, 0, 0, List.of());
    this.log = new NodeLog(servers());
    this.searches = new Searches(servers());
    this.thread = new NodeThread(log, this::afterEach);
    this.ticks = new Ticks(thread.clock(), this::tick);
    Hearing hearing = new Hearing();
    try {
      this.registry = factory.open(node, settings, hearing);
    } catch (RuntimeException | Error e) {
      thread.endNow();
      throw e;
    }
    long session = settings.session().toNanos();
    this.imports = new Imports(node, registry.beats(), session, new Importing(), System.nanoTime());
    this.exports = new Exports(registry.beats(), session, new Exporting(), System.nanoTime());
    hearing.begin();
  }

  /** The channels that are open. */
  public OpenChannels channels() {
    return channels;
  }

  /** Looks after the channels of the one before, too. */
  public void inherit() {
    post(() -> care.inherit(this::want, name -> connected && imports.isKnown(name)));
  }

  /** The name of this container. */
  public String node() {
    return node;
  }

  /** Where the registry is, without secrets. */
  public String servers() {
    return String.join(",", settings.servers());
  }

  // ---- what others want; any thread

  /** Publishes an entry of this node, in place of one with the same number. */
  public void publish(RemoteEntry entry) {
    post(
        () -> {
          published.put(entry.key(), entry);
          exports.publish(entry, System.nanoTime());
          log.published(entry);
        });
  }

  /** Withdraws an entry of this node. */
  public void withdraw(String key) {
    post(
        () -> {
          RemoteEntry gone = published.remove(key);
          troubles.remove(key);
          if (gone != null) {
            exports.withdraw(key, System.nanoTime());
            log.publishedNoMore(gone);
          }
        });
  }

  /** Watches names, or {@link Registry#ALL}, until {@link #unwatch} was called as often. */
  public void watch(String name) {
    post(() -> want(name));
  }

  /** Ends a watch. */
  public void unwatch(String name) {
    post(
        () -> {
          Integer count = wanted.computeIfPresent(name, (n, c) -> c > 1 ? c - 1 : null);
          if (count == null) {
            registry.unwatch(name);
            imports.unwatched(name);
          }
        });
  }

  private void want(String name) {
    if (wanted.merge(name, 1, Integer::sum) == 1) {
      imports.watched(name);
      registry.watch(name);
    }
  }

  /** Tells a watcher of what can be used now, and of each change. */
  public void tell(EntryWatcher watcher) {
    post(
        () -> {
          watchers.add(watcher);
          others().forEach(watcher::added);
        });
  }

  /**
   * Looks for the providers of a name: at once if some are known, or else as soon as the registry
   * has told what there is. The name is watched from then on.
   *
   * @return to be cancelled by a caller that does not wait any more; fails only when this node is
   *     closed
   */
  public CompletableFuture<Found> find(String name, Map<String, String> tags) {
    CompletableFuture<Found> result = new CompletableFuture<>();
    boolean posted =
        post(
            () -> {
              if (!wanted.containsKey(name)) {
                want(name);
              }
              searches.add(name, tags, result, System.nanoTime());
              thread.after(imports.patience(), () -> {});
            });
    if (!posted) {
      result.completeExceptionally(new IOException(servers() + ": the registry was closed"));
    }
    return result;
  }

  /** A channel was opened by an entry. */
  public OpenChannel opened(RemoteEntry entry, ProviderContext context) {
    troubles.remove(entry.key());
    boolean own = entry.node().equals(node);
    OpenChannel made = channels.opened(entry, context, own);
    if (!own) {
      boolean unused = post(() -> care.opened(made));
    }
    return made;
  }

  /** It was closed. */
  public void closed(OpenChannel gone) {
    channels.closed(gone);
  }

  /** A connection by an entry has failed. */
  public void failed(RemoteEntry entry, String why, boolean another) {
    troubles.put(entry.key(), why);
    if (another) {
      failovers.incrementAndGet();
    }
  }

  /** Tells operators. */
  public RemoteDTO describe() {
    if (thread.isCurrent()) {
      return describeNow();
    }
    CompletableFuture<RemoteDTO> made = new CompletableFuture<>();
    if (!post(() -> made.complete(describeNow()))) {
      return unanswered("it was closed", List.of());
    }
    try {
      // The thread never waits for anything, so this is a moment.
      return made.get(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return unanswered("interrupted", answered.entries());
    } catch (ExecutionException | TimeoutException e) {
      return unanswered("it does not answer", answered.entries());
    }
  }

  /** The last numbers: what was counted never falls because the thread does not answer. */
  private RemoteDTO unanswered(String why, List<RemoteEntryDTO> entries) {
    RemoteDTO last = answered;
    long now = System.currentTimeMillis();
    long silent = silentSince.compareAndExchange(0, now);
    return new RemoteDTO(
        last.registry(),
        last.node(),
        false,
        last.connected() ? (silent == 0 ? now : silent) : last.since(),
        why,
        last.added(),
        last.removed(),
        failovers.get(),
        entries);
  }

  private RemoteDTO describeNow() {
    EntryReport report = new EntryReport(channels, troubles);
    for (RemoteEntry entry : published.values()) {
      report.own(entry, exports.isStored(entry.key()));
    }
    imports.describe(
        (entry, used, dead, heard) -> {
          if (!entry.node().equals(node)) {
            report.other(entry, used, dead, registry.beats() ? heard : EntryReport.UNHEARD);
          }
        });
    RemoteDTO now =
        new RemoteDTO(
            servers(),
            node,
            connected,
            since,
            connected ? null : trouble,
            added,
            removed,
            failovers.get(),
            report.entries());
    answered = now;
    silentSince.set(0);
    return now;
  }

  /**
   * Withdraws what was published, and disconnects. Waits up to two seconds for the registry to
   * remove it; what is left then is found to be dead by the others. Watchers hear that everything
   * has gone.
   */
  @Override
  public void close() {
    if (!thread.happens(this::withdrawAll, FAREWELL)) {
      log.notRemovedInTime();
    }
    boolean unused = thread.happens(this::forgetAll, FAREWELL);
    thread.end();
    registry.close();
  }

  private void withdrawAll(Runnable done) {
    for (String key : List.copyOf(published.keySet())) {
      published.remove(key);
      exports.withdraw(key, System.nanoTime());
    }
    whenClear.add(done);
  }

  private void forgetAll(Runnable done) {
    thread.stopped();
    searches.close();
    for (RemoteEntry entry : others()) {
      watchers.forEach(watcher -> watcher.removed(entry));
    }
    usable.clear();
    done.run();
  }

  /** What watchers know: a node tells them nothing of its own entries. */
  private List<RemoteEntry> others() {
    return usable.values().stream().filter(entry -> !entry.node().equals(node)).toList();
  }

  // ---- the thread

  private boolean post(Runnable step) {
    return thread.post(step);
  }

  private void afterEach() {
    searches.answer(usable.values(), imports, connected, System.nanoTime());
    if (!whenClear.isEmpty() && (exports.isClear() || !connected)) {
      whenClear.forEach(Runnable::run);
      whenClear.clear();
    }
    ticks.plan(Math.min(imports.next(), exports.next()));
  }

  /** Why nothing is known of a name yet, for those whose limit has passed. */
  public String whyNot() {
    return "the registry " + servers() + " has not told which containers publish this name";
  }

  private void tick() {
    thread.run(
        () -> {
          long now = System.nanoTime();
          imports.tick(now);
          exports.tick(now);
        });
  }

  private void inOneSession(Runnable look) {
    thread.after(settings.session().toNanos(), look);
  }

  /** What the registry tells; everything goes to the thread, in order. */
  private final class Hearing implements RegistryListener {
    private final CountDownLatch ready = new CountDownLatch(1);

    /** Lets what was told during the opening through. */
    void begin() {
      ready.countDown();
    }

    private void hear(Runnable step) {
      boolean unused =
          post(
              () -> {
                try {
                  ready.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                  return;
                }
                step.run();
              });
    }

    @Override
    public void connected() {
      hear(
          () -> {
            boolean again = !connected;
            connected = true;
            if (again) {
              since = System.currentTimeMillis();
              log.connected();
            }
            long now = System.nanoTime();
            imports.connected(now);
            exports.connected(now);
          });
    }

    @Override
    public void disconnected(String why) {
      hear(
          () -> {
            boolean news = connected || !why.equals(trouble);
            if (connected) {
              since = System.currentTimeMillis();
            }
            connected = false;
            trouble = why;
            if (news) {
              log.disconnected(why, usable.size());
            }
            imports.disconnected(System.nanoTime());
            exports.disconnected();
          });
    }

    @Override
    public void stored(RemoteEntry entry) {
      hear(
          () -> {
            long now = System.nanoTime();
            imports.stored(entry, now);
            if (entry.node().equals(node)) {
              exports.seen(entry, now);
            }
          });
    }

    @Override
    public void removed(String name, String key) {
      hear(
          () -> {
            long now = System.nanoTime();
            imports.removed(key, now);
            exports.lost(key, now);
          });
    }

    @Override
    public void known(String name) {
      hear(
          () -> {
            imports.known(name, System.nanoTime());
            care.known(name);
          });
    }

    @Override
    public void beat(String other) {
      hear(() -> imports.beat(other, System.nanoTime()));
    }
  }

  private final class Importing implements ImportEffects {
    @Override
    public void added(RemoteEntry entry) {
      usable.put(entry.key(), entry);
      care.added(entry);
      if (!entry.node().equals(node)) {
        added++;
        log.found(entry);
        watchers.forEach(watcher -> watcher.added(entry));
      }
    }

    @Override
    public void changed(RemoteEntry old, RemoteEntry entry) {
      usable.put(entry.key(), entry);
      if (!entry.node().equals(node)) {
        log.moved(entry);
        watchers.forEach(watcher -> watcher.changed(old, entry));
      }
    }

    @Override
    public void removed(RemoteEntry entry, Removal why) {
      usable.remove(entry.key());
      troubles.remove(entry.key());
      if (entry.node().equals(node)) {
        return;
      }
      removed++;
      log.gone(entry, why);
      watchers.forEach(watcher -> watcher.removed(entry));
      care.removed(entry);
    }

    @Override
    public void ask(String other, long question) {
      Duration limit = Duration.ofNanos(imports.patience());
      registry
          .probe(other, limit)
          .whenComplete(
              (answer, failure) ->
                  post(
                      () ->
                          imports.answered(
                              other,
                              question,
                              answer == null ? Answer.NO_ANSWER : answer,
                              System.nanoTime())));
    }

    @Override
    public void follow(String other) {
      registry.follow(other);
    }

    @Override
    public void unfollow(String other) {
      registry.unfollow(other);
    }

    @Override
    public void purge(RemoteEntry entry) {
      log.purging(entry);
      Object unused = registry.remove(entry);
    }
  }

  private final class Exporting implements ExportEffects {
    @Override
    public void put(RemoteEntry entry) {
      registry
          .put(entry)
          .whenComplete(
              (done, failure) ->
                  post(
                      () -> {
                        if (failure == null) {
                          troubles.remove(entry.key());
                        } else if (published.containsKey(entry.key())) {
                          complain(entry, failure);
                        }
                        exports.stored(entry, failure == null, System.nanoTime());
                      }));
    }

    private void complain(RemoteEntry entry, Throwable failure) {
      String why = String.valueOf(failure.getMessage());
      if (!why.equals(troubles.put(entry.key(), why))) {
        log.cannotBePublished(entry, why);
      }
    }

    @Override
    public void remove(RemoteEntry entry) {
      registry
          .remove(entry)
          .whenComplete(
              (done, failure) ->
                  post(() -> exports.gone(entry, failure == null, System.nanoTime())));
    }

    @Override
    public void beat() {
      registry.beat();
    }
  }
}
