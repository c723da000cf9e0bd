// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import io.penstock.impl.channel.DrivenChannel;
import io.penstock.impl.core.End;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.impl.poller.SelectorPoller;
import io.penstock.impl.relay.DrivenRelay;
import io.penstock.impl.relay.Standing;
import io.penstock.impl.runtime.Census.Found;
import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.EndDTO;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.FaultDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.PollerDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import io.penstock.runtime.WaitDTO;
import io.penstock.spi.Messages;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Says what an object waits for, who holds it, and what would release it. */
final class Why {
  private static final int MOST_DIRECTIONS = 4;

  /** Before the {@code service.id} of a handler: another object may have that number, too. */
  private static final String HANDLER = "handler#";

  /** What a handler's own have its name: the handler is meant. */
  private static final Set<String> PARTS = Set.of("channel", "listener", "poller");

  private final Lookup lookup;
  private final long nanos;
  private final RuntimeDTO now;
  private final List<Found> all;

  Why(Census census, Lookup lookup, long nanos) {
    this.lookup = lookup;
    this.nanos = nanos;
    this.now = census.runtime();
    this.all = census.all();
  }

  /** The paragraph. */
  String of(String name) {
    return Messages.visible(String.join(" ", sentences(name)));
  }

  private List<String> sentences(String name) {
    List<ServerDTO> served =
        now.servers().stream().filter(each -> means(name, each.name(), each.serviceId())).toList();
    List<FailedHandlerDTO> failed =
        now.failed().stream().filter(each -> means(name, each.name(), each.serviceId())).toList();
    List<Found> found = Lookup.meant(lookup.all(name));
    if (!served.isEmpty() || !failed.isEmpty()) {
      found = found.stream().filter(each -> !PARTS.contains(each.kind())).toList();
    }
    if (served.size() + failed.size() + found.size() > 1) {
      throw Lookup.several(
          name,
          Stream.of(
                  served.stream().map(each -> HANDLER + each.serviceId()),
                  failed.stream().map(each -> HANDLER + each.serviceId()),
                  found.stream().map(Lookup::describe))
              .flatMap(each -> each)
              .toList());
    }
    if (!served.isEmpty()) {
      return handler(served.get(0));
    }
    if (!failed.isEmpty()) {
      return unserved(failed.get(0));
    }
    if (found.size() == 1) {
      return of(found.get(0));
    }
    for (AwaitedDTO each : now.awaited()) {
      if (each.name().equals(name)) {
        return awaited(each);
      }
    }
    throw Lookup.none(name, names(), "an object");
  }

  private static boolean means(String name, String handler, long serviceId) {
    return name.equals(handler) || name.equals(HANDLER + serviceId);
  }

  private List<String> names() {
    return Stream.of(
            all.stream().map(Found::name),
            now.servers().stream().map(ServerDTO::name),
            now.failed().stream().map(FailedHandlerDTO::name),
            now.awaited().stream().map(AwaitedDTO::name))
        .flatMap(each -> each)
        .toList();
  }

  private List<String> of(Found found) {
    long id = found.id();
    return switch (found.kind()) {
      case "pipe" ->
          now.pipes().stream()
              .filter(each -> each.id() == id)
              .findAny()
              .map(each -> pipe(each, (DrivenPipe) found.thing()))
              .orElseGet(() -> gone(found));
      case "channel" ->
          now.channels().stream()
              .filter(each -> each.id() == id)
              .findAny()
              .map(each -> channel(each, (DrivenChannel) found.thing()))
              .orElseGet(() -> gone(found));
      case "listener" ->
          now.listeners().stream()
              .filter(each -> each.id() == id)
              .findAny()
              .map(this::listener)
              .orElseGet(() -> gone(found));
      case "relay" ->
          now.relays().stream()
              .filter(each -> each.id() == id)
              .findAny()
              .map(each -> relay(each, (DrivenRelay) found.thing()))
              .orElseGet(() -> gone(found));
      default ->
          now.pollers().stream()
              .filter(each -> each.id() == id)
              .findAny()
              .map(each -> poller(each, (SelectorPoller) found.thing()))
              .orElseGet(() -> gone(found));
    };
  }

  private static List<String> gone(Found found) {
    return List.of("The " + found.kind() + " '" + found.name() + "' has gone just now.");
  }

  // ---- pipes

