// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** The stream of the entries: makes sure that it is there. */
final class Bucket {
  // Shorter than usual: without a leader no answer comes, and there may be one a moment later.
  private static final Duration LOOK = Duration.ofSeconds(1);

  private Bucket() {}

  /**
   * Makes the stream if it is not there. Raises its replicas if they are fewer than wanted, and
   * never lowers them: a container that only connects has no opinion of them.
   *
   * @return completes on the link's thread; fails with {@link LinkException}
   */
  static CompletableFuture<Void> ensure(Link link, int replicas) {
    return link.ask("$JS.API.STREAM.INFO." + Subjects.STREAM, null, new byte[0], LOOK)
        .thenCompose(answer -> Api.parsed("STREAM.INFO", answer.getData()))
        .exceptionallyCompose(
            failure ->
                Api.code(failure) == Api.NO_STREAM
                    ? Api.ensure(link, Subjects.STREAM, config(replicas))
                    : CompletableFuture.failedFuture(failure))
        .thenCompose(info -> raise(link, info, replicas))
        .thenApply(any -> null);
  }

  private static CompletableFuture<JsonValue> raise(Link link, JsonValue info, int replicas) {
    JsonValue config = JsonValueUtils.readObject(info, "config");
    if (config.map == null || JsonValueUtils.readInteger(config, "num_replicas", 1) >= replicas) {
      return CompletableFuture.completedFuture(info);
    }
    Map<String, JsonValue> raised = new LinkedHashMap<>(config.map);
    raised.put("num_replicas", new JsonValue(replicas));
    return Api.ask(link, "STREAM.UPDATE." + Subjects.STREAM, new JsonValue(raised).toJson());
  }

  /** What an operator is told of a failure. */
  static String why(Link link, int replicas, Throwable failure) {
    String text = String.valueOf(failure.getMessage());
    if (!(failure instanceof LinkException known)) {
      return text;
    }
    return switch (known.kind()) {
      case DOWN -> text;
      case NO_RESPONDERS ->
          link + ": JetStream does not answer: it is off, or too few of the servers are there";
      case NO_ANSWER ->
          link
              + ": JetStream has not answered: too few of the servers are there, or the rights do"
              + " not allow "
              + Subjects.STREAM
              + "; "
              + text;
      case DENIED -> link + ": the rights do not allow " + Subjects.STREAM + "; " + text;
      case REFUSED ->
          replicas > 1 && known.code() != Api.OVERLAP
              ? text + "; replicas is " + replicas + ", and the servers are " + link.servers()
              : text;
    };
  }

  private static MapBuilder config(int replicas) {
    return Api.object()
        .put("subjects", List.of(new JsonValue(Subjects.ENTRIES + ">")))
        .put("retention", "limits")
        .put("storage", "file")
        .put("discard", "new")
        .put("max_msgs_per_subject", 1)
        .put("num_replicas", replicas)
        .put("deny_delete", false)
        .put("allow_rollup_hdrs", true)
        .put("allow_direct", true);
  }
}
