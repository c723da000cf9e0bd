// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.nats.client.Message;
import io.nats.client.NUID;
import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.error.AddressException;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import io.penstock.nats.impl.pipe.KeyStore.Value;
import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The right to be the one writer or the one reader. A key of the servers' has the number of the
 * last one; the holder answers those that ask. All on the link's thread.
 */
final class Claim {
  static final String WRITER = "writer";
  static final String READER = "reader";

  private static final System.Logger LOG = Messages.log("nats");
  private static final Duration ASK = Duration.ofSeconds(1);

  /** A holder that does not answer may be connecting anew, to another server. */
  private static final long GRACE_NANOS = Duration.ofSeconds(1).toNanos();

  private static final Duration GOING = Duration.ofSeconds(1);
  private static final Duration LEAVING = Duration.ofMillis(20);
  private static final byte[] QUESTION = "held?".getBytes(StandardCharsets.UTF_8);
  private static final byte[] TAKEN = "taken".getBytes(StandardCharsets.UTF_8);
  private static final String CLOSING = "closing";
  private static final String FREE = "free";

  private final NatsContent content;
  private final KeyStore store;
  private final String role;
  private final String id = NUID.nextGlobal();
  private volatile long epoch;
  private long sequence;
  private @Nullable JsonValue value;
  private Link.@Nullable Subscribed answers;
  private Runnable doubt = () -> {};

  Claim(NatsContent content, KeyStore store, String role) {
    this.content = content;
    this.store = store;
    this.role = role;
  }

  long epoch() {
    return epoch;
  }

  /** Which holder this is. */
  String id() {
    return id;
  }

  /**
   * Takes it, or names the holder that has it.
   *
   * @param next the new value of the key, of the present one; called when the epoch is set
   * @return completes with the value before
   */
  CompletableFuture<Value> take(long deadline, Function<Value, MapBuilder> next) {
    return take(deadline, System.nanoTime(), next);
  }

  private CompletableFuture<Value> take(
      long deadline, long since, Function<Value, MapBuilder> next) {
    Link link = content.link;
    return Tries.until(link, deadline, () -> store.get(role))
        .thenCompose(
            before -> {
              boolean ours = before.text("id").equals(id);
              CompletableFuture<Boolean> free =
                  ours || content.settings.takeover() || before.sequence() == 0 || before.is(FREE)
                      ? CompletableFuture.completedFuture(true)
                      : isFree(since, true);
              return free.thenCompose(
                  yes -> {
                    if (!yes) {
                      // It may have let go meanwhile, which its key tells.
                      return Tries.pause(link, LEAVING)
                          .thenCompose(on -> take(deadline, since, next));
                    }
                    epoch = before.number("epoch") + (ours ? 0 : 1);
                    sequence = before.sequence();
                    return put(next.apply(before))
                        .thenCompose(done -> taken(before))
                        .exceptionallyCompose(
                            failure ->
                                (Api.code(failure) == Api.WRONG_LAST || Tries.passes(failure))
                                        && System.nanoTime() - deadline < 0
                                    // Another one was quicker, or the answer was lost.
                                    ? quiet().thenCompose(on -> take(deadline, since, next))
                                    : CompletableFuture.failedFuture(failure));
                  });
            });
  }

  /** A holder that changes its key all the time gives way for a moment when it is told. */
  private CompletableFuture<Void> quiet() {
    if (content.settings.takeover()) {
      content.link.tell(content.settings.own(role), null, TAKEN);
    }
    return Tries.pause(content.link, Tries.PAUSE);
  }

  private CompletableFuture<Value> taken(Value before) {
    answers = content.link.subscribe(content.settings.own(role), message -> answer(message));
    if (before.sequence() > 0 && content.settings.takeover()) {
      content.link.tell(content.settings.own(role), null, TAKEN);
    }
    return CompletableFuture.completedFuture(before);
  }

