// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.operator.ReportTable.Cell;
import io.penstock.operator.ReportTable.Column;
import io.penstock.operator.ReportTable.Row;
import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.ConnectionDTO;
import io.penstock.runtime.EndDTO;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.PollerDTO;
import io.penstock.runtime.RateDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RemoteEntryDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import io.penstock.runtime.WaitDTO;
import io.penstock.stream.Units;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Tables of what there is, one for each kind of object. What is awaited is in that of its kind. */
final class RuntimeTables {
  private static final String AWAITED = "awaited";

  /** Each table by its name, in the order of a report. */
  static final Map<String, Function<RuntimeDTO, ReportTable>> ALL = all();

  private RuntimeTables() {}

  /** The table of a name. */
  static ReportTable of(String name, RuntimeDTO runtime) {
    return Objects.requireNonNull(ALL.get(name), name).apply(runtime);
  }

  private static Map<String, Function<RuntimeDTO, ReportTable>> all() {
    Map<String, Function<RuntimeDTO, ReportTable>> all = new LinkedHashMap<>();
    all.put("pipes", RuntimeTables::pipes);
    all.put("channels", RuntimeTables::channels);
    all.put("listeners", RuntimeTables::listeners);
    all.put("relays", RuntimeTables::relays);
    all.put("pollers", RuntimeTables::pollers);
    all.put("handlers", RuntimeTables::handlers);
    all.put("remotes", RuntimeTables::remotes);
    return all;
  }

  private static ReportTable pipes(RuntimeDTO runtime) {
    Table table =
        new Table(
            "pipes",
            "id#",
            "name",
            "state",
            "fill#",
            "buffered#",
            "capacity#",
            "in/s#",
            "in#",
            "out/s#",
            "out#",
            "waits",
            "fault");
    for (PipeDTO pipe : runtime.pipes()) {
      table.row(
          pipe,
          id(pipe.id()),
          text(pipe.name()),
          text(state(pipe)),
          new Cell(
              Amounts.percent(pipe.buffered(), pipe.capacity()),
              pipe.capacity() == 0 ? 0 : (double) pipe.buffered() / pipe.capacity()),
          size(pipe.buffered()),
          size(pipe.capacity()),
          speed(pipe.sink().bytes()),
          size(pipe.sink().bytes().total()),
          speed(pipe.source().bytes()),
          size(pipe.source().bytes().total()),
          text(waits(pipe.source(), pipe.sink(), runtime.at())),
          text(Amounts.fault(pipe.fault(), runtime.at())));
    }
    return table.with(runtime, "pipe");
  }

  private static String state(PipeDTO pipe) {
    if (pipe.fault() != null) {
      return "aborted";
    }
    return pipe.source().paused() ? "paused" : pipe.sink().ended() ? "ended" : "open";
  }

  private static ReportTable channels(RuntimeDTO runtime) {
    Table table =
        new Table(
            "channels",
            "id#",
            "name",
            "kind",
            "endpoint",
            "peer",
            "state",
            "in/s#",
            "in#",
            "out/s#",
            "out#",
            "buffered#",
            "waits",
            "fault");
    for (ChannelDTO channel : runtime.channels()) {
      table.row(
          channel,
          id(channel.id()),
          text(channel.name()),
          text(channel.kind()),
          text(channel.endpoint()),
          text(channel.peer()),
          text(
              channel.source().paused()
                  ? "paused"
                  : channel.state().name().toLowerCase(Locale.ROOT)),
          speed(channel.source().bytes()),
          size(channel.source().bytes().total()),
          speed(channel.sink().bytes()),
          size(channel.sink().bytes().total()),
          size(channel.source().buffered() + channel.sink().buffered()),
          text(waits(channel.source(), channel.sink(), runtime.at())),
          text(Amounts.fault(channel.fault(), runtime.at())));
    }
    return table.with(runtime, "channel");
  }

