// SPDX-License-Identifier: Apache-2.0
package io.penstock.relay;

import io.penstock.channel.ChannelOptions;
import io.penstock.stream.Wait;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.osgi.annotation.versioning.ProviderType;

/** How a relay works. Immutable; each {@code with} method returns a changed copy. */
@ProviderType
public final class RelayOptions {
  /** The default size of the buffer that each direction reads into: 256 KiB. */
  public static final int DEFAULT_BUFFER = 256 * 1024;

  /** The default bound of the send buffers that a relay asks the system for: 2 MiB. */
  public static final int DEFAULT_SEND_BUFFER_LIMIT = 2 * 1024 * 1024;

  private static final int LEAST_SEND_BUFFER = 4096;

  private static final long LEAST_MEMORY = 64 * 1024;

  private static final Pattern PATTERN = Pattern.compile("[A-Za-z0-9_*?]+");

  private static final RelayOptions DEFAULTS = new RelayOptions(new Values());

  private final Values values;

  private RelayOptions(Values values) {
    this.values = values;
  }

  /** Each option and its default; written before it is published, never after. */
  private static final class Values implements Cloneable {
    private String name = "";
    private boolean oneWay;
    private boolean fork;
    private int maxConnections = Integer.MAX_VALUE;
    private int buffer = DEFAULT_BUFFER;
    private int sendBufferLimit = DEFAULT_SEND_BUFFER_LIMIT;
    private Wait idle = Wait.forever();
    private Wait total = Wait.forever();
    private Wait linger = Wait.forever();
    private long rate;
    private ChannelOptions from = ChannelOptions.defaults();
    private ChannelOptions to = ChannelOptions.defaults();
    private RelayObserver observer = new RelayObserver() {};
    private List<String> variables = List.of("LANG", "LC_*");
    private long memoryLimit = Long.MAX_VALUE;

    @Override
    protected Values clone() {
      try {
        return (Values) super.clone();
      } catch (CloneNotSupportedException e) {
        throw new AssertionError("this class is Cloneable", e);
      }
    }
  }

  private RelayOptions changed(Consumer<Values> change) {
    Values copy = values.clone();
    change.accept(copy);
    return new RelayOptions(copy);
  }

  private static Wait duration(Wait wait, String what) {
    if (wait.kind() != Wait.Kind.FOREVER && wait.kind() != Wait.Kind.UP_TO) {
      throw new IllegalArgumentException(
          what + " is " + wait + ", expected for ever or a duration");
    }
    return wait;
  }

  /**
   * The defaults: both ways, one connection, 256 KiB of buffer, no limits.
   *
   * @return the shared defaults
   */
  public static RelayOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Names the relay, for errors and logs.
   *
   * @param value the name; empty for one made of its endpoints
   * @return a changed copy
   */
  public RelayOptions withName(String value) {
    return changed(values -> values.name = Objects.requireNonNull(value, "name"));
  }

  /**
   * Copies from FROM to TO only.
   *
   * @param value true for one way
   * @return a changed copy
   */
  public RelayOptions withOneWay(boolean value) {
    return changed(values -> values.oneWay = value);
  }

  /**
   * Accepts any number of connections, each with its own TO.
   *
   * @param value true to go on accepting
   * @return a changed copy
   */
  public RelayOptions withFork(boolean value) {
    return changed(values -> values.fork = value);
  }

