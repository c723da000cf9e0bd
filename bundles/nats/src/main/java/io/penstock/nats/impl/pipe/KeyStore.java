// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.nats.client.impl.Headers;
import io.nats.client.support.JsonParseException;
import io.nats.client.support.JsonParser;
import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What is asked of the two streams of a pipe; all on the link's thread. */
final class KeyStore {
  private static final Duration SHORTEST = Duration.ofMillis(500);
  private static final Duration LONGEST = Duration.ofSeconds(2);

  private final Link link;
  private final PipeSettings settings;
  private final Patience patience = new Patience(SHORTEST, LONGEST);

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
    return message(settings.keys(), Api.object().put("last_by_subj", settings.key(role)).toJson())
        .thenCompose(
            message -> {
              try {
                byte[] data = JsonValueUtils.readBase64(message, "data");
                return CompletableFuture.completedFuture(
                    new Value(
                        JsonValueUtils.readLong(message, "seq", 0),
                        data == null ? JsonValue.EMPTY_MAP : JsonParser.parse(data)));
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
    Headers headers = new Headers().put("Nats-Expected-Last-Subject-Sequence", Long.toString(last));
    return link.ask(settings.key(role), headers, json.getBytes(StandardCharsets.UTF_8))
        .thenCompose(answer -> Api.parsed("key " + role, answer.getData()))
        .thenApply(answer -> JsonValueUtils.readLong(answer, "seq", 0));
  }

  /** The last message; 0 and null if there is none. */
  CompletableFuture<Stored> last() {
    return entry(Api.object().put("last_by_subj", settings.subject()).toJson());
  }

  /** A message by its number; 0 and null if there is none. */
  CompletableFuture<Stored> at(long sequence) {
    return entry(Api.object().put("seq", sequence).toJson());
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

  private CompletableFuture<Stored> entry(String request) {
    return message(settings.stream(), request)
        .thenApply(
            message -> {
              byte[] head = JsonValueUtils.readBase64(message, "hdrs");
              byte[] data = JsonValueUtils.readBase64(message, "data");
              return new Stored(
                  JsonValueUtils.readLong(message, "seq", 0), Entry.read(headers(head), data));
            });
  }

  private CompletableFuture<JsonValue> message(String stream, String request) {
    long since = System.nanoTime();
    return Api.ask(link, "STREAM.MSG.GET." + stream, request, patience.limit())
        .whenComplete((answer, failure) -> patience.learn(System.nanoTime() - since, failure))
        .thenApply(
            answer -> {
              JsonValue found = JsonValueUtils.readObject(answer, "message");
              return found == null ? JsonValue.EMPTY_MAP : found;
            })
        .exceptionallyCompose(
            failure ->
                Api.code(failure) == Api.NO_MESSAGE
                    ? CompletableFuture.completedFuture(JsonValue.EMPTY_MAP)
                    : CompletableFuture.failedFuture(failure));
  }

  /** Headers as they are on the wire: a line for the version, and one for each. */
  private static @Nullable Headers headers(byte @Nullable [] wire) {
    if (wire == null) {
      return null;
    }
    Headers headers = new Headers();
    for (String line : new String(wire, StandardCharsets.UTF_8).split("\r\n", -1)) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers.add(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    return headers;
  }
}
