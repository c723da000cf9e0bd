// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.nats.client.Message;
import io.nats.client.impl.Headers;
import io.nats.client.support.JsonParseException;
import io.nats.client.support.JsonParser;
import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** What is asked of the two streams of a pipe; all on the link's thread. */
final class KeyStore {
  /** The number of the last message of a subject, which a message expects. */
  static final String EXPECTED_OF_SUBJECT = "Nats-Expected-Last-Subject-Sequence";

  /** A server that is slow answers in this time. */
  private static final Duration LIMIT = Duration.ofSeconds(2);

  private static final Duration AGAIN = Duration.ofMillis(400);

  private final Link link;
  private final PipeSettings settings;

  KeyStore(Link link, PipeSettings settings) {
    this.link = link;
    this.settings = settings;
  }

  /**
   * The value of a key.
   *
   * @param sequence of its last change; 0 if there was none
   */
  record Value(long sequence, JsonValue json) {
    long number(String name) {
      return JsonValueUtils.readLong(json, name, 0);
    }

    boolean is(String name) {
      return JsonValueUtils.readBoolean(json, name, false);
    }

    String text(String name) {
      return JsonValueUtils.readString(json, name, "");
    }
  }

  /**
   * A message as the leader of the stream has it.
   *
   * @param sequence 0 if there is none
   * @param entry null if there is none, or it is corrupt
   */
  record Stored(long sequence, @Nullable Entry entry) {}

  /** Asks the leader for a key. */
  CompletableFuture<Value> get(String role) {
    return message(settings.keys(), Api.object().put("last_by_subj", settings.key(role)))
        .thenCompose(
            found -> {
              try {
                Message message = found.message();
                return CompletableFuture.completedFuture(
                    new Value(
                        found.sequence(),
                        message == null
                            ? JsonValue.EMPTY_MAP
                            : JsonParser.parse(message.getData())));
              } catch (JsonParseException e) {
                return CompletableFuture.failedFuture(
                    new java.io.IOException(
                        settings.shown() + ": the key " + role + " is corrupt", e));
              }
            });
  }

  /**
   * Changes a key, if nobody else has meanwhile.
   *
   * @param last the number of the change that is known
   * @return completes with the number of this change
   */
  CompletableFuture<Long> put(String role, String json, long last) {
    Headers headers = new Headers().put(EXPECTED_OF_SUBJECT, Long.toString(last));
    return link.ask(settings.key(role), headers, json.getBytes(StandardCharsets.UTF_8))
        .thenCompose(answer -> Api.parsed("key " + role, answer.getData()))
        .thenApply(answer -> JsonValueUtils.readLong(answer, "seq", 0));
  }

  /** The last message; 0 and null if there is none. */
  CompletableFuture<Stored> last() {
    return entry(Api.object().put("last_by_subj", settings.subject()));
  }

  /** A message by its number; 0 and null if there is none. */
  CompletableFuture<Stored> at(long sequence) {
    return entry(Api.object().put("seq", sequence));
  }

  /**
   * What the leader has.
   *
   * @param first the number of the first message, or of the next one if there is none
   * @param last the number of the last one that was ever there
   */
  record Range(long first, long last) {}

  /** Asks the leader what it has. */
  CompletableFuture<Range> range() {
    return Api.info(link, settings.stream())
        .thenApply(
            info -> {
              JsonValue state = JsonValueUtils.readObject(info, "state");
              return new Range(
                  Math.max(1, JsonValueUtils.readLong(state, "first_seq", 1)),
                  JsonValueUtils.readLong(state, "last_seq", 0));
            });
  }

  /** A server that has been away answers for a moment as if it led still. */
  LinkException old() {
    return new LinkException(
        LinkException.Kind.NO_ANSWER, 0, settings.shown() + ": an old answer has come", null);
  }

  private CompletableFuture<Stored> entry(MapBuilder which) {
    return message(settings.stream(), which)
        .thenApply(
            found -> {
              Message message = found.message();
              return new Stored(
                  found.sequence(),
                  message == null ? null : Entry.read(message.getHeaders(), message.getData()));
            });
  }

  /**
   * Servers without a leader never answer what came before they had one. So it is asked again and
   * again while the first question may still be answered.
   */
  private CompletableFuture<Api.Stored> message(String stream, MapBuilder which) {
    CompletableFuture<Api.Stored> any = new CompletableFuture<>();
    ask(stream, which, LIMIT, any);
    return any;
  }

  private void ask(
      String stream, MapBuilder which, Duration limit, CompletableFuture<Api.Stored> any) {
    CompletableFuture<Api.Stored> unused =
        Api.message(link, stream, which, limit)
            .whenComplete(
                (answer, failure) -> {
                  boolean unusedToo =
                      failure == null
                          ? any.complete(answer)
                          : any.completeExceptionally(Api.cause(failure));
                });
    Duration rest = limit.minus(AGAIN);
    if (!any.isDone() && !rest.isNegative() && !rest.isZero()) {
      Future<?> next =
          link.after(
              AGAIN,
              () -> {
                if (!any.isDone()) {
                  ask(stream, which, rest, any);
                }
              });
      CompletableFuture<Api.Stored> unusedToo =
          any.whenComplete((answer, failure) -> next.cancel(false));
    }
  }
}
