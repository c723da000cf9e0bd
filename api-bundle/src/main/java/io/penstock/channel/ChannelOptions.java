// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import io.penstock.channel.facet.BufferFacet;
import io.penstock.channel.facet.CallerFacet;
import io.penstock.stream.Units;
import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * How a channel or listener is opened. Immutable; each {@code with} method returns a changed copy.
 * Options that every kind understands are typed. Options of only some kinds are set by key, and a
 * kind refuses a key that it does not know.
 */
@ProviderType
public final class ChannelOptions {
  /**
   * The keys that every kind understands, as configurations, endpoints and command lines name them.
   */
  public static final List<String> COMMON_KEYS =
      List.of(
          "readTimeout",
          "writeTimeout",
          "readBlocking",
          "writeBlocking",
          "connectTimeout",
          "closeTimeout",
          "receiveBuffer",
          "sendBuffer",
          "backlog",
          "maxConnections",
          "spin");

  private static final Duration MOST_SPIN = Duration.ofNanos(50_000);

  private static final ChannelOptions DEFAULTS = new ChannelOptions(new Values());

  private final Values values;

  private ChannelOptions(Values values) {
    this.values = values;
  }

  /** Each option and its default; written before it is published, never after. */
  private static final class Values implements Cloneable {
    private String name = "";
    private Wait readWait = Wait.forever();
    private Wait writeWait = Wait.forever();
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration closeTimeout = Duration.ofSeconds(5);
    private int receiveBuffer;
    private int sendBuffer;
    private int backlog = 511;
    private int maxConnections = Integer.MAX_VALUE;
    private @Nullable Duration spin;
    private @Nullable Direction direction;
    private @Nullable ProgramRequest program;
    private SortedMap<String, String> secrets = Collections.emptySortedMap();
    private SortedMap<String, String> extra = Collections.emptySortedMap();

    @Override
    protected Values clone() {
      try {
        return (Values) super.clone();
      } catch (CloneNotSupportedException e) {
        throw new AssertionError("this class is Cloneable", e);
      }
    }
  }

  private ChannelOptions changed(Consumer<Values> change) {
    Values copy = values.clone();
    change.accept(copy);
    return new ChannelOptions(copy);
  }

  private static SortedMap<String, String> with(
      SortedMap<String, String> present, String key, String value) {
    SortedMap<String, String> copy = new TreeMap<>(present);
    copy.put(key, Objects.requireNonNull(value, key));
    return Collections.unmodifiableSortedMap(copy);
  }

  /**
   * The defaults: reads and writes wait for ever, 10 s to connect, 5 s to close, a backlog of 511,
   * no limit of connections, buffers as the system gives them.
   *
   * @return the shared defaults
   */
  public static ChannelOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets an option by its key, from text.
   *
   * @param key one of {@link #COMMON_KEYS}, or one that only some kinds know
   * @param value durations take {@code ms}, {@code s}, {@code m} or ISO-8601; sizes take {@code
   *     KiB}, {@code MiB}
   * @return a changed copy
   * @throws IllegalArgumentException if the value is not allowed; the message names the key, the
   *     value and what is allowed
   */
  public ChannelOptions with(String key, String value) {
    try {
      return switch (key) {
        case "readTimeout" ->
            withReadWait(value.isBlank() ? Wait.forever() : Wait.upTo(Units.duration(value)));
        case "writeTimeout" ->
            withWriteWait(value.isBlank() ? Wait.forever() : Wait.upTo(Units.duration(value)));
        case "readBlocking" -> flag(value) ? this : withReadWait(Wait.none());
        case "writeBlocking" -> flag(value) ? this : withWriteWait(Wait.none());
        case "connectTimeout" -> withConnectTimeout(limit(value));
        case "closeTimeout" -> withCloseTimeout(Units.duration(value));
        case "receiveBuffer" -> withReceiveBuffer(number(value));
        case "sendBuffer" -> withSendBuffer(number(value));
        case "backlog" -> withBacklog(count(value));
        case "maxConnections" -> withMaxConnections(count(value));
        case "spin" ->
            value.strip().equals("auto")
                ? changed(values -> values.spin = null)
                : withSpin(spin(value));
        default -> changed(values -> values.extra = with(values.extra, key, value));
      };
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(key + ": " + e.getMessage(), e);
    }
  }

  private static Duration limit(String value) {
    Duration limit = Units.duration(value);
    if (limit.isZero()) {
      throw new IllegalArgumentException(
          "'" + value + "' is not allowed; expected a duration of more than zero, such as 100ms");
    }
    return limit;
  }

  private static Duration spin(String value) {
    Duration budget = Units.duration(value);
    if (budget.compareTo(MOST_SPIN) > 0) {
      throw new IllegalArgumentException(
          "'" + value + "' is not allowed; expected auto, or a duration up to 0.05ms");
    }
    return budget;
  }

  private static boolean flag(String value) {
    return switch (value.strip()) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("'" + value + "' is not true or false");
    };
  }

