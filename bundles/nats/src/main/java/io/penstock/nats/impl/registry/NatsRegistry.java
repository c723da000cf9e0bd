// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import io.nats.client.Message;
import io.nats.client.impl.Headers;
import io.nats.client.support.JsonValueUtils;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.Link.Subscribed;
import io.penstock.nats.impl.link.LinkException;
import io.penstock.nats.impl.link.LinkSettings;
import io.penstock.remote.spi.Answer;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A registry on servers of NATS: entries in a stream, signs of life as messages that nobody keeps.
 * It counts as connected when the stream has answered. The listener is called on the link's thread.
 */
public final class NatsRegistry implements Registry {
  /** The servers allow no more. */
  public static final int MOST_REPLICAS = 5;

  private static final Duration MARKER_AGE = Duration.ofMinutes(1);
  private static final Duration AGAIN = Duration.ofMillis(250);
  private static final String EXPECTED = "Nats-Expected-Last-Subject-Sequence";

  /** Names no entry can have. */
  private static final String OWN = "* own";

  private static final byte[] NOTHING = new byte[0];

  private final String node;
  private final int replicas;
  private final RegistryListener listener;
  private final Link link;
  // How each ends when the registry is closed first.
  private final Set<Runnable> unanswered = ConcurrentHashMap.newKeySet();
  private volatile boolean ready;
  private volatile boolean beating;
  private volatile boolean closed;

  // Only on the link's thread.
  private final Markers markers;
  private final Leader leader;
  private final Set<String> watched = new LinkedHashSet<>();
  private final Map<String, Watch> watches = new LinkedHashMap<>();
  private final Map<String, Subscribed> followed = new HashMap<>();
  // Where in the stream the entries of this node are, as far as it was told.
  private final Map<String, Long> own = new HashMap<>();
  private boolean exporting;
  private String trouble = "";
  private int attempt;

  /** Connects in the background. */
  public NatsRegistry(
      String node, LinkSettings servers, RegistrySettings settings, RegistryListener listener) {
    this(node, servers, settings, listener, MARKER_AGE);
  }

  NatsRegistry(
      String node,
      LinkSettings servers,
      RegistrySettings settings,
      RegistryListener listener,
      Duration markerAge) {
    this.node = node;
    this.replicas = settings.replicas();
    this.listener = listener;
    this.link = new Link(servers, "registry of " + node);
    this.markers = new Markers(link, markerAge);
    this.leader = new Leader(link);
    Pulse.begin(link, settings.session(), new Pulsing());
    Subscribed unused = link.subscribe(Subjects.probe(node), this::answer);
  }

  private void answer(Message question) {
    String asker = question.getReplyTo();
    if (asker != null && !closed) {
      link.tell(asker, null, NOTHING);
    }
  }

  // ---- connected or not

  private final class Pulsing implements Pulse.Beating {
    @Override
    public void reachable() {
      attempt++;
      showLife();
      ensure();
    }

    @Override
    public void unreachable(String why) {
      attempt++;
      stop(why);
    }

    @Override
    public void quarter() {
      if (!ready) {
        showLife();
      }
    }
  }

  /**
   * A container that has published lives, even while the stream has no leader, and the others may
   * hear it: those that were not disconnected would give it up.
   */
  private void showLife() {
    if (beating) {
      link.tell(Subjects.beat(node), null, NOTHING);
    }
  }

  private void ensure() {
    int mine = attempt;
    Api.end(
        link,
        Bucket.ensure(link, replicas),
        (there, failure) -> {
          if (mine == attempt && !closed) {
            if (failure == null) {
              begin();
            } else {
              stop(Bucket.why(link, replicas, failure));
              again(LinkException.pause(failure, AGAIN));
            }
          }
        });
  }

  private void again(Duration pause) {
    int mine = attempt;
    Future<?> unused =
        link.after(
            pause,
            () -> {
              if (mine == attempt && !closed) {
                ensure();
              }
            });
  }

  private void begin() {
    ready = true;
    trouble = "";
    own.clear();
    listener.connected();
    arrange();
  }