  private List<String> pipe(PipeDTO pipe, DrivenPipe thing) {
    List<String> text = new ArrayList<>();
    String what = "The pipe '" + pipe.name() + "' ";
    String level = pipe.buffered() + " of " + pipe.capacity() + " bytes wait to be read";
    if (pipe.fault() != null) {
      text.add(what + "was aborted: " + fault(pipe.fault()));
      return text;
    }
    boolean full = pipe.buffered() >= pipe.capacity();
    boolean writers = !pipe.sink().waiting().isEmpty();
    boolean readers = !pipe.source().waiting().isEmpty();
    if (pipe.source().paused()) {
      text.add(what + "is paused by an operator: " + level + ".");
      writers(text, pipe.sink(), "for room");
      text.add("Resuming it releases it.");
      return text;
    }
    if (full || (writers && pipe.buffered() > 0)) {
      text.add(what + (full ? "is full: " : "has little room: ") + level + ".");
      writers(text, pipe.sink(), "for room");
      reader(text, pipe.source(), (End) thing.source());
      text.add("A read at its source releases it.");
    } else if (pipe.buffered() > 0) {
      text.add(what + "holds what nobody has read yet: " + level + ".");
      reader(text, pipe.source(), (End) thing.source());
      text.add("A read at its source takes it.");
    } else if (pipe.sink().ended()) {
      text.add(what + "was ended by its writer, and was read to its end.");
    } else if (readers || pipe.source().polled()) {
      text.add(what + "is empty, and its reader waits for the writer.");
      readers(text, pipe.source());
      poller(text, (End) thing.source());
      text.add(
          pipe.sink().bytes().total() == 0
              ? "Nothing was ever written."
              : "What was written, " + pipe.sink().bytes().total() + " bytes, was read.");
      text.add("A write to its sink, or the end of it, releases it.");
    } else {
      text.add(what + "waits for nothing: it is empty, and no call waits at it.");
    }
    return text;
  }

  /** Who reads, or that nobody does. */
  private void reader(List<String> text, EndDTO source, End end) {
    readers(text, source);
    boolean polled = poller(text, end);
    if (source.waiting().isEmpty() && !polled) {
      text.add(
          source.bytes().total() == 0
              ? "Nobody reads it, and nobody ever has."
              : "Nobody reads it now; " + source.bytes().total() + " bytes were read before.");
    }
  }

  private void writers(List<String> text, EndDTO sink, String what) {
    sink.waiting().forEach(each -> text.add(thread(each) + " waits " + what + place(each)));
  }

  private void readers(List<String> text, EndDTO source) {
    source.waiting().forEach(each -> text.add(thread(each) + " waits for bytes" + place(each)));
  }

  /** What polls an end, if a poller does; how it is busy. */
  private boolean poller(List<String> text, End end) {
    for (Found each : all) {
      if (each.thing() instanceof SelectorPoller poller && poller.polls(end)) {
        PollerDTO told = poller(each.id());
        text.add(
            "It is read by the poller '"
                + each.name()
                + "'"
                + (told == null || told.busySince() == 0
                    ? "."
                    : ", whose handler is called " + since(told.busySince()) + by(poller) + "."));
        return true;
      }
    }
    return false;
  }

  private @Nullable PollerDTO poller(long id) {
    return now.pollers().stream().filter(each -> each.id() == id).findAny().orElse(null);
  }

  private static String by(SelectorPoller poller) {
    Thread thread = poller.activity().thread();
    if (thread == null) {
      return "";
    }
    return " by thread '" + thread.getName() + "'" + at(Census.stack(thread));
  }

  // ---- channels

  private List<String> channel(ChannelDTO channel, DrivenChannel thing) {
    List<String> text = new ArrayList<>();
    String what = "The channel '" + channel.name() + "' ";
    String peer = channel.peer() == null ? "its peer" : "its peer " + channel.peer();
    EndDTO source = channel.source();
    EndDTO sink = channel.sink();
    switch (channel.state()) {
      case CONNECTING -> {
        text.add(
            what
                + "connects to "
                + channel.endpoint()
                + " "
                + sinceNanos(thing.since())
                + ", and gives up after "
                + thing.connectTimeout().toMillis()
                + " ms.");
        writers(text, sink, "for the connection");
        readers(text, source);
        text.add("An answer of the peer, or that limit, releases it.");
        return text;
      }
      case FAILED -> {
        text.add(what + "has failed: " + (channel.fault() == null ? "" : fault(channel.fault())));
        text.add("Its user has to close it, and may connect anew.");
        return text;
      }
      case CLOSING -> {
        text.add(
            what
                + "was closed here, and "
                + sink.buffered()
                + " bytes wait for "
                + peer
                + " to take them.");
        text.add(
            "A read of the peer releases it, or the close limit of "
                + thing.closeTimeout().toMillis()
                + " ms, which drops them.");
        return text;
      }
      default -> {}
    }
    if (source.paused()) {
      text.add(
          what
              + "is paused by an operator: what "
              + peer
              + " sends is not read, "
              + source.buffered()
              + " bytes of it wait in memory.");
    }
    if (sink.buffered() > 0 || !sink.waiting().isEmpty()) {
      text.add(
          what
              + "waits for "
              + peer
              + ", which does not take what is sent (its window is"
              + " closed): "
              + sink.buffered()
              + " bytes are accepted and not sent.");
      writers(text, sink, "for room");
      text.add("A read of the peer releases it, or a close of the channel.");
    }
    if (source.paused()) {
      text.add("Resuming it releases its reader.");
      return text;
    }
    incoming(text, what, peer, channel, (End) thing.source());
    return text;
  }