  private static int count(String value) {
    String text = value.strip();
    long found = text.matches("\\d{1,10}") ? Long.parseLong(text) : 0;
    if (found < 1 || found > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "'" + value + "' is not allowed; expected a number from 1 to " + Integer.MAX_VALUE);
    }
    return (int) found;
  }

  private static int number(String value) {
    long bytes = Units.bytes(value);
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("'" + value + "' is above " + Integer.MAX_VALUE);
    }
    return (int) bytes;
  }

  /**
   * Names the channel, for errors and logs. Parity CH-47.
   *
   * @param value the name; empty for {@link Endpoint#name()}
   * @return a changed copy
   */
  public ChannelOptions withName(String value) {
    return changed(values -> values.name = Objects.requireNonNull(value, "name"));
  }

  /**
   * Sets the limit of reads that do not bring their own.
   *
   * @param wait the limit
   * @return a changed copy
   */
  public ChannelOptions withReadWait(Wait wait) {
    return changed(values -> values.readWait = Objects.requireNonNull(wait, "readWait"));
  }

  /**
   * Sets the limit of writes that do not bring their own.
   *
   * @param wait the limit
   * @return a changed copy
   */
  public ChannelOptions withWriteWait(Wait wait) {
    return changed(values -> values.writeWait = Objects.requireNonNull(wait, "writeWait"));
  }

  /**
   * Limits the time to connect.
   *
   * @param limit more than zero
   * @return a changed copy
   */
  public ChannelOptions withConnectTimeout(Duration limit) {
    if (limit.isNegative() || limit.isZero()) {
      throw new IllegalArgumentException("'" + limit + "' is not more than zero");
    }
    return changed(
        values -> values.connectTimeout = Objects.requireNonNull(limit, "connectTimeout"));
  }

  /**
   * Limits the time that a close may take to hand over accepted bytes.
   *
   * @param limit zero or more
   * @return a changed copy
   */
  public ChannelOptions withCloseTimeout(Duration limit) {
    if (limit.isNegative()) {
      throw new IllegalArgumentException("'" + limit + "' is negative");
    }
    return changed(values -> values.closeTimeout = Objects.requireNonNull(limit, "closeTimeout"));
  }

  /**
   * Asks for a size of the system's receive buffer, where there is one ({@link BufferFacet}). For a
   * pipe, a FIFO or a child this needs native calls, and is ignored without them.
   *
   * @param bytes more than zero; the system may give another size, which {@link BufferFacet} tells
   * @return a changed copy
   */
  public ChannelOptions withReceiveBuffer(int bytes) {
    return changed(values -> values.receiveBuffer = positive(bytes));
  }

  /**
   * Asks for a size of the system's send buffer, where there is one ({@link BufferFacet}). For a
   * pipe, a FIFO or a child this needs native calls, and is ignored without them.
   *
   * @param bytes more than zero; the system may give another size, which {@link BufferFacet} tells
   * @return a changed copy
   */
  public ChannelOptions withSendBuffer(int bytes) {
    return changed(values -> values.sendBuffer = positive(bytes));
  }

  /**
   * How many peers may wait to be accepted. Named pipes of Windows count waiting instances instead;
   * there are none here, and no option for them. Parity UV-04, UV-15.
   *
   * @param count more than zero
   * @return a changed copy
   */
  public ChannelOptions withBacklog(int count) {
    return changed(values -> values.backlog = positive(count));
  }

  /**
   * How many accepted channels may be open at once; further peers wait in the backlog.
   *
   * @param count more than zero
   * @return a changed copy
   */
  public ChannelOptions withMaxConnections(int count) {
    return changed(values -> values.maxConnections = positive(count));
  }

  /**
   * Lets a call that must wait try again for a fixed time before its thread is parked, on sockets
   * and in memory, because a peer may answer sooner than a thread is woken. Without this option the
   * time is learned: tries in vain are left out more and more.
   *
   * @param budget zero (park at once) to 50 µs
   * @return a changed copy
   * @throws IllegalArgumentException if {@code budget} is negative or above 50 µs
   */
  public ChannelOptions withSpin(Duration budget) {
    if (budget.isNegative() || budget.compareTo(MOST_SPIN) > 0) {
      throw new IllegalArgumentException("spin is " + budget + ", expected 0 to 50 microseconds");
    }
    return changed(values -> values.spin = Objects.requireNonNull(budget, "spin"));
  }

  /**
   * Which end to open where a kind has only one at a time, such as a FIFO. Kinds with two ends
   * ignore it.
   *
   * @param direction the way
   * @return a changed copy
   */
  public ChannelOptions withDirection(Direction direction) {
    return changed(values -> values.direction = Objects.requireNonNull(direction, "direction"));
  }

  /**
   * Gives the request of the peer for which a program is started. A kind that starts a program
   * passes the peer's command and variables to it as data, and gives it a terminal if the peer
   * wants one. Other kinds ignore the request. A relay sets it when it opens a channel for a
   * channel with a {@link CallerFacet}.
   *
   * @param request of the peer; its variables are passed on unchanged, so the caller must remove
   *     those that it does not trust
   * @return a changed copy
   */
  public ChannelOptions withProgram(ProgramRequest request) {
    return changed(values -> values.program = Objects.requireNonNull(request, "program"));
  }

  /**
   * Gives the kind a secret, such as a password. The product puts it in no text, whether a log, an
   * error or a service property. A kind refuses a key that it does not know.
   *
   * @param key the kind's name for it, such as {@code password}
   * @param value the secret, not empty
   * @return a changed copy
   * @throws IllegalArgumentException if it is empty
   */
  public ChannelOptions withSecret(String key, String value) {
    if (value.isEmpty()) {
      throw new IllegalArgumentException("the secret '" + key + "' is empty");
    }
    return changed(values -> values.secrets = with(values.secrets, key, value));
  }

  private static int positive(int value) {
    if (value < 1) {
      throw new IllegalArgumentException("'" + value + "' is not more than zero");
    }
    return value;
  }

  /**
   * The name.
   *
   * @return empty for the endpoint's text
   */
  public String name() {
    return values.name;
  }

  /**
   * The limit of reads that do not bring their own.
   *
   * @return for ever by default
   */
  public Wait readWait() {
    return values.readWait;
  }

  /**
   * The limit of writes that do not bring their own.
   *
   * @return for ever by default
   */
  public Wait writeWait() {
    return values.writeWait;
  }

  /**
   * The limit of connecting.
   *
   * @return 10 s by default
   */
  public Duration connectTimeout() {
    return values.connectTimeout;
  }

  /**
   * The limit of closing.
   *
   * @return 5 s by default
   */
  public Duration closeTimeout() {
    return values.closeTimeout;
  }

  /**
   * The size asked for of the system's receive buffer.
   *
   * @return bytes; 0 for what the system gives
   */
  public int receiveBuffer() {
    return values.receiveBuffer;
  }

  /**
   * The size asked for of the system's send buffer.
   *
   * @return bytes; 0 for what the system gives
   */
  public int sendBuffer() {
    return values.sendBuffer;
  }

  /**
   * How many peers may wait to be accepted. Named pipes of Windows count waiting instances instead;
   * there are none here, and no option for them. Parity UV-04, UV-15.
   *
   * @return 511 by default
   */
  public int backlog() {
    return values.backlog;
  }

  /**
   * How many accepted channels may be open at once.
   *
   * @return {@link Integer#MAX_VALUE} by default
   */
  public int maxConnections() {
    return values.maxConnections;
  }

  /**
   * How long a call that must wait tries again before its thread is parked.
   *
   * @return empty if it is learned, the default
   */
  public Optional<Duration> spin() {
    return Optional.ofNullable(values.spin);
  }

  /**
   * Which end to open where a kind has only one at a time.
   *
   * @return empty by default
   */
  public Optional<Direction> direction() {
    return Optional.ofNullable(values.direction);
  }

  /**
   * The program request of the peer for which this channel is opened.
   *
   * @return empty by default
   */
  public Optional<ProgramRequest> program() {
    return Optional.ofNullable(values.program);
  }

  /**
   * A secret for the kind.
   *
   * @param key its name
   * @return empty if it was not given
   */
  public Optional<String> secret(String key) {
    return Optional.ofNullable(values.secrets.get(key));
  }

  /**
   * Which secrets were given.
   *
   * @return their names, sorted, unmodifiable
   */
  public SortedSet<String> secretKeys() {
    return Collections.unmodifiableSortedSet(new TreeSet<>(values.secrets.keySet()));
  }

  /**
   * The options that only some kinds know.
   *
   * @return by key, sorted, unmodifiable
   */
  public SortedMap<String, String> extra() {
    return values.extra;
  }

  /**
   * These options, overridden by the options of an endpoint.
   *
   * @param endpoint its options take precedence over these
   * @return a changed copy
   * @throws IllegalArgumentException if a value is not allowed
   */
  public ChannelOptions withAll(Endpoint endpoint) {
    ChannelOptions merged = this;
    for (Map.Entry<String, String> option : endpoint.options().entrySet()) {
      merged = merged.with(option.getKey(), option.getValue());
    }
    return merged;
  }
}
