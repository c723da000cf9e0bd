// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import java.net.URL;
import java.nio.file.Path;
import java.security.CodeSource;
import org.jspecify.annotations.Nullable;

/** Who is measured. */
@SuppressWarnings("ImmutableEnumChecker") // They are constructors.
public enum Peer {
  /** This product. */
  PENSTOCK(
      "Penstock",
      PenstockPipe::new,
      PenstockPipe.Giving::new,
      io.penstock.standalone.Penstock.class),
  /** java.io. */
  PIPED_STREAMS(
      "java.io piped streams, flushed", PipedStreams::new, null, java.io.PipedInputStream.class),
  /** java.nio. */
  NIO_PIPE("java.nio.channels.Pipe", NioPipe::new, null, java.nio.channels.Pipe.class),
  /** Okio. */
  OKIO("Okio Pipe", OkioPipe::new, OkioPipe.Giving::new, okio.Pipe.class),
  /** java.util.concurrent. */
  ARRAY_BLOCKING_QUEUE(
      "ArrayBlockingQueue of copies",
      BlockingQueueOfCopies::new,
      BlockingQueueOfCopies.Giving::new,
      java.util.concurrent.ArrayBlockingQueue.class),
  /** Netty. */
  NETTY("Netty LocalChannel", NettyLocal::new, null, io.netty.channel.local.LocalChannel.class),
  /** JCTools. */
  JCTOOLS(
      "JCTools SPSC (spins, copies)",
      JcToolsQueue::new,
      JcToolsQueue.Giving::new,
      org.jctools.queues.SpscArrayQueue.class),
  /** Agrona. */
  AGRONA(
      "Agrona OneToOne (back-off)",
      AgronaRing::new,
      null,
      org.agrona.concurrent.UnsafeBuffer.class),
  /** What a ring costs whose sides may be parked. */
  BARE_RING(
      "bare ring that could park (spins)", BareRing::new, BareRing.Giving::new, BareRing.class),
  /** The limit of a round trip; takes one byte at a time. */
  RAW_SPIN("limit: raw spin", RawSpin::new, null, RawSpin.class);

  private interface Conduits {
    Conduit open(Shape shape) throws Exception;
  }

  private interface HandOvers {
    HandOver open() throws Exception;
  }

  private final String label;
  private final Conduits conduits;
  private final @Nullable HandOvers handOvers;
  private final Class<?> type;

  Peer(String label, Conduits conduits, @Nullable HandOvers handOvers, Class<?> type) {
    this.label = label;
    this.conduits = conduits;
    this.handOvers = handOvers;
    this.type = type;
  }

  /** For people. */
  public String label() {
    return label;
  }

  /** Whether it gets faster for seconds: Netty's allocator sizes its chunks by what it sees. */
  public boolean isSlowToWarm() {
    return this == NETTY;
  }

  /** Whether its threads never park, so that they need a processor each. */
  public boolean spins() {
    return this == JCTOOLS || isOurs();
  }

  /** Whether it was written here, to show what a part of the work costs. */
  public boolean isOurs() {
    return this == BARE_RING || this == RAW_SPIN;
  }

  /** A fresh conduit. */
  public Conduit open(Shape shape) throws Exception {
    return conduits.open(shape);
  }

  /** Whether {@link #openHandOver()} has an answer. */
  public boolean handsOver() {
    return handOvers != null;
  }

  /** A fresh one. */
  public HandOver openHandOver() throws Exception {
    if (handOvers == null) {
      throw new IllegalArgumentException(label + " does not hand over, expected one that does");
    }
    return handOvers.open();
  }

  /** The jar on the class path that it comes from, which has its version; or the JDK. */
  public String origin() {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    URL from = source == null ? null : source.getLocation();
    return from == null ? "the JDK" : Path.of(from.getPath()).getFileName().toString();
  }
}
