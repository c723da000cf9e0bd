// SPDX-License-Identifier: Apache-2.0
package io.penstock.pipe;

import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * How a pipe is made. Immutable; each {@code with} method returns a changed copy. Parity PY-04..08.
 */
@ProviderType
public final class PipeOptions {
  /** The default capacity in bytes: 64 KiB. */
  public static final long DEFAULT_CAPACITY = 64 * 1024;

  private static final Duration MOST_SPIN = Duration.ofNanos(50_000);

  private static final PipeOptions DEFAULTS = new PipeOptions(new Values());

  /** How many callers one end of a pipe may have at once. */
  public enum Callers {
    /**
     * One at a time, declared by the user: calls of the moving methods of that end never overlap,
     * though they may come from one thread after the other. Such an end needs no turns and is
     * faster for small moves. All other calls (closing, ending, aborting, looking at the state) may
     * still come from any thread. Calls that do overlap get an {@link IllegalStateException} where
     * the overlap is noticed, and may damage bytes.
     */
    ONE,
    /** Any number; they take turns. */
    MANY
  }

  private final Values values;

  private PipeOptions(Values values) {
    this.values = values;
  }

  /** Each option and its default; written before it is published, never after. */
  private static final class Values implements Cloneable {
    private String name = "";
    private long capacity = DEFAULT_CAPACITY;
    private Wait readWait = Wait.forever();
    private Wait writeWait = Wait.forever();
    private boolean direct;
    private @Nullable Duration spin;
    private Callers writers = Callers.MANY;
    private Callers readers = Callers.MANY;

    @Override
    protected Values clone() {
      try {
        return (Values) super.clone();
      } catch (CloneNotSupportedException e) {
        throw new AssertionError("this class is Cloneable", e);
      }
    }
  }

  private PipeOptions changed(Consumer<Values> change) {
    Values copy = values.clone();
    change.accept(copy);
    return new PipeOptions(copy);
  }

  /**
   * The defaults: bounded to 64 KiB, both ends wait for ever, heap memory, adaptive spinning, any
   * number of writers and readers, a generated name.
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
    return changed(values -> values.name = Objects.requireNonNull(value, "name"));
  }

  /**
   * Bounds the pipe: a copying write takes at most the room there is. While the write waits for
   * room, a read may go on in the writer's own array, so that the write returns more than that. The
   * bytes that the pipe itself holds stay within its capacity.
   *
   * @param bytes 1 or more
   * @return a changed copy
   * @throws IllegalArgumentException if {@code bytes} is less than 1
   */
  public PipeOptions withCapacity(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("capacity is " + bytes + ", expected 1 byte or more");
    }
    return changed(values -> values.capacity = bytes);
  }

  /**
   * Removes the bound: writes never wait. Meant for a producer that is limited by credit, such as
   * an SSH window.
   *
   * @return a changed copy
   */
  public PipeOptions withUnboundedCapacity() {
    return withCapacity(Long.MAX_VALUE);
  }

  /**
   * Sets the source's limit of calls that do not bring their own.
   *
   * @param value the limit
   * @return a changed copy
   */
  public PipeOptions withReadWait(Wait value) {
    return changed(values -> values.readWait = Objects.requireNonNull(value, "readWait"));
  }

  /**
   * Sets the sink's limit of calls that do not bring their own.
   *
   * @param value the limit
   * @return a changed copy
   */
  public PipeOptions withWriteWait(Wait value) {
    return changed(values -> values.writeWait = Objects.requireNonNull(value, "writeWait"));
  }

  /**
   * Chooses where copies are kept.
   *
   * @param value true for direct memory, false for the heap
   * @return a changed copy
   */
  public PipeOptions withDirect(boolean value) {
    return changed(values -> values.direct = value);
  }

  /**
   * Lets a call that must wait look again for a fixed time before its thread is parked. The call is
   * held back for the rest of that time while each look finds more.
   *
   * @param budget zero (park at once) to 50 µs
   * @return a changed copy
   * @throws IllegalArgumentException if {@code budget} is negative or above 50 µs
   */
  public PipeOptions withSpin(Duration budget) {
    if (budget.isNegative() || budget.compareTo(MOST_SPIN) > 0) {
      throw new IllegalArgumentException("spin is " + budget + ", expected 0 to 50 microseconds");
    }
    return changed(values -> values.spin = budget);
  }

  /**
   * Learns how long a call looks again before its thread is parked, 0 to 50 µs. This is the
   * default. The time is learned from the cost of waking and from whether looking has helped. After
   * a look in vain the thread yields once, so that two sides that share a core take turns without
   * being parked; whether that helps is learned, too.
   *
   * @return a changed copy
   */
  public PipeOptions withAdaptiveSpin() {
    return changed(values -> values.spin = null);
  }

  /**
   * Declares how many threads may write at once.
   *
   * @param value {@link Callers#MANY} by default
   * @return a changed copy
   */
  public PipeOptions withWriters(Callers value) {
    return changed(values -> values.writers = Objects.requireNonNull(value, "writers"));
  }

  /**
   * Declares how many threads may read at once.
   *
   * @param value {@link Callers#MANY} by default
   * @return a changed copy
   */
  public PipeOptions withReaders(Callers value) {
    return changed(values -> values.readers = Objects.requireNonNull(value, "readers"));
  }

  /**
   * The name.
   *
   * @return empty for a generated one
   */
  public String name() {
    return values.name;
  }

  /**
   * The capacity.
   *
   * @return bytes; {@link Long#MAX_VALUE} when unbounded
   */
  public long capacity() {
    return values.capacity;
  }

  /**
   * The source's limit.
   *
   * @return the limit of reads that do not bring their own
   */
  public Wait readWait() {
    return values.readWait;
  }

  /**
   * The sink's limit.
   *
   * @return the limit of writes that do not bring their own
   */
  public Wait writeWait() {
    return values.writeWait;
  }

  /**
   * Where copies are kept.
   *
   * @return true for direct memory
   */
  public boolean direct() {
    return values.direct;
  }

  /**
   * How long a call looks again before its thread is parked.
   *
   * @return zero to 50 µs; empty when that is learned
   */
  public Optional<Duration> spin() {
    return Optional.ofNullable(values.spin);
  }

  /**
   * How many threads may write at once.
   *
   * @return as declared
   */
  public Callers writers() {
    return values.writers;
  }

  /**
   * How many threads may read at once.
   *
   * @return as declared
   */
  public Callers readers() {
    return values.readers;
  }
}
