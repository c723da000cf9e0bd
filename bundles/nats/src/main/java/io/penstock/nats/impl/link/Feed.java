// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import io.nats.client.Message;
import io.nats.client.impl.NatsJetStreamMetaData;
import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.nats.client.support.Status;
import io.penstock.nats.impl.link.Link.Subscribed;
import io.penstock.spi.Messages;
import java.io.Closeable;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The messages of a stream, in order and without a gap, as they are asked for. It stands on a
 * consumer of the servers' that is made anew whenever it may be gone: when the connection was lost,
 * when a sign of life is missing, when a message is missing. All happens on the link's thread.
 */
public final class Feed implements Closeable {
  private static final System.Logger LOG = Messages.log("nats");
  private static final Duration HEARTBEAT = Duration.ofSeconds(2);
  private static final Duration SILENCE = Duration.ofSeconds(5);
  private static final Duration EXPIRES = Duration.ofSeconds(20);
  private static final Duration AGAIN = Duration.ofMillis(200);
  private static final long UNUSED_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final int GONE = 404;
  private static final int EXPIRED = 408;
  private static final int ENDED = 409;

  /** What the server says when the next message is larger than the rest of what was asked for. */
  private static final String TOO_LARGE = "Message Size Exceeds MaxBytes";

  /** What a later one than 2.9 says when all messages have come and bytes are left. */
  private static final String COMPLETE = "Batch Completed";

  /** So often it is tried to have a consumer nearby: of three servers one is, in 9 of 10 cases. */
  static final int MOST_TRIES = 5;

  /** A message of a common size changes the expectation by a part of this. */
  private static final int MEMORY = 16;

  /** What a feed leads to. */
  public interface Drain {
    /**
     * Says from where on the messages are wanted; asked at each beginning.
     *
     * @param config to be given a policy, such as {@code deliver_policy}
     */
    void from(MapBuilder config);

    /**
     * The messages begin, from where {@link #from} said.
     *
     * @param pending how many are there by now
     */
    void begun(long pending);

    /**
     * A message.
     *
     * @param sequence its number in the stream
     * @param pending how many come after it that are there by now
     */
    void message(Message message, long sequence, long pending);

    /**
     * It cannot begin, or may not ask for messages, and tries again.
     *
     * @param why what the server has said
     */
    void troubled(LinkException why);

    /** The stream's leader has had more for a while than has come, and the messages begin anew. */
    default void behind() {}
  }

  private final Link link;
  private final String stream;
  private final @Nullable String filter;
  private final Drain drain;
  private final Link.Watcher watcher;

  // Only on the link's thread.
  private @Nullable Subscribed inbox;
  private @Nullable String consumer;
  // What a server says if the rights do not allow to ask the consumer for messages.
  private @Nullable Future<?> denied;
  private @Nullable String replyTo;
  private @Nullable Future<?> alarm;
  private long heard;
  // The last message of the stream that has come, and the one at the last look.
  private long delivered;
  private long noticed;
  private long last;
  private int wanted;
  private int outstanding;
  // How large the next messages may be, at most, as far as the last ones tell; 0 is without limit.
  private int size;
  private long room;
  // How often the consumer was made on another server than the one that the link is connected to.
  private int tries;
  // The copy of the server that the link is connected to may lack messages.
  private boolean doubted;
  private int generation;
  private boolean closed;

  /**
   * Begins as soon as the link is up. Nothing comes before {@link #want}.
   *
   * @param filter the subject; null for all of the stream
   */
  public Feed(Link link, String stream, @Nullable String filter, Drain drain) {
    this.link = link;
    this.stream = stream;
    this.filter = filter;
    this.drain = drain;
    this.watcher =
        new Link.Watcher() {
          @Override
          public void up() {
            doubted = false;
            restart();
          }

          @Override
          public void down(String why) {
            stop();
          }
        };
    link.watch(watcher);
  }

  /** Lets this many more messages come; on the link's thread. */
  public void want(int messages) {
    wanted += messages;
    pull();
  }

  /**
   * Lets messages come that have so many bytes, and a part of one more; on the link's thread.
   *
   * @param largest what one may take up, which is believed until some have come
   */
  public void room(long bytes, int largest) {
    if (size == 0) {
      size = largest;
    }
    room = bytes;
    share();
  }