  private void incoming(List<String> text, String what, String peer, ChannelDTO channel, End end) {
    EndDTO source = channel.source();
    if (source.buffered() > 0) {
      text.add(what + "has " + source.buffered() + " bytes that wait to be read.");
      reader(text, source, end);
      text.add("A read at its source takes them.");
    } else if (source.ended()) {
      text.add(
          what
              + "was ended by "
              + peer
              + (channel.sink().open() ? "; its user may close it." : "."));
    } else if (!source.waiting().isEmpty() || source.polled()) {
      text.add(
          what
              + "waits for "
              + peer
              + " to send: "
              + source.bytes().total()
              + " bytes have come so far.");
      readers(text, source);
      poller(text, end);
      text.add("Bytes of the peer, or its end, release it.");
    } else if (text.isEmpty()) {
      text.add(
          what
              + "waits for nothing: no call waits at it, and no poller has it. What "
              + peer
              + " sends stays with the system until a read.");
    }
  }

  // ---- listeners, relays, pollers, handlers

  private List<String> listener(ListenerDTO listener) {
    String what = "The listener '" + listener.name() + "' ";
    String open = listener.connections() + " of " + listener.maxConnections() + " connections are";
    if (listener.held() == null) {
      return List.of(
          what
              + "accepts, and waits for peers at "
              + listener.endpoint()
              + ": "
              + open
              + " open, and "
              + listener.accepted().total()
              + " were accepted."
              + (listener.fault() == null
                  ? ""
                  : " The last failure was " + fault(listener.fault())));
    }
    return switch (listener.held()) {
      case "paused" ->
          List.of(
              what + "is paused: peers wait in the system's backlog.",
              "Resuming it, by an operator or by the code that has paused it, releases it.");
      case "full" ->
          List.of(
              what + "is full: " + open + " open, and further peers wait in the system's backlog.",
              "The close of a connection releases it, or a higher limit.");
      default ->
          List.of(
              what
                  + "rests, because the system has no descriptor or memory left for a connection"
                  + (listener.fault() == null ? "." : ": " + fault(listener.fault())),
              "It tries again by itself; the close of other files and connections, or a higher"
                  + " limit (ulimit -n), releases it.");
    };
  }

  private List<String> relay(RelayDTO relay, DrivenRelay thing) {
    List<String> text = new ArrayList<>();
    String what = "The relay '" + relay.name() + "' ";
    if (relay.paused()) {
      text.add(
          what
              + "is paused by an operator, with "
              + relay.active()
              + " connections: it reads from"
              + " neither side, and accepts nobody.");
      text.add("Resuming it releases it.");
      return text;
    }
    if (relay.active() == 0) {
      text.add(
          what
              + "has no connection: it waits for a peer of "
              + relay.from()
              + ", or for "
              + relay.to()
              + ".");
    } else {
      text.add(what + "has " + relay.active() + " connections.");
      thing.standing().stream()
          .sorted(Comparator.comparing(Standing::loaded).reversed())
          .limit(MOST_DIRECTIONS)
          .forEach(each -> text.add(standing(each)));
    }
    if (relay.fault() != null) {
      text.add("The last connection that failed met " + fault(relay.fault()));
    }
    return text;
  }

  private String standing(Standing each) {
    String when =
        each.lastMoved() == 0
            ? "nothing has gone that way yet"
            : "bytes went that way last " + ago(nanos - each.lastMoved()) + " ago";
    String way = "From " + each.source().name() + " to " + each.sink().name() + ": ";
    return each.loaded()
        ? way
            + "the peer of "
            + each.sink().name()
            + " does not take what is there; "
            + when
            + "; a read of that peer releases it."
        : way + "it waits for bytes of " + each.source().name() + "; " + when + ".";
  }

