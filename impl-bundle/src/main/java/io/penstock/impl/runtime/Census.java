// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import io.penstock.impl.channel.DrivenChannel;
import io.penstock.impl.core.End;
import io.penstock.impl.core.LastFault;
import io.penstock.impl.core.ListenerEnd;
import io.penstock.impl.engine.Budgets;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.MemoryFacts;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.impl.poller.SelectorPoller;
import io.penstock.impl.relay.DrivenRelay;
import io.penstock.pipe.PipeStats;
import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.EndDTO;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.FaultDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.PollerDTO;
import io.penstock.runtime.RateDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import io.penstock.runtime.WaitDTO;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Gathers what there is, and nothing while nobody asks. */
public final class Census implements PenstockRuntime {
  private static final int DEEPEST = 40;

  /** How often a pipe is looked at for a moment in which no bytes move. */
  private static final int MOST_LOOKS = 8;

  private static final int READ_BYTES = 0;
  private static final int READ_OPERATIONS = 1;
  private static final int WRITTEN_BYTES = 2;
  private static final int WRITTEN_OPERATIONS = 3;

  /** An object that is there. */
  public record Found(long id, String name, String kind, String owner, Object thing) {}

  /** What serves, and what does not: known only above. */
  public record Served(List<ServerDTO> servers, List<FailedHandlerDTO> failed) {
    /** Nothing is. */
    public static final Served NOTHING = new Served(List.of(), List.of());
  }

  private final Engine engine;
  private final Supplier<? extends Collection<Scope>> scopes;
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Rates rates = new Rates();
  private volatile Supplier<Served> served = () -> Served.NOTHING;
  private volatile Supplier<List<RemoteDTO>> remotes = List::of;

  /**
   * Makes a census.
   *
   * @param engine knows what no scope keeps
   * @param scopes keep the others
   */
  public Census(Engine engine, Supplier<? extends Collection<Scope>> scopes) {
    this.engine = engine;
    this.scopes = scopes;
  }

  /** Says what tells of handlers from now on. */
  public void serves(Supplier<Served> value) {
    served = value;
  }

  /** Says what tells of other containers from now on. */
  public void finds(Supplier<List<RemoteDTO>> value) {
    remotes = value;
  }

  /** Each object once, and who made it. */
  private Map<Object, String> owners() {
    Map<Object, String> owners = new LinkedHashMap<>();
    for (Scope scope : scopes.get()) {
      scope.things().forEach(thing -> owners.putIfAbsent(thing, scope.owner()));
    }
    for (Object thing : engine.roster()) {
      Object there = thing instanceof Reporting reporting ? reporting.thing() : thing;
      // A private pipe stays enlisted until its user lets the service go.
      if (there != null && !(there instanceof DrivenPipe pipe && pipe.isSpent())) {
        owners.putIfAbsent(there, "");
      }
    }
    return owners;
  }

  /** What is there, to be found by name or number. */
  public List<Found> all() {
    List<Found> all = new ArrayList<>();
    Map<Object, String> owners = owners();
    lock.lock();
    try {
      owners.forEach(
          (thing, owner) -> {
            long id = rates.of(thing).id();
            if (thing instanceof DrivenPipe pipe) {
              all.add(new Found(id, pipe.name(), "pipe", owner, thing));
            } else if (thing instanceof DrivenChannel channel) {
              all.add(new Found(id, channel.name(), "channel", owner, thing));
            } else if (thing instanceof ListenerEnd listener) {
              all.add(new Found(id, listener.name(), "listener", owner, thing));
            } else if (thing instanceof DrivenRelay relay) {
              all.add(new Found(id, relay.name(), "relay", owner, thing));
            } else if (thing instanceof SelectorPoller poller) {
              all.add(new Found(id, name(poller, id), "poller", owner, thing));
            }
          });
    } finally {
      lock.unlock();
    }
    return all;
  }

  /** The number of something, the same at each look. */
  public long id(Object thing) {
    lock.lock();
    try {
      return rates.of(thing).id();
    } finally {
      lock.unlock();
    }
  }

  private static String name(SelectorPoller poller, long id) {
    return poller.activity().label().isEmpty() ? "poller-" + id : poller.activity().label();
  }

  /** What is configured and not there. */
  public List<AwaitedDTO> awaited() {
    return engine.roster().stream()
        .filter(Reporting.class::isInstance)
        .map(thing -> ((Reporting) thing).awaited())
        .flatMap(Optional::stream)
        .sorted(Comparator.comparing(AwaitedDTO::name))
        .toList();
  }