  /**
   * How many connections may be relayed at once; further peers wait in the backlog.
   *
   * @param count 1 or more
   * @return a changed copy
   * @throws IllegalArgumentException if {@code count} is less than 1
   */
  public RelayOptions withMaxConnections(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("maxConnections is " + count + ", expected 1 or more");
    }
    return changed(values -> values.maxConnections = count);
  }

  /**
   * The size of the buffer that each direction reads into.
   *
   * @param bytes 1 byte to 1 GiB
   * @return a changed copy
   * @throws IllegalArgumentException if {@code bytes} is out of range
   */
  public RelayOptions withBuffer(long bytes) {
    if (bytes < 1 || bytes > 1 << 30) {
      throw new IllegalArgumentException("buffer is " + bytes + " bytes, expected 1 byte to 1GiB");
    }
    return changed(values -> values.buffer = (int) bytes);
  }

  /**
   * How large the relay may make the send buffer of a Unix socket, and the pipe by which bytes go
   * from one socket to another without copies. A send buffer begins with what the system gives. It
   * is doubled while a flood fills it again and again, and stays as it is for requests and answers,
   * and for a slow reader. The system has a bound of its own, on Linux {@code net.core.wmem_max};
   * {@link io.penstock.runtime.RelayDTO} tells what was got. The buffers of TCP are left to the
   * system, which fits them itself.
   *
   * @param bytes 4 KiB to 1 GiB, or 0 to leave all buffers as the system gives them
   * @return a changed copy
   * @throws IllegalArgumentException if {@code bytes} is out of range
   */
  public RelayOptions withSendBufferLimit(long bytes) {
    if (bytes != 0 && (bytes < LEAST_SEND_BUFFER || bytes > 1 << 30)) {
      throw new IllegalArgumentException(
          "sendBufferLimit is " + bytes + " bytes, expected 4KiB to 1GiB, or 0");
    }
    return changed(values -> values.sendBufferLimit = (int) bytes);
  }

  /**
   * Fails a connection on which no byte went either way for the limit.
   *
   * @param limit for ever, or a duration
   * @return a changed copy
   */
  public RelayOptions withIdle(Wait limit) {
    return changed(values -> values.idle = duration(limit, "idle"));
  }

  /**
   * Fails a connection that has not ended within the limit after it was joined, however busy it is.
   * This is the defence against a peer that keeps a connection just busy enough.
   *
   * @param limit for ever, or a duration
   * @return a changed copy
   */
  public RelayOptions withTotal(Wait limit) {
    return changed(values -> values.total = duration(limit, "total"));
  }

  /**
   * How long the other direction may go on after one has ended; then the relay ends with success.
   *
   * @param limit for ever, or a duration
   * @return a changed copy
   */
  public RelayOptions withLinger(Wait limit) {
    return changed(values -> values.linger = duration(limit, "linger"));
  }

  /**
   * Limits the speed of each direction of each connection. The speed is even: after a pause, at
   * most the bytes of a tenth of a second at that speed are made up for. The standard error of a
   * program, where it goes to a client by itself, is a direction of its own.
   *
   * @param bytesPerSecond 1 or more, or 0 for no limit
   * @return a changed copy
   * @throws IllegalArgumentException if {@code bytesPerSecond} is negative
   */
  public RelayOptions withRate(long bytesPerSecond) {
    if (bytesPerSecond < 0) {
      throw new IllegalArgumentException("rate is " + bytesPerSecond + ", expected 0 or more");
    }
    return changed(values -> values.rate = bytesPerSecond);
  }

  /**
   * How FROM is opened.
   *
   * @param options for the channel or listener
   * @return a changed copy
   */
  public RelayOptions withFrom(ChannelOptions options) {
    return changed(values -> values.from = Objects.requireNonNull(options, "from"));
  }

  /**
   * How TO is opened.
   *
   * @param options for the channel or listener
   * @return a changed copy
   */
  public RelayOptions withTo(ChannelOptions options) {
    return changed(values -> values.to = Objects.requireNonNull(options, "to"));
  }

  /**
   * Sets the observer of the relay's events.
   *
   * @param value the observer
   * @return a changed copy
   */
  public RelayOptions withObserver(RelayObserver value) {
    return changed(values -> values.observer = Objects.requireNonNull(value, "observer"));
  }

  /**
   * Which variables of a peer that has asked for a program reach the program, where a relay joins
   * the two; see {@link io.penstock.channel.facet.CallerFacet}. Other variables are left out
   * silently.
   *
   * @param patterns names of variables, in which {@code *} stands for any characters and {@code ?}
   *     for one; none for no variable at all
   * @return a changed copy
   * @throws IllegalArgumentException if a pattern has other characters than letters, digits, {@code
   *     _}, {@code *} and {@code ?}
   */
  public RelayOptions withVariables(Collection<String> patterns) {
    for (String pattern : patterns) {
      if (!PATTERN.matcher(pattern).matches()) {
        throw new IllegalArgumentException(
            "'" + pattern + "' is not the name of a variable or a pattern, such as LANG or LC_*");
      }
    }
    List<String> copied = List.copyOf(patterns);
    return changed(values -> values.variables = copied);
  }

  /**
   * Limits the memory of the buffers that hold bytes of this relay's connections. Beyond the limit
   * reading pauses; then the connections that have held most for longest are cut, with a {@link
   * io.penstock.error.MemoryLimitException} as the cause. The limit of the whole container applies
   * in addition.
   *
   * @param bytes 64 KiB or more; {@link Long#MAX_VALUE} for no separate limit
   * @return a changed copy
   */
  public RelayOptions withMemoryLimit(long bytes) {
    if (bytes < LEAST_MEMORY) {
      throw new IllegalArgumentException("memoryLimit is " + bytes + ", expected 64KiB or more");
    }
    return changed(values -> values.memoryLimit = bytes);
  }

  /**
   * The name.
   *
   * @return empty for one made of the endpoints
   */
  public String name() {
    return values.name;
  }

  /**
   * Whether bytes go from FROM to TO only.
   *
   * @return false by default
   */
  public boolean oneWay() {
    return values.oneWay;
  }

  /**
   * Whether it goes on accepting.
   *
   * @return false by default
   */
  public boolean fork() {
    return values.fork;
  }

  /**
   * How many connections may be relayed at once.
   *
   * @return {@link Integer#MAX_VALUE} by default, which means as many as memory and descriptors
   *     allow
   */
  public int maxConnections() {
    return values.maxConnections;
  }

  /**
   * The size of the buffer that each direction reads into.
   *
   * @return bytes, 256 KiB by default
   */
  public int buffer() {
    return values.buffer;
  }

  /**
   * How large the relay may make the send buffer of a Unix socket.
   *
   * @return bytes, 2 MiB by default; 0 if all buffers stay as the system gives them
   */
  public int sendBufferLimit() {
    return values.sendBufferLimit;
  }

  /**
   * How long a connection may be idle in both directions.
   *
   * @return for ever by default
   */
  public Wait idle() {
    return values.idle;
  }

  /**
   * How long a connection may last.
   *
   * @return for ever by default
   */
  public Wait total() {
    return values.total;
  }

  /**
   * How long the other direction may go on after one has ended.
   *
   * @return for ever by default
   */
  public Wait linger() {
    return values.linger;
  }

  /**
   * The speed limit of each direction.
   *
   * @return bytes per second, 0 for none
   */
  public long rate() {
    return values.rate;
  }

  /**
   * How FROM is opened.
   *
   * @return its options
   */
  public ChannelOptions from() {
    return values.from;
  }

  /**
   * How TO is opened.
   *
   * @return its options
   */
  public ChannelOptions to() {
    return values.to;
  }

  /**
   * The observer of the relay's events.
   *
   * @return the observer, one that does nothing by default
   */
  public RelayObserver observer() {
    return values.observer;
  }

  /**
   * Which variables of a peer reach the program that it has asked for.
   *
   * @return patterns, {@code LANG} and {@code LC_*} by default; unmodifiable
   */
  public List<String> variables() {
    return values.variables;
  }

  /**
   * The limit of the memory of buffers that hold bytes.
   *
   * @return {@link Long#MAX_VALUE} by default: only the container's limit applies
   */
  public long memoryLimit() {
    return values.memoryLimit;
  }
}