  private List<String> poller(PollerDTO poller, SelectorPoller thing) {
    String what = "The poller '" + poller.name() + "' ";
    String ends = poller.registered() + " registered ends";
    if (poller.busySince() != 0) {
      return List.of(
          what + "is busy: its handler is called " + since(poller.busySince()) + by(thing) + ".",
          "What else is ready of its " + ends + " waits for that call.",
          "The return of the handler releases it.");
    }
    if (poller.thread() != null) {
      return List.of(
          what
              + "waits for its "
              + ends
              + " to become ready, on thread '"
              + poller.thread()
              + "'.");
    }
    return List.of(
        what + "is not polled by any thread now: its " + ends + " wait for a call of poll.");
  }

  private List<String> handler(ServerDTO server) {
    List<String> text = new ArrayList<>();
    String what = "The handler '" + server.name() + "' ";
    if (server.trouble() != null) {
      text.add(
          what + "has no connection to " + server.endpoint() + ": " + sentence(server.trouble()));
      text.add("It is tried again until it succeeds.");
      return text;
    }
    text.add(
        what
            + "is served at "
            + server.endpoint()
            + ", with "
            + server.connections().size()
            + " connections.");
    server.connections().stream()
        .filter(each -> !each.waits().equals("nothing"))
        .limit(MOST_DIRECTIONS)
        .forEach(each -> text.add(each.name() + " waits for " + each.waits() + "."));
    all.stream()
        .filter(each -> each.thing() instanceof SelectorPoller && each.name().equals(server.name()))
        .forEach(
            each -> {
              PollerDTO told = poller(each.id());
              if (told != null) {
                text.addAll(poller(told, (SelectorPoller) each.thing()));
              }
            });
    if (server.lastFault() != null) {
      text.add(
          server.faults()
              + " of its calls have thrown; the last, "
              + since(server.lastFaultAt())
              + ", threw "
              + sentence(server.lastFault()));
    }
    return text;
  }

  private List<String> unserved(FailedHandlerDTO handler) {
    return List.of(
        "The handler '"
            + handler.name()
            + "' is not served "
            + since(handler.since())
            + ": "
            + sentence(handler.message()));
  }

  private List<String> awaited(AwaitedDTO each) {
    return List.of(
        "The "
            + each.kind()
            + " '"
            + each.name()
            + "' is configured by "
            + each.pid()
            + " and is not there "
            + since(each.since())
            + (each.why().isEmpty()
                ? "; nothing was tried yet."
                : ": after "
                    + each.tries()
                    + (each.tries() == 1 ? " try, " : " tries, ")
                    + sentence(each.why())),
        "It is tried again by itself; a change of the configuration tries at once.");
  }

  // ---- words

  private static String sentence(String text) {
    return text.endsWith(".") ? text : text + ".";
  }

  private String fault(FaultDTO fault) {
    return fault.message()
        + " ("
        + since(fault.at())
        + (fault.count() == 1 ? "" : ", " + fault.count() + " times")
        + ").";
  }

  private static String thread(WaitDTO wait) {
    return "Thread '" + wait.thread() + "'";
  }

  private String place(WaitDTO wait) {
    return " " + since(wait.since()) + at(wait.stack()) + ".";
  }

  private String since(long wall) {
    return "since "
        + Instant.ofEpochMilli(wall)
        + " ("
        + ago(TimeUnit.MILLISECONDS.toNanos(Math.max(0, now.at() - wall)))
        + ")";
  }

  private String sinceNanos(long then) {
    return since(now.at() - TimeUnit.NANOSECONDS.toMillis(Math.max(0, nanos - then)));
  }

  private static String ago(long nanos) {
    return String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
  }

  private static String at(List<String> stack) {
    String frame = frame(stack);
    return frame == null ? "" : ", at " + frame;
  }

  /** The innermost call that is neither the product's nor the JDK's; null if there is none. */
  static @Nullable String frame(List<String> stack) {
    return stack.stream().filter(Why::isUsers).findFirst().orElse(null);
  }

  private static boolean isUsers(String line) {
    String call = line.substring(line.lastIndexOf('/', Math.max(0, line.indexOf('('))) + 1);
    return !call.startsWith("io.penstock.")
        && !call.startsWith("java.")
        && !call.startsWith("jdk.")
        && !call.startsWith("sun.");
  }
}
