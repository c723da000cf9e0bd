// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.error.AddressException;
import io.penstock.error.StorageException;
import io.penstock.error.StreamClosedException;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import io.penstock.nats.impl.pipe.KeyStore.Stored;
import io.penstock.nats.impl.pipe.KeyStore.Value;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Opens a pipe on servers: makes its streams, claims its ends, and looks how far it is. */
final class Opening {
  static final Duration LIMIT = Duration.ofSeconds(15);
  private static final Duration REACHED = Duration.ofSeconds(5);

  private final NatsContent content;
  private final PipeSettings settings;
  private final Link link;
  private final KeyStore store;
  private final Bound bound;
  private final Claim writer;
  private final Claim reader;
  private final long deadline;
  private final long reached = System.nanoTime() + REACHED.toNanos();
  private Cursor read = Cursor.NONE;

  Opening(NatsContent content, long deadline) {
    this.content = content;
    this.deadline = deadline;
    this.settings = content.settings;
    this.link = content.link;
    this.store = new KeyStore(link, settings);
    this.bound = new Bound(link, settings, () -> {});
    this.writer = new Claim(content, store, Claim.WRITER);
    this.reader = new Claim(content, store, Claim.READER);
  }

  /**
   * What is known of the streams before the ends are opened.
   *
   * @param counted the number that the servers have given last, also of a message that they have
   *     lost
   * @param newest the number of the last message that is there; 0 if there is none
   * @param last the last message that counts
   */
  private record Found(long counted, long newest, Stored last) {}

  /** Opens; on the link's thread. */
  CompletableFuture<NatsContent> open() {
    return Api.either(
        streams()
            .thenCompose(
                on -> settings.writes() ? openWriter() : CompletableFuture.completedFuture(null))
            .thenCompose(this::openReader),
        (done, failure) -> {
          if (failure == null) {
            return CompletableFuture.completedFuture(content);
          }
          IOException why = told(failure);
          return CompletableFuture.allOf(writer.release(), reader.release())
              .thenCompose(on -> CompletableFuture.failedFuture(why));
        });
  }

  /**
   * Makes the streams if they are not there; on the link's thread.
   *
   * @return the name of the server that leads the stream of the bytes; empty if none is told
   */
  CompletableFuture<String> leader() {
    return Api.either(
        streams().thenCompose(on -> tried(() -> Api.info(link, settings.stream()))),
        (info, failure) ->
            failure == null
                ? CompletableFuture.completedFuture(
                    JsonValueUtils.readString(
                        JsonValueUtils.readObject(info, "cluster"), "leader", ""))
                : CompletableFuture.failedFuture(told(failure)));
  }

  private <T> CompletableFuture<T> tried(Supplier<CompletableFuture<T>> step) {
    return content.isOver()
        ? CompletableFuture.failedFuture(new StreamClosedException(content.name))
        : Tries.until(link, deadline, step);
  }

  /** A server that is not reached soon is away; it need not be waited for as a leader is. */
  private CompletableFuture<Void> connected() {
    return Tries.until(
        link,
        reached,
        () ->
            link.isUp()
                ? CompletableFuture.completedFuture(null)
                : CompletableFuture.failedFuture(
                    new LinkException(
                        LinkException.Kind.DOWN, 0, link + ": there is no connection", null)));
  }

  // ---- the streams

  private CompletableFuture<Void> streams() {
    MapBuilder bytes =
        common(settings.sync() == PipeSettings.Sync.NONE ? "memory" : "file")
            .put("subjects", Api.texts(settings.subject()))
            .put("max_bytes", bound.first());
    MapBuilder keys =
        common("file")
            .put("subjects", Api.texts(settings.key(Claim.WRITER), settings.key(Claim.READER)))
            .put("max_msgs_per_subject", 1);
    return connected()
        .thenCompose(on -> made(settings.stream(), bytes))
        .thenCompose(this::adapt)
        .thenCompose(on -> made(settings.keys(), keys))
        .thenCompose(this::adaptKeys);
  }

  /** The servers know only after a moment that one of them has come back. */
  private CompletableFuture<JsonValue> made(String stream, MapBuilder config) {
    return Api.either(
        tried(() -> Api.ensure(link, stream, config)),
        (info, failure) -> {
          if (failure == null) {
            return CompletableFuture.completedFuture(info);
          }
          return Api.code(failure) == Api.NO_PEERS && System.nanoTime() - reached < 0
              ? Tries.pause(link, Tries.PAUSE).thenCompose(on -> made(stream, config))
              : CompletableFuture.failedFuture(failure);
        });
  }