  private void stop(String why) {
    boolean news = ready || !why.equals(trouble);
    ready = false;
    trouble = why;
    watches.values().forEach(Watch::close);
    watches.clear();
    if (news && !closed) {
      listener.disconnected(why);
    }
  }

  /** The stream was there, and is not any more: everything is put again into a new one. */
  private void lost() {
    if (ready) {
      attempt++;
      stop("the stream " + Subjects.STREAM + " is not there any more");
      ensure();
    }
  }

  // ---- entries

  /** Has a watch for what is wanted: one of all serves each name, too. */
  private void arrange() {
    if (!ready || closed) {
      return;
    }
    Set<String> wanted = new LinkedHashSet<>();
    if (watched.contains(ALL)) {
      wanted.add(ALL);
    } else {
      wanted.addAll(watched);
      if (exporting) {
        wanted.add(OWN);
      }
    }
    List<RemoteEntry> told = new ArrayList<>();
    for (String each : List.copyOf(watches.keySet())) {
      if (!wanted.contains(each)) {
        Watch old = watches.remove(each);
        if (old != null) {
          old.close();
          if (!each.equals(OWN)) {
            told.addAll(old.seen());
          }
        }
      }
    }
    for (String each : wanted) {
      if (!watches.containsKey(each)) {
        watches.put(each, watch(each, told));
      }
    }
  }

  private Watch watch(String what, List<RemoteEntry> told) {
    return switch (what) {
      case ALL -> new Watch(link, leader, Subjects.ENTRIES + ">", told, new Telling(ALL));
      case OWN -> new Watch(link, leader, Subjects.ofNode(node), List.of(), new Telling(OWN));
      default ->
          new Watch(link, leader, Subjects.named(what), Watch.of(what, told), new Telling(what));
    };
  }

  /** What a watch sees, for the listener. */
  private final class Telling implements Watch.Sight {
    private final String what;

    Telling(String what) {
      this.what = what;
    }

    @Override
    public void stored(RemoteEntry entry, long sequence) {
      // Also those of this node, watched or not: it compares them with what it publishes.
      listener.stored(entry);
    }

    @Override
    public void gone(String name, String key, boolean told, long sequence) {
      boolean mine = false;
      Long at = own.get(key);
      if (at != null && sequence > at) {
        mine = true;
        own.remove(key);
      }
      if (told || mine) {
        listener.removed(name, key);
      }
    }

    @Override
    public void known() {
      if (what.equals(ALL)) {
        List.copyOf(watched).forEach(listener::known);
      } else if (!what.equals(OWN)) {
        listener.known(what);
      }
    }

    @Override
    public void lost() {
      NatsRegistry.this.lost();
    }
  }

  @Override
  public void watch(String name) {
    link.run(
        () -> {
          Watch all = watches.get(ALL);
          if (watched.add(name) && all != null) {
            Watch.of(name, all.seen()).forEach(listener::stored);
            if (all.isKnown()) {
              listener.known(name);
            }
          }
          arrange();
        });
  }

  @Override
  public void unwatch(String name) {
    link.run(
        () -> {
          watched.remove(name);
          arrange();
        });
  }

  @Override
  public CompletionStage<Void> put(RemoteEntry entry) {
    String subject = Subjects.of(entry);
    return whenReady(
        done -> {
          exporting = true;
          arrange();
          write(
              subject,
              null,
              EntryText.write(entry),
              done,
              sequence -> {
                own.put(entry.key(), sequence);
                markers.publishes(entry.name());
              });
        });
  }

  @Override
  public CompletionStage<Void> remove(RemoteEntry entry) {
    String subject = Subjects.of(entry);
    return whenReady(
        done -> {
          if (entry.node().equals(node)) {
            mark(subject, Markers.headers(), done);
          } else {
            markIfSame(subject, entry, done);
          }
        });
  }

  private void mark(String subject, Headers headers, CompletableFuture<Void> done) {
    write(subject, headers, NOTHING, done, sequence -> markers.written(subject, sequence));
  }

