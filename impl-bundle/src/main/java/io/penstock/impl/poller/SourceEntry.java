// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.channel.Channel;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Account;
import io.penstock.impl.view.Frames;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.stream.Framer;
import io.penstock.stream.Framing;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Reads a source and cuts what comes into frames. */
class SourceEntry extends Entry implements Account.Holder {
  private static final int MAX_LEFT_OFF = 63;
  private static final VarHandle BACKLOG;

  static {
    try {
      BACKLOG = MethodHandles.lookup().findVarHandle(SourceEntry.class, "backlog", Backlog.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final SourceEnd source;
  private final Framing framing;
  private final Framer framer;

  // Written with the turn to poll: lent when this reads, until all is delivered. A thread that
  // unregisters this marks it as gone before it looks here, and a read looks at that mark after it
  // was lent one. So one of the two sees the other.
  private volatile @Nullable Backlog backlog;

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

  /** Whether the last look could not read for want of memory. */
  private boolean starved;

  /** Whether the frame that is skipped goes on, and whether one has ended in this look. */
  private boolean inSkip;

  private boolean skippedOne;
  private volatile long skipped;

  /** How many bytes were delivered. With the turn; an old value does for others. */
  private long delivered;

  SourceEntry(SelectorPoller poller, SourceEnd source, Framing framing) {
    super(poller, source);
    this.source = source;
    this.framing = framing;
    this.framer = framing.newFramer();
    this.pace = Pace.of(this, framing);
  }

  SourceEnd source() {
    return source;
  }

  /** For what it keeps between polls. */
  Account account() {
    return poller.account(this);
  }

  @Override
  void settle() {
    Backlog mine = backlog;
    if (mine != null) {
      mine.giveBack(this);
    }
  }

  /** How many bytes were read and not delivered. */
  private int held() {
    Backlog mine = backlog;
    return mine == null ? 0 : mine.size();
  }

  private int fill(int most) throws IOException {
    Backlog mine = backlog;
    if (mine == null) {
      mine = poller.scratch().backlog(this);
      backlog = mine;
    }
    return mine.fill(most);
  }

  private boolean filled() {
    Backlog mine = backlog;
    return mine != null && mine.filled();
  }

  /** Drops bytes of a backlog that is there. */
  private boolean drop(int n) {
    Backlog mine = backlog;
    return mine != null && mine.take(mine.start(), n);
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
    skippedOne = false;
    cut(handler, budget, found);
    if (pace != null && !gone()) {
      // What is there was read before: it always beats the limit.
      boolean waits = dry && !paused() && !source.isHeld();
      if (waits && !starved) {
        // What is there was read, or else no more of it is needed to see that a frame is too late.
        // Behind a read that was given all it had room for, only the next one tells.
        boolean all = (!more && !filled()) || framer.skipping();
        boolean part = held() > 0 || framer.skipping();
        pace.waits(poller.alarms(), part, held(), events() > 0 || skippedOne, all);
      } else if (waits && events() == 0 && !skippedOne) {
        pace.starves(poller.alarms());
      } else {
        pace.stop();
      }
    }
  }

  private void cut(ChannelHandler handler, int budget, boolean found) throws IOException {
    more = false;
    starved = false;
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
        dry = !deliverFrames(handler, budget);
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
        if (held() > 0) {
          starved = true;
          awaitRoom();
          return;
        }
        // Whole frames of this size need no memory of their own.
        most = Account.SMALL;
      }
      int n = fill(most);
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
    if (!filled()) {
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

  /**
   * Delivers frames while nothing else is to be done. Returns false when there is none any more.
   */
  private boolean deliverFrames(ChannelHandler handler, int budget) throws IOException {
    Backlog mine = backlog;
    if (mine == null || mine.size() == 0) {
      return false;
    }
    // What can be told once for all of them is, because there may be millions in a second.
    String name = source.name();
    ByteBuffer window = mine.window();
    int end = window.limit();
    int first = window.position();
    while (first < end) {
      window.limit(end).position(first);
      int size = Frames.ask(name, framing, framer, window, end - first);
      if (size <= 0) {
        return size < 0 && skip(size);
      }
      Frames.strip(name, framer, window, first, size);
      deliver(handler, mine, window, first, size);
      if (gone() || source.isClosed() || paused() || events() == budget) {
        return true;
      }
      first += size;
    }
    return false;
  }

  /** Drops bytes of a frame that is too long. */
  private boolean skip(int size) {
    if (drop(-size)) {
      delivered -= size;
      if (!inSkip) {
        // Written with the turn only.
        long before = skipped;
        skipped = before + 1;
        Frames.record(source.name(), framing, null);
        if (before == 0) {
          poller.skips(source.name(), framing);
        }
      }
      inSkip = framer.skipping();
      skippedOne |= !inSkip;
    }
    return true;
  }

  @Override
  public long skipped() {
    return skipped;
  }

  /**
   * Delivers a frame, unless it was given back meanwhile.
   *
   * @param from where it is
   * @param bytes what is delivered of it
   * @param first where the whole frame begins
   * @param size of the whole frame
   */
  private void deliver(ChannelHandler handler, Backlog from, ByteBuffer bytes, int first, int size)
      throws IOException {
    if (from.take(first, size)) {
      delivered += size;
      ByteBuffer frame = poller.scratch().lend(bytes);
      calling();
      handler.data(this, frame);
      called();
    }
  }

  /** The source has ended. Returns whether to look once more, after the last bytes. */
  private boolean atEnd(ChannelHandler handler) throws IOException {
    Backlog mine = backlog;
    int rest = mine == null ? 0 : mine.size();
    if (rest == 0 && !framer.skipping()) {
      finish(handler, null);
      return false;
    }
    if (!framer.partialAtEnd()) {
      throw Frames.truncated(source.name(), rest);
    }
    if (mine == null || framer.skipping()) {
      boolean unused = drop(rest);
      finish(handler, null);
      return false;
    }
    ByteBuffer window = mine.window();
    deliver(handler, mine, window, window.position(), rest);
    return true;
  }

  @Override
  void leaveOff() {
    Backlog mine = backlog;
    if (mine != null && mine.keep()) {
      // A thread that still sees it finds that it is lent to another source, or to none.
      BACKLOG.setRelease(this, (Backlog) null);
      poller.scratch().spare(mine);
    }
  }
}