  private MapBuilder common(String storage) {
    return Api.object()
        .put("retention", "limits")
        .put("discard", "new")
        .put("storage", storage)
        .put("num_replicas", settings.replicas())
        .put("max_consumers", -1)
        .put("max_msgs", -1)
        .put("max_age", 0);
  }

  /** A writer that asks for more room, or other replicas, gets them. */
  private CompletableFuture<Void> adapt(JsonValue info) {
    JsonValue config = JsonValueUtils.readObject(info, "config");
    String storage = settings.sync() == PipeSettings.Sync.NONE ? "memory" : "file";
    if (!JsonValueUtils.readString(config, "storage", storage).equals(storage)) {
      return CompletableFuture.failedFuture(
          new AddressException(
              AddressException.Kind.INVALID,
              settings.shown(),
              "sync="
                  + settings.sync().name().toLowerCase(java.util.Locale.ROOT)
                  + " keeps bytes in the servers' "
                  + (storage.equals("file") ? "files" : "memory")
                  + ", and this pipe is not made so; give the sync that it was made with",
              null));
    }
    long now = JsonValueUtils.readLong(config, "max_bytes", -1);
    if (now > 0) {
      content.bounded(now);
    }
    long held = JsonValueUtils.readLong(JsonValueUtils.readObject(info, "state"), "bytes", 0);
    long first = bound.first();
    // One that has grown stays so while it is fuller than it was made for.
    long most = first >= 0 && held > first ? now : first;
    return now == most && hasReplicas(config)
        ? CompletableFuture.completedFuture(null)
        : change(config, Map.of("max_bytes", new JsonValue(most), "num_replicas", replicas()));
  }

  /** Without its keys a pipe is of no use: they are on as many servers as the bytes. */
  private CompletableFuture<Void> adaptKeys(JsonValue info) {
    JsonValue config = JsonValueUtils.readObject(info, "config");
    return hasReplicas(config)
        ? CompletableFuture.completedFuture(null)
        : change(config, Map.of("num_replicas", replicas()));
  }

  private JsonValue replicas() {
    return new JsonValue(settings.replicas());
  }

  private boolean hasReplicas(@Nullable JsonValue config) {
    return JsonValueUtils.readInteger(config, "num_replicas", 1) == settings.replicas();
  }

  private CompletableFuture<Void> change(
      @Nullable JsonValue config, Map<String, JsonValue> changes) {
    return !settings.writes() || config == null || config.map == null
        ? CompletableFuture.completedFuture(null)
        : tried(() -> bound.change(config, changes));
  }

  // ---- the writer

  private CompletableFuture<@Nullable Stored> openWriter() {
    long[] claimed = new long[1];
    return writer
        .take(
            deadline,
            before -> {
              claimed[0] = before.number("epoch");
              return value(before.number("confirmed"), before.number("open"));
            })
        .thenCompose(
            before ->
                tried(() -> store.get(Claim.READER))
                    .thenCompose(
                        key -> {
                          read = Cursor.of(key);
                          return end(claimed[0], before.number("open"));
                        })
                    .thenCompose(found -> write(found, before)));
  }

  private static MapBuilder value(long confirmed, long open) {
    return Api.object().put("confirmed", confirmed).put("open", open);
  }

  /**
   * The last entry that counts: of the newest epoch that has any.
   *
   * @param newest the epoch that was claimed last
   * @param open the message that has opened the last epoch that was used
   */
  private CompletableFuture<Found> end(long newest, long open) {
    // Before the last message is asked for: where servers have lost the end of a file, they may
    // count on from what was there.
    return tried(store::range)
        .thenCompose(
            range ->
                tried(store::last)
                    .thenCompose(
                        last ->
                            (last.sequence() > 0
                                    ? back(last, new Looked(newest, open)).thenApply(Looked::best)
                                    : CompletableFuture.completedFuture(last))
                                .thenApply(
                                    best ->
                                        new Found(
                                            Math.max(range.last(), last.sequence()),
                                            last.sequence(),
                                            best))));
  }

