// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import io.nats.client.Message;
import io.nats.client.impl.Headers;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Feed;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The messages that stand where an entry was. Those that watch hear of a removal by them, so they
 * stay for a while. The container that wrote one clears it away. Those of containers that have gone
 * are cleared by the next that publishes the same name. Nothing depends on it but the size of the
 * stream, and servers may forbid it. All on the link's thread.
 */
final class Markers {
  private static final System.Logger LOG = Messages.log("nats");
  private static final String OPERATION = "KV-Operation";
  private static final int AHEAD = 64;

  private record Marker(String subject, long sequence) {}

  private final Link link;
  private final Duration age;
  private final Deque<Marker> due = new ArrayDeque<>();
  private final Set<String> looked = new HashSet<>();
  private boolean clearing;
  private boolean forbidden;

  Markers(Link link, Duration age) {
    this.link = link;
    this.age = age;
  }

  /** The headers of one. */
  static Headers headers() {
    return new Headers().put(OPERATION, "DEL");
  }

  /** Whether a message is one; some clients have others than ours. */
  static boolean isMarker(Message message) {
    Headers headers = message.getHeaders();
    return headers != null && headers.getFirst(OPERATION) != null;
  }

  /** One was written here. */
  void written(String subject, long sequence) {
    Object unused = link.after(age, () -> clear(new Marker(subject, sequence)));
  }

  /** A name is published here: others may have left markers of it. */
  void publishes(String name) {
    if (looked.add(name)) {
      // Not all at once, when many containers start.
      long wait = age.toMillis() + ThreadLocalRandom.current().nextLong(age.toMillis() + 1);
      Object unused = link.after(Duration.ofMillis(wait), () -> new Sweep(Subjects.named(name)));
    }
  }

  private void clear(Marker marker) {
    if (!forbidden) {
      due.add(marker);
      next();
    }
  }

  /** One at a time: it is not urgent, and each is work for all servers. */
  private void next() {
    Marker marker = clearing ? null : due.poll();
    if (marker == null) {
      return;
    }
    clearing = true;
    // Up to the marker, so that an entry that has taken its place stays.
    String request =
        Api.object().put("filter", marker.subject).put("seq", marker.sequence + 1).toJson();
    Api.end(
        link,
        Api.ask(link, "STREAM.PURGE." + Subjects.STREAM, request),
        (done, failure) -> {
          clearing = false;
          if (failure == null) {
            next();
          } else {
            refused(failure);
          }
        });
  }

  private void refused(Throwable why) {
    // The next that publishes may do it.
    forbidden = why instanceof LinkException known && known.kind() == LinkException.Kind.DENIED;
    LOG.log(Level.DEBUG, "{0}: a marker is not cleared away", link, why);
    due.clear();
  }

  /** Looks once through all that is there of a name. */
  private final class Sweep implements Feed.Drain {
    private final Instant before = Instant.now().minus(age);
    private final Feed feed;

    Sweep(String filter) {
      feed = new Feed(link, Subjects.STREAM, filter, this);
      feed.want(AHEAD);
    }

    @Override
    public void from(MapBuilder config) {
      config.put("deliver_policy", "last_per_subject").put("headers_only", true);
    }

    @Override
    public void begun(long pending) {
      if (pending == 0) {
        feed.close();
      }
    }

    @Override
    public void message(Message message, long sequence, long pending) {
      if (isMarker(message) && message.metaData().timestamp().toInstant().isBefore(before)) {
        clear(new Marker(message.getSubject(), sequence));
      }
      if (pending == 0) {
        feed.close();
      } else {
        feed.want(1);
      }
    }

    @Override
    public void troubled(LinkException why) {
      feed.close();
    }
  }
}
