// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What goes wrong in one direction of a {@link FaultyChannel}: when the code under test reads, or
 * when it writes. It is written as {@code seed=7,pieces=16,reset=1000}, which {@link #parse} reads
 * and {@link #toString} prints. Immutable.
 *
 * <p>A direction is divided into <em>pieces</em>. A piece ends after a number of bytes that is
 * drawn from the seed, or without {@link #withPieces} after one operation: a read or write that
 * moved bytes. No operation goes beyond its piece, so that reads and writes come short; refusals
 * and delays come before a piece. The same seed and the same bytes thus give the same faults,
 * however the threads run.
 */
@ProviderType
public final class FaultScript {
  static final String SEED = "seed";
  static final String PIECES = "pieces";
  static final String REFUSALS = "refusals";
  static final String DELAY = "delay";
  static final String ERROR = "error";
  static final String RESET = "reset";
  static final String TRUNCATE = "truncate";
  static final String END = "end";
  static final String STALL = "stall";

  private static final List<String> KEYS =
      List.of(SEED, PIECES, REFUSALS, DELAY, ERROR, RESET, TRUNCATE, END, STALL);
  private static final FaultScript NONE = new FaultScript(Map.of());
  private static final int PIECE = 64;
  private static final int BURST = 3;
  private static final Duration MOMENT = Duration.ofMillis(1);
  private static final Duration MOST = Duration.ofHours(1);

  // By key: nanoseconds, bytes or a count.
  private final Map<String, Long> values;

  private FaultScript(Map<String, Long> values) {
    this.values = values;
  }

  /**
   * No faults.
   *
   * @return always the same
   */
  public static FaultScript none() {
    return NONE;
  }

  /**
   * Faults that lose nothing, drawn from a seed: pieces of 1 to 64 bytes, with up to 3 refusals and
   * up to 1 ms of delay before each.
   *
   * @param seed any number
   * @return the script
   */
  public static FaultScript seeded(long seed) {
    return NONE.withSeed(seed).withPieces(PIECE).withRefusals(BURST).withDelay(MOMENT);
  }

  /**
   * The same as {@link #seeded(long)} with a fresh seed. The channel logs its scripts, with their
   * seeds, when it is made.
   *
   * @return the script
   */
  public static FaultScript seeded() {
    return seeded(ThreadLocalRandom.current().nextInt(1_000_000));
  }

  /**
   * Reads a script, such as {@code seed=7,pieces=16,delay=2ms,reset=1000}.
   *
   * @param text faults with commas between them, or nothing; the keys are those that the methods
   *     {@code with…} name
   * @return the script
   * @throws IllegalArgumentException if a key is unknown or given twice, or a value is not allowed
   */
  public static FaultScript parse(String text) {
    FaultScript script = NONE;
    for (String part : text.isBlank() ? new String[0] : text.split(",", -1)) {
      String[] pair = part.strip().split("=", 2);
      if (pair.length < 2 || !KEYS.contains(pair[0])) {
        throw new IllegalArgumentException(
            "'"
                + part
                + "' is no fault, expected one of "
                + String.join("=, ", KEYS)
                + "="
                + Messages.didYouMean(pair[0], KEYS));
      }
      if (script.values.containsKey(pair[0])) {
        throw new IllegalArgumentException("the fault '" + pair[0] + "' is given twice: " + text);
      }
      script = script.with(pair[0], pair[1]);
    }
    return script;
  }

  private FaultScript with(String key, String text) {
    if (key.equals(DELAY)) {
      return withDelay(Units.duration(text));
    }
    long value;
    try {
      value = Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "the fault '" + key + "' is '" + text + "', expected a whole number", e);
    }
    return with(key, value);
  }

  private FaultScript with(String key, long value) {
    if (value < least(key)) {
      throw new IllegalArgumentException(
          "the fault '" + key + "' is " + value + ", expected " + least(key) + " or more");
    }
    Map<String, Long> copy = new LinkedHashMap<>();
    for (String each : KEYS) {
      Long old = each.equals(key) ? Long.valueOf(value) : values.get(each);
      if (old != null) {
        copy.put(each, old);
      }
    }
    return new FaultScript(Collections.unmodifiableMap(copy));
  }

  private static long least(String key) {
    return switch (key) {
      case SEED -> Long.MIN_VALUE;
      case PIECES, ERROR -> 1;
      default -> 0;
    };
  }

  /**
   * Key {@code seed}: what is drawn by chance is drawn from it.
   *
   * @param seed any number; 0 by default
   * @return a changed copy
   */
  public FaultScript withSeed(long seed) {
    return with(SEED, seed);
  }

  /**
   * Key {@code pieces}: short reads or short writes.
   *
   * @param most the most bytes of a piece, 1 or more; each has from 1 to so many
   * @return a changed copy
   * @throws IllegalArgumentException if it is less than 1
   */
  public FaultScript withPieces(int most) {
    return with(PIECES, most);
  }

  /**
   * Key {@code refusals}: bursts of "would block", although there are bytes or there is room.
   *
   * @param most how many tries before a piece are refused at most, 0 or more
   * @return a changed copy
   * @throws IllegalArgumentException if it is less than 0
   */
  public FaultScript withRefusals(int most) {
    return with(REFUSALS, most);
  }

  /**
   * Key {@code delay}, with a unit such as {@code 20ms}: nothing moves for a while before a piece.
   * No thread sleeps meanwhile.
   *
   * @param most the longest delay, from 0 to one hour
   * @return a changed copy
   * @throws IllegalArgumentException if it is out of this range
   */
  public FaultScript withDelay(Duration most) {
    if (most.isNegative() || most.compareTo(MOST) > 0) {
      throw new IllegalArgumentException(
          "the fault 'delay' is " + most + ", expected 0 to " + MOST);
    }
    return with(DELAY, most.toNanos());
  }

  /**
   * Key {@code error}: an operation fails, and so does each later one, with an {@link
   * java.io.IOException} whose cause is {@link InjectedFaultException}.
   *
   * @param operation which one, counted from 1; only those that move bytes count
   * @return a changed copy
   * @throws IllegalArgumentException if it is less than 1
   */
  public FaultScript withErrorAt(long operation) {
    return with(ERROR, operation);
  }

  /**
   * Key {@code reset}: the connection is cut. The source throws {@link
   * io.penstock.error.ConnectionResetException}, the sink {@link
   * io.penstock.error.BrokenPipeException}, and the channel below is aborted, so that the peer is
   * told as its kind tells it.
   *
   * @param bytes how many go through before, 0 or more
   * @return a changed copy
   * @throws IllegalArgumentException if it is less than 0
   */
  public FaultScript withResetAt(long bytes) {
    return with(RESET, bytes);
  }

  /**
   * Key {@code truncate}: the source throws {@link io.penstock.error.StreamTruncatedException}, as
   * a protocol does that announces its end. A sink takes what follows and loses it, and the peer
   * reads an early end.
   *
   * @param bytes how many go through before, 0 or more
   * @return a changed copy
   * @throws IllegalArgumentException if it is less than 0
   */
  public FaultScript withTruncationAt(long bytes) {
    return with(TRUNCATE, bytes);
  }

  /**
   * Key {@code end}: the source ends early, as a plain connection does when the peer dies. For a
   * sink it is the same as {@link #withTruncationAt}.
   *
   * @param bytes how many go through before, 0 or more
   * @return a changed copy
   * @throws IllegalArgumentException if it is less than 0
   */
  public FaultScript withEndAt(long bytes) {
    return with(END, bytes);
  }

  /**
   * Key {@code stall}: the peer neither sends nor takes anything more, until {@link
   * FaultyChannel#resume()}.
   *
   * @param bytes how many go through before, 0 or more
   * @return a changed copy
   * @throws IllegalArgumentException if it is less than 0
   */
  public FaultScript withStallAt(long bytes) {
    return with(STALL, bytes);
  }

  /** What a fault was set to, or the other value if it was not. */
  long get(String key, long otherwise) {
    return values.getOrDefault(key, otherwise);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof FaultScript script && script.values.equals(values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  /** As {@link #parse} reads it; empty without faults. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    values.forEach(
        (key, value) ->
            text.append(text.isEmpty() ? "" : ",")
                .append(key)
                .append('=')
                .append(key.equals(DELAY) ? Duration.ofNanos(value) : value));
    return text.toString();
  }
}