  private CompletableFuture<Looked> back(Stored at, Looked looked) {
    return looked.add(at)
        ? CompletableFuture.completedFuture(looked)
        : tried(() -> store.at(at.sequence() - 1))
            .thenCompose(
                before ->
                    before.sequence() == 0
                        ? CompletableFuture.completedFuture(looked)
                        : back(before, looked));
  }

  /** What was found from the end backwards. */
  private static final class Looked {
    private final long newest;
    private final long open;
    private final Deque<Stored> entries = new ArrayDeque<>();
    private long epoch = -1;
    private long acked;
    private long count;

    Looked(long newest, long open) {
      this.newest = newest;
      this.open = open;
    }

    /** Adds the one before; true if that suffices. */
    boolean add(Stored at) {
      Entry entry = at.entry();
      if (entry != null) {
        count++;
        if (entry.epoch() > epoch) {
          epoch = entry.epoch();
          acked = 0;
          entries.clear();
        }
        if (entry.epoch() == epoch) {
          entries.addFirst(at);
          acked = Math.max(acked, entry.acked());
        }
      }
      Stored first = entries.peek();
      Entry oldest = first == null ? null : first.entry();
      boolean last = epoch >= newest || count > Writing.MOST_ON_THE_WAY;
      // From an entry that its writer has known to be taken on, it is seen what counts.
      boolean whole = oldest != null && oldest.number() <= acked;
      return at.sequence() <= Math.max(1, open) || (last && whole);
    }

    /**
     * The last entry that was taken and all that come before it. What its writer knew to be taken
     * was taken, also where it is corrupt by now.
     */
    Stored best() {
      Stored best = new Stored(0, null);
      Entry known = null;
      for (Stored each : entries) {
        Entry entry = each.entry();
        if (entry != null
            && (known == null || entry.number() <= Math.max(known.number(), acked) + 1)) {
          known = entry;
          best = each;
        }
      }
      return best;
    }
  }

  private CompletableFuture<@Nullable Stored> write(Found found, Value before) {
    Entry last = found.last().entry();
    if (last != null && last.epoch() == writer.epoch()) {
      // The answer to the last try was lost.
      return confirm(found.last());
    }
    if (last != null && last.epoch() > writer.epoch()) {
      return CompletableFuture.failedFuture(taken());
    }
    // Servers may have lost what was read. A reader would take what comes at its place for that.
    Entry open =
        Entry.open(
            writer.epoch(),
            Math.max(read.committed(), last == null ? 0 : last.end()),
            Math.max(read.stream(), last == null ? 0 : last.streamAfter()));
    return link.ask(settings.subject(), open.headers(found.counted(), found.newest()), open.bytes())
        .thenCompose(answer -> Api.parsed("the first record", answer.getData()))
        .thenCompose(answer -> confirm(new Stored(JsonValueUtils.readLong(answer, "seq", 0), open)))
        .exceptionallyCompose(
            failure ->
                (Api.code(failure) == Api.WRONG_LAST || Tries.passes(failure))
                        && System.nanoTime() - deadline < 0
                    ? Tries.pause(link, Tries.PAUSE)
                        .thenCompose(on -> end(writer.epoch(), before.number("open")))
                        .thenCompose(now -> write(now, before))
                    : CompletableFuture.failedFuture(failure));
  }

  private CompletableFuture<@Nullable Stored> confirm(Stored opened) {
    return tried(() -> writer.put(value(writer.epoch(), opened.sequence())))
        .<@Nullable Stored>thenApply(on -> opened)
        .exceptionallyCompose(
            failure ->
                Api.code(failure) == Api.WRONG_LAST && System.nanoTime() - deadline < 0
                    // Its answer was lost, or it is still on its way among the servers.
                    ? Tries.pause(link, Tries.PAUSE)
                        .thenCompose(on -> tried(writer::isOurs))
                        .thenCompose(
                            ours ->
                                ours ? confirm(opened) : CompletableFuture.failedFuture(taken()))
                    : CompletableFuture.failedFuture(failure));
  }

  private AddressException taken() {
    return new AddressException(
        AddressException.Kind.IN_USE,
        settings.shown(),
        "another writer has taken it at the same time",
        null);
  }

  // ---- the reader

