// SPDX-License-Identifier: Apache-2.0
package io.penstock.metrics;

import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.EndDTO;
import io.penstock.runtime.FaultDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.PollerDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import io.penstock.spi.Messages;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Reads the runtime for all that ask in the same half second. */
final class BoundedMetrics implements PenstockMetrics {
  private static final long FRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final int MOST = 100_000;

  private final PenstockRuntime runtime;
  private final LongSupplier nanos;
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Series pipes;
  private final Series channels;
  private final Series listeners;
  private final Series relays;
  private final Series pollers;
  private final Series handlers;
  private final Series remotes;
  private @Nullable List<MeasuredObject> last;
  private long lastAt;

  BoundedMetrics(PenstockRuntime runtime, int maxObjects, LongSupplier nanos) {
    int unused = max(Integer.toString(maxObjects));
    this.runtime = runtime;
    this.nanos = nanos;
    this.pipes = new Series("pipe", maxObjects);
    this.channels = new Series("channel", maxObjects);
    this.listeners = new Series("listener", maxObjects);
    this.relays = new Series("relay", maxObjects);
    this.pollers = new Series("poller", maxObjects);
    this.handlers = new Series("handler", maxObjects);
    this.remotes = new Series("remote", maxObjects);
  }

  /** Reads how many names of a type may have series of their own. */
  static int max(String value) {
    try {
      int max = Integer.parseInt(value);
      if (max >= 1 && max <= MOST) {
        return max;
      }
    } catch (NumberFormatException e) {
      throw refused(value);
    }
    throw refused(value);
  }

  private static IllegalArgumentException refused(String value) {
    return Messages.refused("maxObjects", value, "a number from 1 to " + MOST);
  }

  @Override
  public List<MeasuredObject> objects() {
    lock.lock();
    try {
      List<MeasuredObject> present = last;
      long now = nanos.getAsLong();
      if (present == null || now - lastAt >= FRESH_NANOS) {
        present = measure(runtime.runtime());
        last = present;
        lastAt = now;
      }
      return present;
    } finally {
      lock.unlock();
    }
  }

  private List<MeasuredObject> measure(RuntimeDTO all) {
    List<MeasuredObject> objects = new ArrayList<>();
    objects.add(new MeasuredObject("runtime", "", whole(all)));
    objects.addAll(read(pipes, all.pipes(), PipeDTO::id, PipeDTO::name, BoundedMetrics::pipe));
    objects.addAll(
        read(channels, all.channels(), ChannelDTO::id, ChannelDTO::name, BoundedMetrics::channel));
    objects.addAll(
        read(
            listeners,
            all.listeners(),
            ListenerDTO::id,
            ListenerDTO::name,
            BoundedMetrics::listener));
    objects.addAll(read(relays, all.relays(), RelayDTO::id, RelayDTO::name, BoundedMetrics::relay));
    objects.addAll(
        read(
            pollers,
            all.pollers(),
            PollerDTO::id,
            PollerDTO::name,
            poller -> poller(poller, all.at())));
    objects.addAll(
        read(
            handlers,
            all.servers(),
            ServerDTO::serviceId,
            ServerDTO::name,
            BoundedMetrics::handler));
    objects.addAll(
        read(
            remotes,
            all.remotes(),
            // It has no number: its node is another one at each start.
            remote -> remote.node().hashCode(),
            RemoteDTO::registry,
            BoundedMetrics::remote));
    return List.copyOf(objects);
  }

  private static <T> List<MeasuredObject> read(
      Series series,
      List<T> all,
      ToLongFunction<T> id,
      Function<T, String> name,
      Function<T, List<Measurement>> measure) {
    for (T each : all) {
      series.see(id.applyAsLong(each), name.apply(each), measure.apply(each));
    }
    return series.look();
  }

  private static Measurement one(Metric metric, long value) {
    return new Measurement(metric, "", (double) value);
  }

  private static List<Measurement> pipe(PipeDTO pipe) {
    return List.of(
        read(Metric.PIPE_IO, pipe.source().bytes().total()),
        written(Metric.PIPE_IO, pipe.sink().bytes().total()),
        read(Metric.PIPE_OPERATIONS, pipe.source().operations().total()),
        written(Metric.PIPE_OPERATIONS, pipe.sink().operations().total()),
        read(Metric.PIPE_WAITS, pipe.source().waits()),
        written(Metric.PIPE_WAITS, pipe.sink().waits()),
        read(Metric.PIPE_WAITERS, pipe.source().waiting().size()),
        written(Metric.PIPE_WAITERS, pipe.sink().waiting().size()),
        one(Metric.PIPE_BUFFER_USAGE, pipe.buffered()),
        one(Metric.PIPE_BUFFER_LIMIT, pipe.capacity()),
        one(Metric.PIPE_ERRORS, count(pipe.fault())));
  }