  /**
   * Whether nobody has it; fails if somebody has.
   *
   * @param since when it was asked for first
   * @return completes with false if that is not known yet
   */
  private CompletableFuture<Boolean> isFree(long since, boolean again) {
    return Api.either(
        content.link.ask(content.settings.own(role), null, QUESTION, ASK),
        (answer, failure) -> {
          boolean early = System.nanoTime() - since < GRACE_NANOS;
          if (answer != null) {
            String text = new String(answer.getData(), StandardCharsets.UTF_8);
            return text.equals(CLOSING) && early
                ? CompletableFuture.completedFuture(false)
                : inUse(text);
          }
          LinkException.Kind kind =
              failure instanceof LinkException why ? why.kind() : LinkException.Kind.REFUSED;
          return switch (kind) {
            case NO_RESPONDERS -> CompletableFuture.completedFuture(!early);
            case NO_ANSWER ->
                again
                    ? isFree(since, false)
                    : inUse("one that is paused, or cut off, and does not answer");
            default -> CompletableFuture.failedFuture(failure);
          };
        });
  }

  private CompletableFuture<Boolean> inUse(String owner) {
    return CompletableFuture.failedFuture(
        new AddressException(
            AddressException.Kind.IN_USE,
            content.settings.shown(),
            "it has a " + role + ", " + owner + "; takeover=true takes over from it",
            null));
  }

  private void answer(Message message) {
    if (message.getReplyTo() != null) {
      String text = content.isClosed() ? CLOSING : content.name;
      content.link.tell(message.getReplyTo(), null, text.getBytes(StandardCharsets.UTF_8));
    } else {
      doubt.run();
    }
  }

  /** What to do when somebody says that it was taken. */
  void onDoubt(Runnable verify) {
    doubt = verify;
  }

  /** Changes the key; fails with {@link Api#WRONG_LAST} if it is not ours any more. */
  CompletableFuture<Value> put(MapBuilder fields) {
    value = fields.put("epoch", epoch).put("id", id).put("owner", content.name).toJsonValue();
    return store
        .put(role, value.toJson(), sequence)
        .thenApply(
            now -> {
              sequence = now;
              return new Value(now, JsonValue.EMPTY_MAP);
            });
  }

  /** Looks whether it was taken. */
  void verify(Runnable onTaken) {
    Api.end(
        content.link,
        isOurs(),
        (ours, failure) -> {
          if (content.isOver()) {
            return;
          }
          if (failure == null && !ours) {
            onTaken.run();
          } else if (failure != null && content.link.isUp()) {
            LOG.log(Level.DEBUG, "{0}: the key is asked for again", content.name, failure);
            Future<?> unusedToo = content.link.after(Tries.PAUSE, () -> verify(onTaken));
          }
        });
  }

  /** Looks whether it was taken; completes with whether it is still ours. */
  CompletableFuture<Boolean> isOurs() {
    return store
        .get(role)
        .thenCompose(
            now -> {
              if (now.sequence() < sequence) {
                return CompletableFuture.failedFuture(store.old());
              }
              boolean ours = now.text("id").equals(id);
              if (ours) {
                sequence = now.sequence();
              }
              return CompletableFuture.completedFuture(ours);
            });
  }

  /**
   * Lets it go.
   *
   * @return completes, never with a failure, when the servers know or after a while
   */
  CompletableFuture<Void> release() {
    Link.Subscribed mine = answers;
    JsonValue last = value;
    answers = null;
    value = null;
    CompletableFuture<Void> gone = new CompletableFuture<>();
    if (mine == null || last == null) {
      gone.complete(null);
      return gone;
    }
    mine.close();
    Map<String, JsonValue> all = new HashMap<>(last.map);
    all.put(FREE, JsonValue.TRUE);
    // One that was fenced changes nothing by this, and where it is lost the next one waits a
    // little.
    Api.end(
        content.link,
        store.put(role, new JsonValue(all).toJson(), sequence),
        (done, failure) -> gone.complete(null));
    Future<?> unusedToo = content.link.after(GOING, () -> gone.complete(null));
    return gone;
  }
}
