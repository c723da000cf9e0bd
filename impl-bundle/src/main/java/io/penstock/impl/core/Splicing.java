// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.channel.facet.BufferFacet;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.engine.Parker;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.SplicePipe;
import io.penstock.impl.posix.SpliceSink;
import io.penstock.impl.posix.SpliceSource;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Moves bytes between an end and a pipe of the system's, where the system can without a copy. */
public final class Splicing {
  private Splicing() {}

  /**
   * Whether bytes may be moved from the one to the other without a copy, and whether that pays: not
   * from a Unix socket to TCP, see decision 10.
   */
  public static boolean pays(SourceEnd source, SinkEnd sink) {
    return source.driver() instanceof SpliceSource from
        && sink.driver() instanceof SpliceSink to
        && (!from.isLocal() || to.growable() != null);
  }

  /**
   * A copy of the descriptor, if bytes can be moved from it without a copy.
   *
   * @param calls makes native calls, where the driver has none of its own
   * @return to be closed; null if they cannot
   * @throws IOException if there is none
   */
  public static @Nullable Descriptor descriptor(SourceEnd source, Posix calls) throws IOException {
    return source.driver() instanceof SpliceSource splicing ? splicing.spliceable(calls) : null;
  }

  /**
   * Moves what is there into a pipe, or what comes sooner than a thread could be woken; never
   * parks.
   *
   * @param pipe empty
   * @param own what {@link #descriptor(SourceEnd, Posix)} gave
   * @param most bytes, 1 or more
   * @param soon whether to look again where there is nothing, for less than waking a thread takes
   * @return how many bytes, -1 for the end; 0 for nothing now, after the close of the pipe, or if
   *     what comes next can only be read, and then {@link SourceEnd#available()} tells of it
   * @throws IOException as a read
   */
  public static int from(SourceEnd source, SplicePipe pipe, Descriptor own, int most, boolean soon)
      throws IOException {
    if (!source.tryEnter()) {
      return 0;
    }
    try {
      int n = tryFrom(source, pipe, own, most);
      Spinner looks = n == 0 && soon ? source.spinner() : null;
      return looks == null ? n : tryAgain(source, pipe, own, most, looks);
    } finally {
      source.exit();
    }
  }

  private static int tryAgain(
      SourceEnd source, SplicePipe pipe, Descriptor own, int most, Spinner looks)
      throws IOException {
    long budget = looks.budget(Long.MAX_VALUE);
    if (budget > 0) {
      Parker clock = source.engine.parker();
      long start = clock.nanoTime();
      do {
        Thread.onSpinWait();
        int n = tryFrom(source, pipe, own, most);
        if (n != 0) {
          looks.found();
          return n;
        }
        if (!mayComeYet(source, pipe)) {
          // Another way has to be taken, or the relay has ended: that says nothing of looks.
          return 0;
        }
      } while (clock.nanoTime() - start < budget);
      looks.inVain();
    }
    return 0;
  }

  private static boolean mayComeYet(SourceEnd source, SplicePipe pipe) {
    return !pipe.isClosed()
        && !pipe.isRefused()
        && !source.hasBack()
        && source.driver() instanceof SpliceSource;
  }

  private static int tryFrom(SourceEnd source, SplicePipe pipe, Descriptor own, int most)
      throws IOException {
    source.check(false);
    if (source.hasBack() || !(source.driver() instanceof SpliceSource splicing)) {
      return 0;
    }
    int n;
    try {
      n = splicing.splice(pipe, own, most);
    } catch (IOException e) {
      return failed(source, pipe, e);
    }
    if (n > 0) {
      source.moved(n);
      return n;
    }
    if (n < 0 && source.lookAhead()) {
      // It was the end, or a failure, or only urgent data: what stands behind that is in front now.
      return source.atEnd ? -1 : 0;
    }
    source.nothingNow(false);
    return 0;
  }

  /** What a move that has failed says: 0 if only the relay has ended, which closes the pipe. */
  private static int failed(End end, SplicePipe pipe, IOException cause) throws IOException {
    if (pipe.isClosed() && !end.isClosed()) {
      return 0;
    }
    end.met(cause);
    if (end.isClosed()) {
      throw end.closedFault(false);
    }
    throw Faults.again(end.name(), cause);
  }

  /**
   * A copy of the descriptor, if bytes can be moved to it without a copy.
   *
   * @param calls makes native calls, where the driver has none of its own
   * @return to be closed; null if they cannot
   * @throws IOException if there is none
   */
  public static @Nullable Descriptor descriptor(SinkEnd sink, Posix calls) throws IOException {
    return sink.driver() instanceof SpliceSink splicing ? splicing.spliceable(calls) : null;
  }

  /**
   * The system's buffers of a sink to which more goes at once when the one to send from is larger.
   *
   * @return null where it would be no gain, and while copies of what goes by are asked for
   */
  public static @Nullable BufferFacet growable(SinkEnd sink) {
    return sink.driver() instanceof SpliceSink splicing ? splicing.growable() : null;
  }

  /** Whether bytes go from a Unix socket to a Unix socket. */
  public static boolean isLocal(SourceEnd source, SinkEnd sink) {
    return source.driver() instanceof SpliceSource from && from.isLocal() && growable(sink) != null;
  }

  /** Lets the next try of a sink wait for its selector, as after a write that found no room. */
  public static void awaitRoom(SinkEnd sink) {
    sink.awaitRoom();
  }

  /**
   * Moves out of a pipe what there is room for; never waits.
   *
   * @param pipe not empty
   * @param own what {@link #descriptor(SinkEnd, Posix)} gave
   * @return as a write that is told not to wait
   * @throws IOException as a write
   */
  public static int into(SinkEnd sink, SplicePipe pipe, Descriptor own) throws IOException {
    if (!sink.tryEnter()) {
      return 0;
    }
    try {
      sink.checkSink(false);
      // What is in the system's pipe already can only go on as it is.
      TappedSink tapped = sink.driver() instanceof TappedSink it ? it : null;
      if (!((tapped == null ? sink.driver() : tapped.driver) instanceof SpliceSink splicing)) {
        return 0;
      }
      int want = pipe.content();
      int n;
      try {
        n = splicing.splice(pipe, own);
      } catch (IOException e) {
        return failed(sink, pipe, e);
      }
      if (tapped != null) {
        tapped.missed(n);
      }
      sink.wrote(n, want);
      return n;
    } finally {
      sink.exit();
    }
  }
}