  @Override
  public RuntimeDTO runtime() {
    List<Found> all = all();
    List<SelectorPoller> pollers =
        all.stream()
            .filter(found -> found.thing() instanceof SelectorPoller)
            .map(found -> (SelectorPoller) found.thing())
            .toList();
    Served now = served.get();
    Look look = new Look(pollers);
    // The resources are read from files of the system, for which no other caller is to wait.
    List<AwaitedDTO> awaited = awaited();
    List<RemoteDTO> found = remotes.get();
    ResourcesDTO resources = resources();
    lock.lock();
    try {
      return new RuntimeDTO(
          look.wall,
          each(all, DrivenPipe.class, look::pipe, PipeDTO::name, PipeDTO::id),
          each(all, DrivenChannel.class, look::channel, ChannelDTO::name, ChannelDTO::id),
          each(all, ListenerEnd.class, look::listener, ListenerDTO::name, ListenerDTO::id),
          each(all, DrivenRelay.class, look::relay, RelayDTO::name, RelayDTO::id),
          each(all, SelectorPoller.class, look::poller, PollerDTO::name, PollerDTO::id),
          now.servers(),
          now.failed(),
          awaited,
          found,
          resources);
    } finally {
      lock.unlock();
    }
  }

  private interface Describe<T, D> {
    D describe(Found found, T thing);
  }

  private static <T, D> List<D> each(
      List<Found> all,
      Class<T> type,
      Describe<T, D> how,
      Function<D, String> name,
      ToLongFunction<D> id) {
    return all.stream()
        .filter(found -> type.isInstance(found.thing()))
        .map(found -> how.describe(found, type.cast(found.thing())))
        .sorted(Comparator.comparing(name).thenComparingLong(id))
        .toList();
  }

  private ResourcesDTO resources() {
    Budgets budgets = engine.budgets();
    return new ResourcesDTO(
        MemoryFacts.descriptors(),
        MemoryFacts.maxDescriptors(),
        budgets.heap().held() + budgets.direct().held(),
        Math.min(budgets.container().limit(), budgets.heap().limit() + budgets.direct().limit()));
  }

  /** One look at everything. Has the lock. */
  private final class Look {
    private final List<SelectorPoller> pollers;
    private final long wall = System.currentTimeMillis();
    private final long nanos = engine.parker().nanoTime();

    Look(List<SelectorPoller> pollers) {
      this.pollers = pollers;
    }

    PipeDTO pipe(Found found, DrivenPipe pipe) {
      End source = (End) pipe.source();
      End sink = (End) pipe.sink();
      Rates.Track track = rates.of(pipe);
      PipeStats stats;
      List<Waiter> writers;
      List<Waiter> readers;
      long written;
      long read;
      int looks = 0;
      do {
        // First, so that what a caller did before it began to wait is in what is told of it.
        writers = waiters(sink);
        readers = waiters(source);
        written = sink.bytes();
        read = source.bytes();
        stats = pipe.stats();
        looks++;
      } while (looks < MOST_LOOKS
          && (written != sink.bytes()
              || read != source.bytes()
              || !writers.equals(waiters(sink))
              || !readers.equals(waiters(source))));
      boolean still = written == sink.bytes() && read == source.bytes();
      // An end counts a moment after it has moved bytes: what was told before may be more.
      written = Math.max(written, track.toldWritten);
      read = Math.max(read, track.toldRead);
      long least = still ? stats.buffered() : 0;
      long most = still ? stats.buffered() : pipe.capacity();
      written = Math.max(written, read + least);
      read = Math.max(read, written - most);
      track.toldWritten = written;
      track.toldRead = read;
      long buffered = written - read;
      return new PipeDTO(
          found.id(),
          found.name(),
          found.owner(),
          pipe.capacity(),
          buffered,
          Math.max(buffered, stats.highWater()),
          end(
              pipe,
              sink,
              writers,
              WRITTEN_BYTES,
              written,
              pipe.sink().ended(),
              pipe.sink().isOpen()),
          end(
              pipe,
              source,
              readers,
              READ_BYTES,
              read,
              pipe.source().ended(),
              pipe.source().isOpen()),
          fault(pipe.fault()));
    }

    ChannelDTO channel(Found found, DrivenChannel channel) {
      End source = (End) channel.source();
      End sink = (End) channel.sink();
      LastFault fault = ofBoth(source.fault(), sink.fault());
      return new ChannelDTO(
          found.id(),
          found.name(),
          found.owner(),
          channel.endpoint().scheme(),
          channel.endpoint().anonymous().toString(),
          text(channel.local()),
          text(channel.peer()),
          state(channel, fault),
          end(
              channel,
              source,
              waiters(source),
              READ_BYTES,
              source.bytes(),
              channel.source().ended(),
              channel.source().isOpen()),
          end(
              channel,
              sink,
              waiters(sink),
              WRITTEN_BYTES,
              sink.bytes(),
              channel.sink().ended(),
              channel.sink().isOpen()),
          fault(fault));
    }