  private void share() {
    // The last one may be larger than what is left of the room.
    long messages = room <= 0 ? 0 : (room + size - 1) / size;
    wanted = (int) Math.max(outstanding, Math.min(messages, Integer.MAX_VALUE));
    pull();
  }

  /** How many messages may still come. */
  public int wanted() {
    return wanted;
  }

  /**
   * Begins anew, from where the drain says then, and no matter on which server: the copy of the one
   * that the consumer is on may lack messages. On the link's thread.
   */
  public void restartElsewhere() {
    doubted = true;
    restart();
  }

  /** Begins anew, from where the drain says then; on the link's thread. */
  public void restart() {
    tries = 0;
    anew();
  }

  private void anew() {
    stop();
    if (closed || !link.isUp()) {
      return;
    }
    int mine = generation;
    MapBuilder config =
        Api.object()
            .put("ack_policy", "none")
            .put("replay_policy", "instant")
            .put("inactive_threshold", UNUSED_NANOS)
            .put("mem_storage", true)
            .put("num_replicas", 1);
    if (filter != null) {
      config.put("filter_subject", filter);
    }
    drain.from(config);
    delivered = JsonValueUtils.readLong(config.toJsonValue(), "opt_start_seq", 1) - 1;
    noticed = -1;
    String request =
        Api.object().put("stream_name", stream).put("config", config.toJsonValue()).toJson();
    Api.end(
        link,
        Api.ask(link, "CONSUMER.CREATE." + stream, request),
        (made, failure) -> {
          if (mine == generation && failure == null) {
            consumer = JsonValueUtils.readString(made, "name", "");
            if (isNear(made)) {
              begin(made);
            } else {
              tries++;
              anew();
            }
          } else if (mine == generation) {
            fail(failure);
          }
        });
  }

  private void fail(Throwable cause) {
    stop();
    int mine = generation;
    if (cause instanceof LinkException why) {
      drain.troubled(why);
    }
    if (mine == generation) {
      again(LinkException.pause(cause, AGAIN));
    }
  }

  private void again(Duration pause) {
    int mine = generation;
    Future<?> unused =
        link.after(
            pause,
            () -> {
              if (mine == generation) {
                restart();
              }
            });
  }

  /**
   * Whether a consumer is where it should be. The servers place one on any of those that have the
   * stream. On another one than that of the link each message takes one more way from server to
   * server, which halves the speed. A feed that carries little may be anywhere.
   */
  private boolean isNear(JsonValue made) {
    String place =
        JsonValueUtils.readString(JsonValueUtils.readObject(made, "cluster"), "leader", "");
    return size == 0 || doubted || tries == MOST_TRIES || place.isEmpty() || link.isOn(place);
  }

  private void begin(JsonValue made) {
    String name = JsonValueUtils.readString(made, "name", "");
    int mine = generation;
    denied =
        link.denied(next(name))
            .whenComplete(
                (message, failure) -> {
                  if (mine == generation && failure instanceof LinkException why) {
                    fail(why);
                  }
                });
    String subject = link.newInbox();
    inbox =
        link.subscribe(
            subject,
            message -> {
              if (mine == generation) {
                heard(message);
              }
            });
    replyTo = subject;
    last = 0;
    drain.begun(JsonValueUtils.readLong(made, "num_pending", 0));
    if (mine == generation) {
      pull();
      watchdog();
    }
  }

  private void stop() {
    generation++;
    outstanding = 0;
    Future<?> pending = alarm;
    if (pending != null) {
      boolean unused = pending.cancel(false);
    }
    alarm = null;
    Future<?> asked = denied;
    if (asked != null) {
      boolean unused = asked.cancel(false);
    }
    denied = null;
    Subscribed old = inbox;
    inbox = null;
    if (old != null) {
      old.close();
    }
    String name = consumer;
    consumer = null;
    if (name != null && link.isUp()) {
      link.tell("$JS.API.CONSUMER.DELETE." + stream + "." + name, null, new byte[0]);
    }
  }

  /** What asks a consumer for its next messages. */
  private String next(String name) {
    return "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + name;
  }

