// SPDX-License-Identifier: Apache-2.0
package io.penstock.serve;

import io.penstock.channel.ChannelOptions;
import io.penstock.stream.Framing;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * How a handler is served. Immutable; each {@code with} method returns a changed copy. As service
 * properties the names have {@code penstock.} before them: {@code penstock.framing}, {@code
 * penstock.maxFrame}, {@code penstock.frameTimeout}, {@code penstock.idleTimeout}, {@code
 * penstock.maxConnections}, {@code penstock.execution}, {@code penstock.drainTimeout}, {@code
 * penstock.reconnectMin}, {@code penstock.reconnectMax}.
 */
@ProviderType
public final class ServeOptions {
  /** How many threads {@link Execution#POOL} has at most: 32. */
  public static final int POOL = 32;

  /** The most bytes of a line unless a framing says otherwise: 64 KiB, its line feed included. */
  public static final int DEFAULT_MAX_FRAME = 64 * 1024;

  private static final ServeOptions DEFAULTS = new ServeOptions(new Values());

  private final Values values;

  private ServeOptions(Values values) {
    this.values = values;
  }

  /** Each option and its default; written before it is published, never after. */
  private static final class Values implements Cloneable {
    private String name = "";
    private Optional<Framing> framing = Optional.empty();
    private int maxConnections = Integer.MAX_VALUE;
    private Execution execution = Execution.POLLER;
    private Duration drain = Duration.ofSeconds(5);
    private Duration reconnectMin = Duration.ofMillis(100);
    private Duration reconnectMax = Duration.ofSeconds(30);
    private ChannelOptions channel = ChannelOptions.defaults();

    @Override
    protected Values clone() {
      try {
        return (Values) super.clone();
      } catch (CloneNotSupportedException e) {
        throw new AssertionError("this class is Cloneable", e);
      }
    }
  }

  private ServeOptions changed(Consumer<Values> change) {
    Values copy = values.clone();
    change.accept(copy);
    return new ServeOptions(copy);
  }

  /**
   * The defaults: lines of up to 64 KiB for a {@link LineHandler} and bytes for others, any number
   * of connections, the polling thread, 5 s to drain, 100 ms to 30 s before a reconnect.
   *
   * @return the shared defaults
   */
  public static ServeOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Names the server, for logs and tools.
   *
   * @param value the name; empty for one made of the endpoint
   * @return a changed copy
   */
  public ServeOptions withName(String value) {
    return changed(values -> values.name = Objects.requireNonNull(value, "name"));
  }

  /**
   * How each connection is cut into frames, with its limits for slow and silent peers. If a peer
   * takes no reply within the framing's {@code idleTimeout}, its connection fails, too.
   *
   * @param value of lines, for a {@link LineHandler}
   * @return a changed copy
   */
  public ServeOptions withFraming(Framing value) {
    return changed(values -> values.framing = Optional.of(value));
  }

  /**
   * How many connections may be open at once; further peers wait in the backlog of the system.
   *
   * @param count 1 or more
   * @return a changed copy
   * @throws IllegalArgumentException if {@code count} is less than 1
   */
  public ServeOptions withMaxConnections(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("maxConnections is " + count + ", expected 1 or more");
    }
    return changed(values -> values.maxConnections = count);
  }

  /**
   * Which threads call the handler.
   *
   * @param value the threads
   * @return a changed copy
   */
  public ServeOptions withExecution(Execution value) {
    return changed(values -> values.execution = Objects.requireNonNull(value, "execution"));
  }

  /**
   * How long a stop waits for calls in progress and for peers to take their replies.
   *
   * @param limit zero or more
   * @return a changed copy
   * @throws IllegalArgumentException if {@code limit} is negative
   */
  public ServeOptions withDrainTimeout(Duration limit) {
    if (limit.isNegative()) {
      throw new IllegalArgumentException("drainTimeout is " + limit + ", expected zero or more");
    }
    return changed(values -> values.drain = limit);
  }

  /**
   * How long a server that connects waits after a failure: between {@code least} and a bound that
   * doubles with each failure, at random, and never longer than {@code most}.
   *
   * @param least more than zero
   * @param most {@code least} or more
   * @return a changed copy
   * @throws IllegalArgumentException if a value is out of its range
   */
  public ServeOptions withReconnect(Duration least, Duration most) {
    if (least.isNegative() || least.isZero() || most.compareTo(least) < 0) {
      throw new IllegalArgumentException(
          "reconnectMin is "
              + least
              + " and reconnectMax "
              + most
              + ", expected more than zero, and reconnectMin or more");
    }
    return changed(
        values -> {
          values.reconnectMin = least;
          values.reconnectMax = most;
        });
  }

  /**
   * The options of the listener and its channels; those of the endpoint go before them.
   *
   * @param value the options
   * @return a changed copy
   */
  public ServeOptions withChannel(ChannelOptions value) {
    return changed(values -> values.channel = Objects.requireNonNull(value, "channel"));
  }

  /**
   * The name.
   *
   * @return empty by default
   */
  public String name() {
    return values.name;
  }

  /**
   * The framing.
   *
   * @return empty for that of the handler's kind
   */
  public Optional<Framing> framing() {
    return values.framing;
  }

  /**
   * How many connections may be open at once.
   *
   * @return {@link Integer#MAX_VALUE} by default
   */
  public int maxConnections() {
    return values.maxConnections;
  }

  /**
   * Which threads call the handler.
   *
   * @return {@link Execution#POLLER} by default
   */
  public Execution execution() {
    return values.execution;
  }

  /**
   * How long a stop waits.
   *
   * @return 5 s by default
   */
  public Duration drainTimeout() {
    return values.drain;
  }

  /**
   * The shortest time before a reconnect.
   *
   * @return 100 ms by default
   */
  public Duration reconnectMin() {
    return values.reconnectMin;
  }

  /**
   * The longest time before a reconnect.
   *
   * @return 30 s by default
   */
  public Duration reconnectMax() {
    return values.reconnectMax;
  }

  /**
   * The options of the listener and its channels.
   *
   * @return the defaults unless given
   */
  public ChannelOptions channel() {
    return values.channel;
  }
}
