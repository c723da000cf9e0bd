// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * What the leader of the stream has. The copy of another server may lack what was written while
 * that server was away, and not only at its end. A server that led before it was cut off may answer
 * as if it led still: an answer that knows less than what has come already is none. All on the
 * link's thread.
 */
final class Leader {
  private static final long DOUBT = TimeUnit.SECONDS.toNanos(30);

  private final Link link;
  // The last message that is known, of the stream that was made at this time.
  private long highest;
  private String made = "";
  private long doubted;

  Leader(Link link) {
    this.link = link;
  }

  /** A message has come from whichever server. */
  void reached(long sequence) {
    highest = Math.max(highest, sequence);
  }

  /**
   * Whether an answer that knows less may be that of a server that leads no more. Such a server
   * notices after a while; then it is the servers that have lost what they had.
   */
  private boolean isDoubtful() {
    long now = System.nanoTime();
    if (doubted == 0) {
      doubted = now;
    }
    return now - doubted < DOUBT;
  }

  /** Asks which subjects that match have a message. */
  CompletableFuture<Set<String>> holds(String filter) {
    return page(filter, new HashSet<>());
  }

  /** Asks for the last message of a subject. */
  CompletableFuture<Api.Stored> last(String subject) {
    return Api.message(link, Subjects.STREAM, Api.object().put("last_by_subj", subject));
  }

  /** One answer has at most a hundred thousand of them. */
  private CompletableFuture<Set<String>> page(String filter, Set<String> subjects) {
    String request =
        Api.object().put("subjects_filter", filter).put("offset", subjects.size()).toJson();
    return Api.ask(link, "STREAM.INFO." + Subjects.STREAM, request)
        .thenCompose(
            info -> {
              JsonValue state = JsonValueUtils.readObject(info, "state");
              long last = JsonValueUtils.readLong(state, "last_seq", 0);
              String since = JsonValueUtils.readString(info, "created", "");
              if (!made.isEmpty() && !since.equals(made)) {
                // Another stream by the same name: its numbers begin anew.
                highest = last;
              }
              made = since;
              if (last < highest && isDoubtful()) {
                return CompletableFuture.failedFuture(
                    new LinkException(
                        LinkException.Kind.NO_ANSWER, 0, "an old answer has come", null));
              }
              highest = last;
              doubted = 0;
              Map<String, JsonValue> told = JsonValueUtils.readObject(state, "subjects").map;
              int before = subjects.size();
              if (told != null) {
                subjects.addAll(told.keySet());
              }
              return subjects.size() > before
                      && subjects.size() < JsonValueUtils.readLong(info, "total", 0)
                  ? page(filter, subjects)
                  : CompletableFuture.completedFuture(subjects);
            });
  }
}