  private static List<Measurement> channel(ChannelDTO channel) {
    EndDTO source = channel.source();
    EndDTO sink = channel.sink();
    return List.of(
        read(Metric.CHANNEL_IO, source.bytes().total()),
        written(Metric.CHANNEL_IO, sink.bytes().total()),
        read(Metric.CHANNEL_OPERATIONS, source.operations().total()),
        written(Metric.CHANNEL_OPERATIONS, sink.operations().total()),
        read(Metric.CHANNEL_WAITS, source.waits()),
        written(Metric.CHANNEL_WAITS, sink.waits()),
        read(Metric.CHANNEL_WAITERS, source.waiting().size()),
        written(Metric.CHANNEL_WAITERS, sink.waiting().size()),
        read(Metric.CHANNEL_BUFFER_USAGE, source.buffered()),
        written(Metric.CHANNEL_BUFFER_USAGE, sink.buffered()),
        one(Metric.CHANNEL_ERRORS, count(channel.fault())),
        one(Metric.CHANNEL_COUNT, 1));
  }

  private static List<Measurement> listener(ListenerDTO listener) {
    return List.of(
        one(Metric.LISTENER_CONNECTIONS, listener.accepted().total()),
        one(Metric.LISTENER_CONNECTION_COUNT, listener.connections()),
        one(Metric.LISTENER_CONNECTION_LIMIT, listener.maxConnections()),
        one(Metric.LISTENER_ERRORS, count(listener.fault())));
  }

  private static List<Measurement> relay(RelayDTO relay) {
    return List.of(
        new Measurement(Metric.RELAY_IO, "forward", (double) relay.forwarded().total()),
        new Measurement(Metric.RELAY_IO, "return", (double) relay.returned().total()),
        one(Metric.RELAY_CONNECTION_COUNT, relay.active()),
        one(Metric.RELAY_ERRORS, count(relay.fault())));
  }

  private static List<Measurement> poller(PollerDTO poller, long at) {
    double busy = poller.busySince() > 0 ? Math.max(0, at - poller.busySince()) / 1000.0 : 0;
    return List.of(
        one(Metric.POLLER_EVENTS, poller.events().total()),
        one(Metric.POLLER_REGISTRATION_COUNT, poller.registered()),
        new Measurement(Metric.POLLER_BUSY_TIME, "", busy));
  }

  private static List<Measurement> handler(ServerDTO handler) {
    return List.of(
        one(Metric.HANDLER_CONNECTIONS, handler.opened()),
        one(Metric.HANDLER_CONNECTION_COUNT, handler.connections().size()),
        one(Metric.HANDLER_FRAMES, handler.frames()),
        one(Metric.HANDLER_ERRORS, handler.faults()));
  }

  private static List<Measurement> remote(RemoteDTO remote) {
    List<Measurement> all = new ArrayList<>();
    all.add(one(Metric.REMOTE_CONNECTED, remote.connected() ? 1 : 0));
    for (String state : Metric.REMOTE_ENTRY_COUNT.attributeValues()) {
      long count =
          remote.entries().stream()
              .filter(entry -> entry.state().name().toLowerCase(Locale.ROOT).equals(state))
              .count();
      all.add(new Measurement(Metric.REMOTE_ENTRY_COUNT, state, (double) count));
    }
    all.add(one(Metric.REMOTE_ADDED, remote.added()));
    all.add(one(Metric.REMOTE_REMOVED, remote.removed()));
    all.add(one(Metric.REMOTE_FAILOVERS, remote.failovers()));
    return List.copyOf(all);
  }

  private static List<Measurement> whole(RuntimeDTO all) {
    List<Measurement> whole = new ArrayList<>();
    for (String type : Metric.OBJECT_COUNT.attributeValues()) {
      int count =
          switch (type) {
            case "pipe" -> all.pipes().size();
            case "channel" -> all.channels().size();
            case "listener" -> all.listeners().size();
            case "relay" -> all.relays().size();
            case "poller" -> all.pollers().size();
            default -> all.servers().size();
          };
      whole.add(new Measurement(Metric.OBJECT_COUNT, type, count));
    }
    for (String type : Metric.AWAITED_COUNT.attributeValues()) {
      long count =
          type.equals("handler")
              ? all.failed().size()
              : all.awaited().stream().map(AwaitedDTO::kind).filter(type::equals).count();
      whole.add(new Measurement(Metric.AWAITED_COUNT, type, (double) count));
    }
    whole.add(one(Metric.MEMORY_USAGE, all.resources().buffered()));
    whole.add(one(Metric.MEMORY_LIMIT, all.resources().maxBuffered()));
    addKnown(whole, Metric.FILE_DESCRIPTOR_COUNT, all.resources().descriptors());
    addKnown(whole, Metric.FILE_DESCRIPTOR_LIMIT, all.resources().maxDescriptors());
    return List.copyOf(whole);
  }

  /** A negative value would be taken for one that was measured, and summed. */
  private static void addKnown(List<Measurement> whole, Metric metric, long value) {
    if (value >= 0) {
      whole.add(one(metric, value));
    }
  }

  private static Measurement read(Metric metric, long value) {
    return new Measurement(metric, "read", (double) value);
  }

  private static Measurement written(Metric metric, long value) {
    return new Measurement(metric, "write", (double) value);
  }

  private static long count(@Nullable FaultDTO fault) {
    return fault == null ? 0 : fault.count();
  }
}