  private static ReportTable listeners(RuntimeDTO runtime) {
    Table table =
        new Table(
            "listeners",
            "id#",
            "name",
            "kind",
            "endpoint",
            "state",
            "open#",
            "accepted#",
            "accepted/s#",
            "fault");
    for (ListenerDTO listener : runtime.listeners()) {
      table.row(
          listener,
          id(listener.id()),
          text(listener.name()),
          text(listener.kind()),
          text(listener.endpoint()),
          text(listener.held() == null ? "listening" : listener.held()),
          new Cell(
              Amounts.of(listener.connections(), listener.maxConnections()),
              listener.connections()),
          count(listener.accepted().total()),
          often(listener.accepted()),
          text(Amounts.fault(listener.fault(), runtime.at())));
    }
    return table.with(runtime, "listener");
  }

  private static ReportTable relays(RuntimeDTO runtime) {
    Table table =
        new Table(
            "relays",
            "id#",
            "name",
            "from",
            "to",
            "state",
            "active#",
            "forwarded/s#",
            "forwarded#",
            "returned/s#",
            "returned#",
            "grown#",
            "send buffer#",
            "fault");
    for (RelayDTO relay : runtime.relays()) {
      table.row(
          relay,
          id(relay.id()),
          text(relay.name()),
          text(relay.from()),
          text(relay.to()),
          text(relay.paused() ? "paused" : "running"),
          count(relay.active()),
          speed(relay.forwarded()),
          size(relay.forwarded().total()),
          speed(relay.returned()),
          size(relay.returned().total()),
          count(relay.forwardBuffers().grown() + relay.returnBuffers().grown()),
          size(Math.max(relay.forwardBuffers().sendBuffer(), relay.returnBuffers().sendBuffer())),
          text(Amounts.fault(relay.fault(), runtime.at())));
    }
    return table.with(runtime, "relay");
  }

  private static ReportTable pollers(RuntimeDTO runtime) {
    Table table =
        new Table(
            "pollers", "id#", "name", "registered#", "events#", "events/s#", "busy#", "thread");
    for (PollerDTO poller : runtime.pollers()) {
      long busy = poller.busySince() == 0 ? -1 : runtime.at() - poller.busySince();
      table.row(
          poller,
          id(poller.id()),
          text(poller.name()),
          count(poller.registered()),
          count(poller.events().total()),
          often(poller.events()),
          new Cell(busy < 0 ? Amounts.NOTHING : Amounts.span(busy), busy < 0 ? Double.NaN : busy),
          text(poller.thread()));
    }
    return table.with(runtime, "poller");
  }

  private static ReportTable handlers(RuntimeDTO runtime) {
    Table table =
        new Table(
            "handlers",
            "service#",
            "name",
            "endpoint",
            "state",
            "threads",
            "open#",
            "opened#",
            "frames#",
            "faults#",
            "waits",
            "fault");
    for (ServerDTO server : runtime.servers()) {
      String fault =
          server.lastFault() == null
              ? ""
              : server.lastFault()
                  + " ("
                  + Amounts.span(runtime.at() - server.lastFaultAt())
                  + " ago)";
      table.row(
          server,
          count(server.serviceId()),
          text(server.name()),
          text(server.endpoint()),
          text(server.trouble() != null ? "troubled" : server.connects() ? "connects" : "listens"),
          text(server.execution()),
          count(server.connections().size()),
          count(server.opened()),
          count(server.frames()),
          count(server.faults()),
          text(waits(server.connections())),
          text(server.trouble() != null ? server.trouble() : fault));
    }
    for (FailedHandlerDTO failed : runtime.failed()) {
      table.partly(
          failed,
          Map.of(
              "service", count(failed.serviceId()),
              "name", text(failed.name()),
              "state", text("not served"),
              "waits", text(Amounts.span(runtime.at() - failed.since())),
              "fault", text(failed.message())));
    }
    return table.with(runtime, "handler");
  }