  private CompletableFuture<Void> openReader(@Nullable Stored opened) {
    CompletableFuture<Value> key =
        settings.reads()
            ? reader.take(deadline, before -> claimed(before).fields())
            : tried(() -> store.get(Claim.READER));
    return key.thenCompose(
        before ->
            settings.reads()
                ? placed(claimed(before)).thenCompose(cursor -> begin(opened, cursor))
                : beginWriter(opened, Cursor.of(before)));
  }

  /** Where a new reader begins: what an earlier one had not committed counts again. */
  private static Cursor claimed(Value before) {
    Cursor last = Cursor.of(before);
    return new Cursor(
        last.committed(),
        last.stream(),
        last.committed(),
        last.sequence(),
        last.epoch(),
        last.floor());
  }

  /** Where servers have lost what was read, other messages have the numbers that a cursor has. */
  private CompletableFuture<Cursor> placed(Cursor cursor) {
    return tried(store::range)
        .thenCompose(
            range ->
                tried(() -> store.at(cursor.sequence()))
                    .thenApply(
                        at -> {
                          Entry entry = at.entry();
                          boolean other =
                              entry == null
                                  ? cursor.sequence() > range.last() + 1
                                  : entry.position() > cursor.committed();
                          return other ? cursor.from(range.first()) : cursor;
                        }));
  }

  private CompletableFuture<Void> beginWriter(@Nullable Stored opened, Cursor cursor) {
    if (content.isOver()) {
      return CompletableFuture.failedFuture(new StreamClosedException(content.name));
    }
    if (opened != null && opened.entry() != null) {
      Writing writing = new Writing(content, store, writer, opened, opened.entry());
      content.begin(writing, null);
      writing.begin(cursor.released(), new CursorWatch(content, cursor));
    }
    return CompletableFuture.completedFuture(null);
  }

  private CompletableFuture<Void> begin(@Nullable Stored opened, Cursor cursor) {
    return known(opened)
        .thenCombine(
            oldest(cursor),
            (known, oldest) -> {
              if (content.isOver()) {
                throw new CompletionException(new StreamClosedException(content.name));
              }
              Entry open = opened == null ? null : opened.entry();
              Writing writing =
                  opened == null || open == null
                      ? null
                      : new Writing(content, store, writer, opened, open);
              Reading reading = new Reading(content, store, reader, cursor, known, oldest);
              content.begin(writing, reading);
              if (writing != null) {
                writing.begin(cursor.committed(), null);
              }
              reading.begin();
              return null;
            });
  }

  /** How far the stream is known to be. */
  private CompletableFuture<Long> known(@Nullable Stored opened) {
    Entry open = opened == null ? null : opened.entry();
    if (open != null) {
      return CompletableFuture.completedFuture(open.position());
    }
    return tried(() -> store.get(Claim.WRITER))
        .thenCompose(key -> end(key.number("epoch"), key.number("open")))
        .thenApply(
            found -> {
              Entry last = found.last().entry();
              return last == null ? 0L : last.end();
            });
  }

  /** The first byte that is kept. */
  private CompletableFuture<Long> oldest(Cursor cursor) {
    return tried(store::range)
        .thenCompose(range -> tried(() -> store.at(range.first())))
        .thenApply(
            first -> {
              Entry entry = first.entry();
              return entry == null ? cursor.committed() : entry.position();
            });
  }

  // ---- failures

  private IOException told(Throwable failure) {
    if (failure instanceof AddressException
        || failure instanceof StorageException
        || failure instanceof StreamClosedException) {
      return (IOException) failure;
    }
    if (!(failure instanceof IOException)) {
      Api.bug(link, failure);
    }
    String text = String.valueOf(failure.getMessage());
    if (failure instanceof LinkException known && known.kind() == LinkException.Kind.DENIED) {
      return new AddressException(AddressException.Kind.ACCESS, settings.shown(), text, failure);
    }
    if (failure instanceof LinkException known && known.kind() == LinkException.Kind.REFUSED) {
      String refused =
          known.code() == Api.OVERLAP
              ? text
              : text + "; it asks for replicas=" + settings.replicas();
      return Tries.kind(failure) == StorageException.Kind.FULL
          ? new StorageException(StorageException.Kind.FULL, settings.shown(), refused, 0, failure)
          : new AddressException(AddressException.Kind.ACCESS, settings.shown(), refused, failure);
    }
    return new AddressException(
        AddressException.Kind.REFUSED,
        settings.shown(),
        text + (link.trouble().isEmpty() ? "" : "; " + link.trouble()),
        failure);
  }
}