  private void pull() {
    String name = consumer;
    // Not for each message: half of what may come is asked for at a time.
    if (name == null || wanted - outstanding < Math.max(1, wanted / 2)) {
      return;
    }
    int batch = wanted - outstanding;
    outstanding = wanted;
    heard = System.nanoTime();
    MapBuilder request =
        Api.object()
            .put("batch", batch)
            .put("expires", EXPIRES.toNanos())
            .put("idle_heartbeat", HEARTBEAT.toNanos());
    if (size > 0) {
      // Messages that are suddenly larger must not fill the memory.
      request.put("max_bytes", Math.min(Integer.MAX_VALUE, (long) batch * size));
    }
    link.tell(
        next(name), replyTo, request.toJson().getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private void watchdog() {
    int mine = generation;
    alarm =
        link.after(
            SILENCE,
            () -> {
              if (mine == generation) {
                boolean silent = outstanding > 0 && System.nanoTime() - heard > SILENCE.toNanos();
                if (silent) {
                  LOG.log(Level.DEBUG, "{0}: the feed of {1} was silent", link, stream);
                  restartElsewhere();
                } else {
                  compare();
                  watchdog();
                }
              }
            });
  }

  /**
   * A consumer may live on a server whose copy of the stream does not grow any more, and go on to
   * show signs of life. So after a while without a message the stream's leader is asked.
   */
  private void compare() {
    if (outstanding == 0 || noticed != delivered) {
      noticed = delivered;
      return;
    }
    int mine = generation;
    Api.end(
        link,
        newest(),
        (last, failure) -> {
          boolean behind = failure == null && last > delivered;
          if (behind && mine == generation && noticed == delivered) {
            LOG.log(Level.DEBUG, "{0}: the feed of {1} was behind", link, stream);
            drain.behind();
            restartElsewhere();
          }
        });
  }

  /**
   * The number of the last message that the stream's leader has of these; 0 for none. What a
   * consumer tells may be less: it may live on a server that is still fetching what it has missed.
   */
  public CompletableFuture<Long> newest() {
    if (filter == null) {
      return Api.info(link, stream)
          .thenApply(
              info ->
                  JsonValueUtils.readLong(JsonValueUtils.readObject(info, "state"), "last_seq", 0));
    }
    return Api.message(link, stream, Api.object().put("last_by_subj", filter))
        .thenApply(Api.Stored::sequence);
  }

  private void heard(Message message) {
    heard = System.nanoTime();
    if (message.isStatusMessage()) {
      status(message.getStatus(), message);
      return;
    }
    NatsJetStreamMetaData place;
    try {
      place = message.metaData();
    } catch (IllegalStateException e) {
      // Not of the consumer: what somebody else sends to this subject is of no use.
      LOG.log(Level.DEBUG, "{0}: a foreign message in the feed of {1}", link, stream, e);
      return;
    }
    if (place.consumerSequence() != last + 1) {
      LOG.log(Level.DEBUG, "{0}: the feed of {1} has a gap", link, stream);
      restart();
      return;
    }
    last++;
    delivered = place.streamSequence();
    outstanding = Math.max(0, outstanding - 1);
    wanted = Math.max(0, wanted - 1);
    if (size > 0) {
      int now = (int) Math.min(Integer.MAX_VALUE, message.consumeByteCount());
      size = now >= size ? now : size - (size - now) / MEMORY;
    }
    drain.message(message, place.streamSequence(), place.pendingCount());
    pull();
  }

  private void status(Status status, Message message) {
    int code = status.getCode();
    if (code == Status.FLOW_OR_HEARTBEAT_STATUS_CODE) {
      return;
    }
    if (code == EXPIRED
        || code == GONE
        || (code == ENDED && COMPLETE.equals(status.getMessage()))) {
      over(message);
      pull();
      return;
    }
    if (code == ENDED && size > 0 && TOO_LARGE.equals(status.getMessage())) {
      over(message);
      size = (int) Math.min(Integer.MAX_VALUE, 2L * size);
      share();
      return;
    }
    LOG.log(Level.DEBUG, "{0}: the feed of {1}: {2}", link, stream, status);
    stop();
    again(AGAIN);
  }

  /** A request has ended before all that it asked for has come. */
  private void over(Message message) {
    String rest =
        message.getHeaders() == null
            ? null
            : message.getHeaders().getFirst("Nats-Pending-Messages");
    int over = rest == null || !rest.matches("[0-9]{1,9}") ? outstanding : Integer.parseInt(rest);
    outstanding = Math.max(0, outstanding - over);
  }

  /** Ends it. */
  @Override
  public void close() {
    link.unwatch(watcher);
    link.run(
        () -> {
          closed = true;
          stop();
        });
  }
}