  private void markIfSame(String subject, RemoteEntry entry, CompletableFuture<Void> done) {
    Api.end(
        link,
        leader.last(subject),
        (found, failure) -> {
          if (failure != null) {
            done.completeExceptionally(failure);
          } else if (!isSame(entry, found.message())) {
            done.complete(null);
          } else {
            Headers expected = Markers.headers().put(EXPECTED, Long.toString(found.sequence()));
            mark(subject, expected, done);
          }
        });
  }

  private static boolean isSame(RemoteEntry entry, @Nullable Message message) {
    try {
      return message != null && EntryText.read(Subjects.of(entry), message.getData()).equals(entry);
    } catch (IllegalArgumentException e) {
      // A marker, or nothing of ours.
      return false;
    }
  }

  private void write(
      String subject,
      @Nullable Headers headers,
      byte[] content,
      CompletableFuture<Void> done,
      Consumer<Long> stored) {
    Api.end(
        link,
        link.ask(subject, headers, content)
            .thenCompose(answer -> Api.parsed(subject, answer.getData())),
        (answer, failure) -> {
          if (failure == null) {
            stored.accept(JsonValueUtils.readLong(answer, "seq", 0));
            done.complete(null);
          } else if (Api.code(failure) == Api.WRONG_LAST) {
            // It has another content by now, or one is on its way.
            done.complete(null);
          } else {
            done.completeExceptionally(failure);
          }
        });
  }

  /** Runs something on the link's thread if the stream is there; fails what waits otherwise. */
  private CompletableFuture<Void> whenReady(Consumer<CompletableFuture<Void>> what) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Runnable end =
        () -> done.completeExceptionally(new IOException(link + ": the registry was closed"));
    unanswered.add(end);
    CompletableFuture<Void> unused = done.whenComplete((v, e) -> unanswered.remove(end));
    link.run(
        () -> {
          if (ready) {
            what.accept(done);
          } else {
            done.completeExceptionally(new IOException(notConnected()));
          }
        });
    endIfClosed();
    return done;
  }

  private String notConnected() {
    return trouble.isEmpty() ? link + ": the registry is not connected yet" : trouble;
  }

  // ---- signs of life

  @Override
  public void beat() {
    // Also if the stream has just gone again: its next sign of life is not to wait for the stream.
    beating = true;
    if (ready) {
      link.tell(Subjects.beat(node), null, NOTHING);
    }
  }

  @Override
  public void follow(String other) {
    link.run(
        () ->
            followed.computeIfAbsent(
                other,
                any ->
                    link.subscribe(
                        Subjects.beat(other),
                        beat -> {
                          if (ready) {
                            listener.beat(other);
                          }
                        })));
  }

  @Override
  public void unfollow(String other) {
    link.run(
        () -> {
          Subscribed old = followed.remove(other);
          if (old != null) {
            old.close();
          }
        });
  }

  @Override
  public CompletionStage<Answer> probe(String other, Duration limit) {
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    Runnable end = () -> answer.complete(Answer.NO_ANSWER);
    unanswered.add(end);
    CompletableFuture<Answer> unused = answer.whenComplete((v, e) -> unanswered.remove(end));
    Api.end(
        link,
        link.ask(Subjects.probe(other), null, NOTHING, limit),
        (message, failure) -> answer.complete(meaning(failure)));
    // The library looks for what is overdue only now and then.
    Future<?> late = link.after(limit, () -> answer.complete(Answer.NO_ANSWER));
    CompletableFuture<Answer> unusedToo = answer.whenComplete((v, e) -> late.cancel(false));
    endIfClosed();
    return answer;
  }

  private static Answer meaning(@Nullable Throwable failure) {
    if (failure == null) {
      return Answer.ALIVE;
    }
    return Api.cause(failure) instanceof LinkException known
            && known.kind() == LinkException.Kind.NO_RESPONDERS
        ? Answer.NO_RESPONDERS
        : Answer.NO_ANSWER;
  }

  @Override
  public void close() {
    closed = true;
    ready = false;
    link.close();
    endIfClosed();
  }

  /** Nothing that waits stays behind. */
  private void endIfClosed() {
    if (closed) {
      List.copyOf(unanswered).forEach(Runnable::run);
    }
  }

  @Override
  public String toString() {
    return link + " of " + node;
  }
}