    private ChannelDTO.State state(DrivenChannel channel, @Nullable LastFault fault) {
      if (channel.isConnecting()) {
        return ChannelDTO.State.CONNECTING;
      }
      if (!channel.isOpen()) {
        return ChannelDTO.State.CLOSING;
      }
      return fault == null ? ChannelDTO.State.CONNECTED : ChannelDTO.State.FAILED;
    }

    ListenerDTO listener(Found found, ListenerEnd listener) {
      return new ListenerDTO(
          found.id(),
          found.name(),
          found.owner(),
          listener.endpoint().scheme(),
          listener.endpoint().anonymous().toString(),
          rate(listener, READ_BYTES, listener.accepted()),
          listener.connections(),
          listener.maxConnections(),
          listener.holds(),
          fault(listener.fault()));
    }

    RelayDTO relay(Found found, DrivenRelay relay) {
      return new RelayDTO(
          found.id(),
          found.name(),
          found.owner(),
          relay.from(),
          relay.to(),
          relay.active(),
          rate(relay, READ_BYTES, relay.forwarded()),
          rate(relay, WRITTEN_BYTES, relay.returned()),
          relay.forwardBuffers(),
          relay.returnBuffers(),
          relay.isHeld(),
          fault(relay.fault()));
    }

    PollerDTO poller(Found found, SelectorPoller poller) {
      long busy = poller.activity().busySince();
      Thread thread = poller.activity().thread();
      return new PollerDTO(
          found.id(),
          found.name(),
          found.owner(),
          poller.size(),
          rate(poller, READ_BYTES, poller.activity().events()),
          busy == 0 ? 0 : wall(busy),
          thread == null ? null : thread.getName());
    }

    private RateDTO rate(Object thing, int which, long total) {
      return rates.of(thing).rate(which, nanos, total);
    }

    private long wall(long since) {
      return wall - TimeUnit.NANOSECONDS.toMillis(Math.max(0, nanos - since));
    }

    private WaitDTO waiting(Waiter waiter) {
      Thread thread = waiter.thread();
      return new WaitDTO(thread.getName(), wall(waiter.since()), stack(thread));
    }

    private EndDTO end(
        Object thing,
        End end,
        List<Waiter> waiters,
        int bytes,
        long total,
        boolean ended,
        boolean open) {
      int operations = bytes == READ_BYTES ? READ_OPERATIONS : WRITTEN_OPERATIONS;
      return new EndDTO(
          rate(thing, bytes, total),
          rate(thing, operations, end.operations()),
          end.buffered(),
          end.waits(),
          waiters.stream().map(this::waiting).toList(),
          pollers.stream().anyMatch(poller -> poller.polls(end)),
          end.isHeld(),
          ended,
          open);
    }
  }

  /** A caller that waits, and the nanosecond at which it began to. */
  private record Waiter(Thread thread, long since) {}

  private static List<Waiter> waiters(End end) {
    List<Waiter> waiters = new ArrayList<>();
    end.eachWaiting((thread, since) -> waiters.add(new Waiter(thread, since)));
    return waiters;
  }

  /** Where a thread is now, the innermost call first. */
  static List<String> stack(Thread thread) {
    return Arrays.stream(thread.getStackTrace())
        .limit(DEEPEST)
        .map(StackTraceElement::toString)
        .toList();
  }

  private static @Nullable String text(Optional<SocketAddress> address) {
    return address.map(SocketAddress::toString).orElse(null);
  }

  /** What failed last at either end, and how often both have failed. */
  private static @Nullable LastFault ofBoth(@Nullable LastFault one, @Nullable LastFault two) {
    if (one == null || two == null) {
      return one == null ? two : one;
    }
    LastFault latest = one.at() >= two.at() ? one : two;
    return new LastFault(
        latest.cause(), latest.at(), one.count() + two.count(), latest.operations());
  }

  private static @Nullable FaultDTO fault(@Nullable LastFault fault) {
    if (fault == null) {
      return null;
    }
    Throwable cause = fault.cause();
    String message = cause.getMessage();
    return new FaultDTO(
        cause.getClass().getSimpleName() + (message == null ? "" : ": " + message),
        fault.at(),
        fault.count());
  }
}
