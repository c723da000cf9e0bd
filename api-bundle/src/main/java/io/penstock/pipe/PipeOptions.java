// SPDX-License-Identifier: Apache-2.0
package io.penstock.pipe;

import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.Objects;
import org.osgi.annotation.versioning.ProviderType;

/**
 * How a pipe is made. Immutable; each {@code with} method returns a changed copy. Parity PY-04..08.
 */
@ProviderType
public final class PipeOptions {
  /** The default capacity in bytes: 64 KiB. */
  public static final long DEFAULT_CAPACITY = 64 * 1024;

  private static final PipeOptions DEFAULTS =
      new PipeOptions("", DEFAULT_CAPACITY, Wait.forever(), Wait.forever(), false, Duration.ZERO);

  private final String name;
  private final long capacity;
  private final Wait readWait;
  private final Wait writeWait;
  private final boolean direct;
  private final Duration spin;

  private PipeOptions(
      String name, long capacity, Wait readWait, Wait writeWait, boolean direct, Duration spin) {
    this.name = name;
    this.capacity = capacity;
    this.readWait = readWait;
    this.writeWait = writeWait;
    this.direct = direct;
    this.spin = spin;
  }

  /**
   * The defaults: bounded to 64 KiB, both ends wait for ever, heap memory, no spinning, a generated
   * name.
   *
   * @return the shared defaults
   */
  public static PipeOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Names the pipe, for errors and logs.
   *
   * @param value the name; empty for a generated one
   * @return a changed copy
   */
  public PipeOptions withName(String value) {
    return new PipeOptions(
        Objects.requireNonNull(value, "name"), capacity, readWait, writeWait, direct, spin);
  }

  /**
   * Bounds the pipe: a copying write takes at most the room there is.
   *
   * @param bytes 1 or more
   * @return a changed copy
   * @throws IllegalArgumentException if {@code bytes} is less than 1
   */
  public PipeOptions withCapacity(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("capacity is " + bytes + ", expected 1 byte or more");
    }
    return new PipeOptions(name, bytes, readWait, writeWait, direct, spin);
  }

  /**
   * Takes the bound away: writes never wait. For a producer under credit, such as an SSH window.
   *
   * @return a changed copy
   */
  public PipeOptions unbounded() {
    return withCapacity(Long.MAX_VALUE);
  }

  /**
   * Sets the source's limit of calls that do not bring their own.
   *
   * @param wait the limit
   * @return a changed copy
   */
  public PipeOptions withReadWait(Wait wait) {
    return new PipeOptions(
        name, capacity, Objects.requireNonNull(wait, "readWait"), writeWait, direct, spin);
  }

  /**
   * Sets the sink's limit of calls that do not bring their own.
   *
   * @param wait the limit
   * @return a changed copy
   */
  public PipeOptions withWriteWait(Wait wait) {
    return new PipeOptions(
        name, capacity, readWait, Objects.requireNonNull(wait, "writeWait"), direct, spin);
  }

  /**
   * Chooses where copies are kept.
   *
   * @param value true for direct memory, false for the heap
   * @return a changed copy
   */
  public PipeOptions withDirect(boolean value) {
    return new PipeOptions(name, capacity, readWait, writeWait, value, spin);
  }

  /**
   * Lets a call that must wait try again for a while before its thread is parked.
   *
   * @param budget zero (the default: park at once) to 50 µs
   * @return a changed copy
   * @throws IllegalArgumentException if {@code budget} is negative or above 50 µs
   */
  public PipeOptions withSpin(Duration budget) {
    if (budget.isNegative() || budget.compareTo(Duration.ofNanos(50_000)) > 0) {
      throw new IllegalArgumentException("spin is " + budget + ", expected 0 to 50 microseconds");
    }
    return new PipeOptions(name, capacity, readWait, writeWait, direct, budget);
  }

  /**
   * The name.
   *
   * @return empty for a generated one
   */
  public String name() {
    return name;
  }

  /**
   * The capacity.
   *
   * @return bytes; {@link Long#MAX_VALUE} when unbounded
   */
  public long capacity() {
    return capacity;
  }

  /**
   * The source's limit.
   *
   * @return the limit of reads that do not bring their own
   */
  public Wait readWait() {
    return readWait;
  }

  /**
   * The sink's limit.
   *
   * @return the limit of writes that do not bring their own
   */
  public Wait writeWait() {
    return writeWait;
  }

  /**
   * Where copies are kept.
   *
   * @return true for direct memory
   */
  public boolean direct() {
    return direct;
  }

  /**
   * How long a call tries again before its thread is parked.
   *
   * @return zero to 50 µs
   */
  public Duration spin() {
    return spin;
  }
}