  /** The registries, each followed by its entries. */
  private static ReportTable remotes(RuntimeDTO runtime) {
    Table table =
        new Table(
            "remotes",
            "name",
            "endpoint",
            "state",
            "rank#",
            "open#",
            "heard#",
            "tags",
            "node",
            "fault");
    for (RemoteDTO remote : runtime.remotes()) {
      long since = runtime.at() - remote.since();
      table.partly(
          remote,
          Map.of(
              "name", text("(registry)"),
              "endpoint", text(remote.registry()),
              "state", text(remote.connected() ? "connected" : "frozen"),
              "heard", new Cell(Amounts.span(since), since),
              "node", text(remote.node()),
              "fault", text(remote.trouble())));
      for (RemoteEntryDTO entry : remote.entries()) {
        long heard = entry.heard() == 0 ? -1 : Math.max(0, runtime.at() - entry.heard());
        table.row(
            entry,
            text(entry.name()),
            text(entry.endpoint()),
            text(entry.state().name().toLowerCase(Locale.ROOT)),
            count(entry.rank()),
            count(entry.channels()),
            new Cell(
                heard < 0 ? Amounts.NOTHING : Amounts.span(heard), heard < 0 ? Double.NaN : heard),
            text(
                String.join(
                    ",",
                    new TreeMap<>(entry.tags())
                        .entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList())),
            text(entry.node()),
            text(entry.trouble()));
      }
    }
    return table.with(runtime, "remote");
  }

  /** What keeps the connections of a server from being read, and how many each. */
  private static String waits(List<ConnectionDTO> connections) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (ConnectionDTO connection : connections) {
      if (!connection.waits().equals("nothing")) {
        counts.merge(connection.waits(), 1, Integer::sum);
      }
    }
    return String.join(
        ", ", counts.entrySet().stream().map(e -> e.getValue() + " for " + e.getKey()).toList());
  }

  /** Who waits at two ends, and how long the first of them has done so. */
  private static String waits(EndDTO source, EndDTO sink, long now) {
    List<String> all = new ArrayList<>();
    waits(all, source, "reader", now);
    waits(all, sink, "writer", now);
    if (source.polled() || sink.polled()) {
      all.add("poller");
    }
    return String.join(", ", all);
  }

  private static void waits(List<String> all, EndDTO end, String who, long now) {
    int threads = end.waiting().size();
    if (threads > 0) {
      long first = end.waiting().stream().mapToLong(WaitDTO::since).min().orElse(now);
      all.add((threads == 1 ? who : threads + " " + who + "s") + " " + Amounts.span(now - first));
    }
  }

  private static Cell text(@Nullable String text) {
    return new Cell(text == null ? "" : text, Double.NaN);
  }

  private static Cell id(long id) {
    return new Cell("#" + id, id);
  }

  private static Cell count(long count) {
    return new Cell(Long.toString(count), count);
  }

  private static Cell size(long bytes) {
    return new Cell(bytes < 0 ? Amounts.NOTHING : Units.text(bytes), bytes);
  }

  private static Cell speed(RateDTO rate) {
    return new Cell(Amounts.speed(rate.second()), rate.second() < 0 ? Double.NaN : rate.second());
  }

  private static Cell often(RateDTO rate) {
    return new Cell(Amounts.often(rate.second()), rate.second() < 0 ? Double.NaN : rate.second());
  }

  /** A table that is being made; for one thread. */
  private static final class Table {
    private final String title;
    private final List<Column> columns;
    private final List<Row> rows = new ArrayList<>();

    /** Of columns by name, with {@code #} after those of numbers. */
    Table(String title, String... names) {
      this.title = title;
      this.columns =
          Arrays.stream(names)
              .map(name -> new Column(name.replace("#", ""), name.endsWith("#")))
              .toList();
    }

    void row(Record object, Cell... cells) {
      rows.add(new Row(object, List.of(cells)));
    }

    /** A row that has cells in some columns only. */
    void partly(Record object, Map<String, Cell> cells) {
      rows.add(
          new Row(
              object,
              columns.stream()
                  .map(column -> cells.getOrDefault(column.name(), text("")))
                  .toList()));
    }

    /** Adds what is configured and not there. */
    ReportTable with(RuntimeDTO runtime, String kind) {
      for (AwaitedDTO awaited : runtime.awaited()) {
        if (awaited.kind().equals(kind)) {
          String tries = awaited.tries() + (awaited.tries() == 1 ? " try, " : " tries, ");
          partly(
              awaited,
              Map.of(
                  "name", text(awaited.name()),
                  "state", text(AWAITED),
                  "fault",
                      text(
                          awaited.why()
                              + " ("
                              + tries
                              + Amounts.span(runtime.at() - awaited.since())
                              + ")")));
        }
      }
      return new ReportTable(title, columns, rows);
    }
  }
}
