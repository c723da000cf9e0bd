// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.channel.Channel;
import io.penstock.error.EndOfStreamException;
import io.penstock.error.FrameTooLongException;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Account;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.stream.Framer;
import io.penstock.stream.Framing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Reads a source and cuts what comes into frames. */
class SourceEntry extends Entry implements Account.Holder {
  private static final int MAX_LEFT_OFF = 63;

  private final SourceEnd source;
  private final Framing framing;
  private final Framer framer;
  private final Scratch scratch;
  private final Backlog backlog;

  /** Whether the framer has seen the whole backlog and found no frame. */
  private boolean dry = true;

  /** Whether the last look was not the last for what is there. */
  private boolean more;

  /** How many full reads to leave it at after the last tries to read on, and did since. */
  private byte leaveOff;

  private byte leftOff;

  private final @Nullable Pace pace;

  /** Why it is given up: it held memory for too long. */
  private volatile @Nullable IOException tooMuch;

  private volatile boolean awaitsRoom;

  /** How many bytes were delivered. With the turn; an old value does for others. */
  private long delivered;

  SourceEntry(SelectorPoller poller, SourceEnd source, Framing framing, Scratch scratch) {
    super(poller, source);
    this.source = source;
    this.framing = framing;
    this.framer = Objects.requireNonNull(framing.newFramer(), "framer");
    this.scratch = scratch;
    this.backlog = new Backlog(source, scratch, () -> poller.account(this));
    this.pace = Pace.of(this, framing);
  }

  SourceEnd source() {
    return source;
  }

  @Override
  void settle() {
    backlog.giveBack();
  }

  @Override
  void closeEnd() throws IOException {
    source.close();
  }

  @Override
  @Nullable Pace pace() {
    return pace;
  }

  @Override
  public Registration resume() {
    if (pace != null) {
      pace.resume();
    }
    return super.resume();
  }

  @Override
  void look(ChannelHandler handler, int budget, boolean found) throws IOException {
    IOException cause = tooMuch;
    if (cause != null) {
      throw cause;
    }
    cut(handler, budget, found);
    if (pace != null && !gone()) {
      // What is there was read before: it always beats the limit.
      if (dry && !paused()) {
        pace.waits(poller.alarms(), backlog.size(), events() > 0, !more);
      } else {
        pace.stop();
      }
    }
  }

  private void cut(ChannelHandler handler, int budget, boolean found) throws IOException {
    more = false;
    int read = 0;
    boolean guessed = false;
    while (!gone() && !source.isClosed()) {
      if (paused()) {
        poller.watch(this, 0);
        return;
      }
      if (!dry) {
        if (events() == budget) {
          poller.due(this);
          return;
        }
        dry = !deliverFrame(handler);
        continue;
      }
      if (read > 0) {
        guessed = guesses();
        if (!more(read, guessed)) {
          return;
        }
      }
      int most = poller.piece();
      if (most == 0) {
        if (backlog.size() > 0) {
          awaitRoom();
          return;
        }
        // Whole frames of this size need no memory of their own.
        most = Account.SMALL;
      }
      int n = backlog.fill(most);
      if (guessed) {
        learn(n == 0);
      }
      if (n > 0) {
        read += n;
        dry = false;
      } else if (n == 0) {
        await(found && read == 0);
        return;
      } else if (!atEnd(handler)) {
        return;
      }
    }
    if (!gone()) {
      finish(handler, null);
    }
  }

  /** Whether to read again in this look; otherwise sees to it that another look follows. */
  private boolean more(int read, boolean guessed) throws IOException {
    // A selector says by itself whether there is more. Elsewhere only a try that finds nothing
    // makes the driver tell us of what comes.
    boolean likely = guessed || source.likely() || source.interest() == 0;
    if (!likely) {
      await(false);
    } else if (read >= Scratch.SHARE) {
      more = true;
      poller.due(this);
      return false;
    }
    return likely;
  }

  /** Reads on when there is memory again. */
  private void awaitRoom() throws IOException {
    poller.watch(this, 0);
    if (!awaitsRoom) {
      awaitsRoom = true;
      poller.whenRoom(
          () -> {
            awaitsRoom = false;
            poller.due(this);
          });
    }
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public long progress() {
    return delivered;
  }

  @Override
  @Nullable Throwable failure() {
    return tooMuch != null ? tooMuch : super.failure();
  }

  /** Fails the registration, and aborts the whole channel: a handler may be slow to close it. */
  @Override
  public void cut(IOException cause) {
    tooMuch = cause;
    Channel channel = source.channel();
    if (channel != null) {
      channel.abort(cause);
    }
    poller.due(this);
  }

  /**
   * Whether to read again because the last read filled the buffer: that costs less than asking the
   * selector, and is in vain with a peer whose pieces just fit, which is learned.
   */
  private boolean guesses() {
    if (!backlog.filled()) {
      return false;
    }
    if (leftOff < leaveOff) {
      leftOff++;
      return false;
    }
    leftOff = 0;
    return true;
  }

  private void learn(boolean inVain) {
    leaveOff = (byte) (inVain ? Math.min(MAX_LEFT_OFF, 2 * leaveOff + 1) : leaveOff / 4);
  }

  /** Delivers one frame. Returns false when there is none yet. */
  private boolean deliverFrame(ChannelHandler handler) throws IOException {
    int there = backlog.size();
    if (there == 0) {
      return false;
    }
    ByteBuffer window = backlog.window();
    int first = window.position();
    int size = framer.frame(window);
    if (size < 0 || size > there) {
      throw new IllegalStateException(
          source.name() + ": the framer found " + size + " of " + there + " bytes");
    }
    if (size > framing.max() || (size == 0 && there >= framing.max())) {
      throw new FrameTooLongException(
          source.name(),
          (size == 0 ? "no frame within " + there : "a frame of " + size)
              + " bytes, at most "
              + framing.max()
              + " are allowed",
          framing.max());
    }
    if (size == 0) {
      return false;
    }
    window.clear().position(first).limit(first + size);
    framer.strip(window);
    if (window.position() < first || window.limit() > first + size) {
      throw new IllegalStateException(
          source.name() + ": the framer stripped a frame to bytes outside of it");
    }
    deliver(handler, window, window.position(), window.remaining(), size);
    return true;
  }

  private void deliver(ChannelHandler handler, ByteBuffer from, int start, int size, int taken)
      throws IOException {
    if (backlog.take(taken)) {
      delivered += taken;
      ByteBuffer frame = scratch.lend(from, start, size);
      calling();
      handler.data(this, frame);
      called();
    }
  }

  /** The source has ended. Returns whether to look once more, after the last bytes. */
  private boolean atEnd(ChannelHandler handler) throws IOException {
    int rest = backlog.size();
    if (rest == 0) {
      finish(handler, null);
      return false;
    }
    if (!framer.partialAtEnd()) {
      throw new EndOfStreamException(
          source.name(), "ended within a frame, of which " + rest + " bytes are there", rest);
    }
    ByteBuffer window = backlog.window();
    deliver(handler, window, window.position(), rest, rest);
    return true;
  }

  @Override
  void leaveOff() {
    backlog.keep();
  }
}
