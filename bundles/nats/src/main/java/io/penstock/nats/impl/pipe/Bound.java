// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** How large the stream may become on the servers. Only on the link's thread. */
final class Bound {
  private static final System.Logger LOG = Messages.log("nats");

  /** Room beyond the bytes themselves: what entries have beside them. */
  private static final long SPARE = 1 << 20;

  private final Link link;
  private final PipeSettings settings;
  private final Runnable onRoom;
  private boolean growing;
  private boolean complained;

  /**
   * Changes nothing yet.
   *
   * @param onRoom runs when there is more
   */
  Bound(Link link, PipeSettings settings, Runnable onRoom) {
    this.link = link;
    this.onRoom = onRoom;
    this.settings = settings;
  }

  /** How large it is when it is made; -1 for without a bound. */
  long first() {
    long bytes = settings.capacity();
    for (long more : new long[] {settings.keep(), settings.window(), bytes / 4, SPARE}) {
      if (bytes > Long.MAX_VALUE - more) {
        return -1;
      }
      bytes += more;
    }
    return bytes;
  }

  /** Gives a stream of the pipe's another configuration. */
  CompletableFuture<Void> change(JsonValue config, Map<String, JsonValue> changes) {
    String stream = JsonValueUtils.readString(config, "name", settings.stream());
    Map<String, JsonValue> all = new HashMap<>(config.map);
    all.putAll(changes);
    return Api.ask(link, "STREAM.UPDATE." + stream, new JsonValue(all).toJson())
        .thenApply(on -> null);
  }

  /**
   * Makes room where the reader has read everything and still none can be removed: one read gathers
   * more than fits, or the history is of so small records that what they have beside their bytes
   * fills the stream. The capacity still bounds what is unread.
   */
  void grow() {
    if (growing) {
      return;
    }
    growing = true;
    Api.end(
        link,
        Api.info(link, settings.stream())
            .thenCompose(
                info -> {
                  JsonValue config = JsonValueUtils.readObject(info, "config");
                  long now = JsonValueUtils.readLong(config, "max_bytes", -1);
                  return now < 0
                      ? CompletableFuture.<Void>completedFuture(null)
                      : change(
                          config,
                          Map.of("max_bytes", new JsonValue(now + Math.max(SPARE, now / 2))));
                }),
        (done, failure) -> {
          growing = false;
          if (failure == null) {
            onRoom.run();
          } else {
            complain(failure);
          }
        });
  }

  private void complain(Throwable failure) {
    // While there is no leader it passes; the writer asks again.
    boolean passes = Tries.passes(failure);
    LOG.log(
        passes || complained ? Level.DEBUG : Level.WARNING,
        "{0}: its reader waits for more than the stream has room for, and the servers do not"
            + " give it more: {1}",
        settings.shown(),
        LogField.cause(String.valueOf(Api.cause(failure).getMessage())));
    complained |= !passes;
  }
}
