// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.LinkException;
import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;

/** Removes from the servers what the reader needs no more. Only on the link's thread. */
final class Purging {
  private static final System.Logger LOG = Messages.log("nats");

  private static final long STEP = 16 << 20;

  private final NatsContent content;
  private long floor;
  private long done;
  private long last;
  private boolean busy;

  Purging(NatsContent content) {
    this.content = content;
  }

  /**
   * No message before this one is needed. They go when the reader's process, or want of room, asks.
   */
  void note(long sequence) {
    floor = Math.max(floor, sequence);
  }

  /**
   * The same, from the reader. Each removal costs the servers as much as many records, so some are
   * left for the next one.
   *
   * @param position what was committed
   * @param drained whether it will be silent from now on
   */
  void before(long sequence, long position, boolean drained) {
    note(sequence);
    long step = Math.min(STEP, content.bound() / 8);
    if (drained || position - last >= step || position < last) {
      last = position;
      again();
    }
  }

  /** Tries what has failed; does nothing if all is done. */
  void again() {
    long now = floor;
    if (busy || now <= done || content.isOver()) {
      return;
    }
    busy = true;
    PipeSettings settings = content.settings;
    Api.end(
        content.link,
        Api.ask(
            content.link,
            "STREAM.PURGE." + settings.stream(),
            Api.object().put("seq", now).toJson()),
        (answer, failure) -> {
          busy = false;
          if (failure == null) {
            done = now;
            Writing writing = content.writing();
            if (writing != null) {
              writing.roomMayBe();
            }
            again();
          } else {
            // The next commit tries again, and a writer that finds no room.
            LOG.log(Level.DEBUG, "{0}: not purged", settings.shown(), failure);
            Reading reading = content.reading();
            if (reading != null && Api.cause(failure) instanceof LinkException why) {
              // Without that right the stream fills up, and its writer waits for ever.
              content.troubled(why, reading.committed());
            }
          }
        });
  }
}
