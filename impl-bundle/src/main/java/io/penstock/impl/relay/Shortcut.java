// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.core.Splicing;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.MemoryFacts;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SplicePipe;
import io.penstock.spi.Messages;
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * A way from one socket to another on which the system hands memory over in place of copying it.
 * One task at a time uses it; {@link #close()} at any time.
 */
final class Shortcut implements Closeable {
  private static final System.Logger LOG = Messages.log("relay");

  /** How many moves say whether it pays. */
  private static final int TRIAL = 256;

  /** With fewer bytes to a move, what is handed over is mostly the wrapping. */
  private static final int LEAST = 4096;

  /**
   * To a sink that takes larger pieces in parts: these are in the processor's cache when they are
   * copied, and their pages are not.
   */
  private static final int MOST = 128 * 1024;

  private final SourceEnd source;
  private final SinkEnd sink;
  private final Descriptor from;
  private final Descriptor to;
  private final SplicePipe pipe;

  /** Null but between Unix sockets. */
  private final @Nullable Gathering gathering;

  private int piece;
  private int moves;
  private long bytes;
  private boolean poor;

  private Shortcut(
      SourceEnd source,
      SinkEnd sink,
      Descriptor from,
      Descriptor to,
      SplicePipe pipe,
      Engine engine) {
    this.source = source;
    this.sink = sink;
    this.from = from;
    this.to = to;
    this.pipe = pipe;
    this.gathering = Splicing.isLocal(source, sink) ? new Gathering(engine, sink) : null;
  }

  /**
   * Whether it is faster than copying.
   *
   * @param mean how large the pieces are on average, in bytes
   * @param whole whether the sink takes large pieces whole
   */
  static boolean pays(long mean, boolean whole) {
    return mean >= LEAST && (mean <= MOST || whole);
  }

  /**
   * Finds a way.
   *
   * @param posix makes native calls
   * @param room of the pipe, as {@link SplicePipe#open} takes it
   * @param engine runs timers
   * @return null where there is none
   */
  static @Nullable Shortcut find(
      SourceEnd source, SinkEnd sink, PosixAccess posix, int room, Engine engine) {
    try {
      Posix calls = Linux.isHere() && !MemoryFacts.descriptorsAreScarce() ? posix.calls() : null;
      return calls == null ? null : between(source, sink, calls, room, engine);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "there is no way without copies, so bytes are copied on", e);
      return null;
    }
  }

  private static @Nullable Shortcut between(
      SourceEnd source, SinkEnd sink, Posix calls, int room, Engine engine) throws IOException {
    Descriptor from = Splicing.descriptor(source, calls);
    if (from == null) {
      return null;
    }
    Descriptor to = null;
    Shortcut made = null;
    try {
      to = Splicing.descriptor(sink, calls);
      if (to != null) {
        made = new Shortcut(source, sink, from, to, SplicePipe.open(calls, room), engine);
      }
      return made;
    } finally {
      if (made == null) {
        from.close();
        if (to != null) {
          to.close();
        }
      }
    }
  }

  /** How many bytes there is room for on the way. */
  int room() {
    return pipe.size();
  }

  /** The direction goes on after a wait. */
  void goesOn() {
    if (gathering != null) {
      gathering.over();
    }
  }

  /** Whether to wait for the sink, if it has got a piece; as {@link Gathering#begins}. */
  boolean gathers(long now, long muchBack) {
    return gathering != null && !isLoaded() && gathering.begins(piece, now, muchBack);
  }

  /** How often that was so. */
  int gathered() {
    return gathering == null ? 0 : gathering.count();
  }

  /**
   * Whether to look at the source again for a moment when it has run dry; as {@link
   * Gathering#bothBusy}. Between Unix sockets its writer soon goes on, on another core, and waking
   * our thread takes longer than that. While both directions move much, either hides such waits of
   * the other. Over TCP the system takes most of the time, and looks would only cost more of it.
   */
  boolean looksAgain(long now, long muchBack) {
    return gathering != null && !Gathering.bothBusy(now, muchBack);
  }

  /** Whether bytes were taken from the source that the sink has not got. */
  boolean isLoaded() {
    return pipe.content() > 0;
  }

  /** Whether copying is better after all; nothing is on the way then. */
  boolean isUseless() {
    return !isLoaded() && (poor || pipe.isRefused() || isHidden(source, sink));
  }

  /** Whether copies are asked for of what goes by, which would not be seen here. */
  static boolean isHidden(SourceEnd source, SinkEnd sink) {
    return source.isTapped() || sink.isTapped();
  }

  /**
   * Takes what is there; as {@link Splicing#from}.
   *
   * @param soon whether to look again for a moment where there is nothing
   */
  int load(int most, boolean soon) throws IOException {
    int n = Splicing.from(source, pipe, from, most, soon);
    if (n > 0) {
      piece = n;
      bytes += n;
      if (++moves == TRIAL) {
        poor = bytes < (long) TRIAL * LEAST;
        moves = 0;
        bytes = 0;
      }
    }
    return n;
  }

  /** Gives what there is room for; as {@link Splicing#into}. */
  int unload() throws IOException {
    return Splicing.into(sink, pipe, to);
  }

  @Override
  public void close() {
    try (from;
        to) {
      pipe.close();
    }
  }
}
