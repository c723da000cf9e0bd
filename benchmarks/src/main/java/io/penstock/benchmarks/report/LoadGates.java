// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import static io.penstock.benchmarks.server.Server.MINA_SSH;
import static io.penstock.benchmarks.server.Server.NETTY_EPOLL;
import static io.penstock.benchmarks.server.Server.NETTY_NIO;
import static io.penstock.benchmarks.server.Server.NETTY_TLS;
import static io.penstock.benchmarks.server.Server.PENSTOCK_BLOCKING;
import static io.penstock.benchmarks.server.Server.PENSTOCK_POLLER;
import static io.penstock.benchmarks.server.Server.PENSTOCK_RELAY;
import static io.penstock.benchmarks.server.Server.PENSTOCK_SERVER;
import static io.penstock.benchmarks.server.Server.PENSTOCK_SSH;
import static io.penstock.benchmarks.server.Server.PENSTOCK_TLS;
import static io.penstock.benchmarks.server.Server.PENSTOCK_TLS_POLLER;

import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import io.penstock.benchmarks.server.Server;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What shall be reached of what users see under load. */
final class LoadGates {
  /** Less than this is 0 B: what the start of a measurement leaves, spread over its operations. */
  static final double NOTHING = .5;

  private final List<Gate> gates = new ArrayList<>();

  private LoadGates() {}

  static List<Gate> all() {
    LoadGates all = new LoadGates();
    Subject tcp = heap(Texts.MEMORY_TCP, PENSTOCK_POLLER.name());
    all.add("heap per idle connection, bytes", false, tcp, 1100);
    all.add("heap per idle connection, bytes", true, tcp, 900);
    all.half(
        "served handler", heap(Texts.MEMORY_TCP, PENSTOCK_SERVER.name()), NETTY_NIO, NETTY_EPOLL);
    all.half("TLS", heap(Texts.MEMORY_TLS, PENSTOCK_TLS_POLLER.name()), NETTY_TLS);
    all.half("SSH channel, client", heap(Texts.MEMORY_SSH_CLIENT, PENSTOCK_SSH.name()), MINA_SSH);
    all.half("SSH channel, server", heap(Texts.MEMORY_SSH_SERVER, PENSTOCK_SSH.name()), MINA_SSH);
    all.gates.add(
        new Gate(
            "heap per idle pair in memory",
            true,
            heap(Texts.MEMORY_PAIR, Gate.PENSTOCK),
            List.of(Gate.NETTY),
            .5));
    for (String jdk : List.of(Texts.THIS_JDK, Texts.NEW_JDK)) {
      for (String child : List.of("", Texts.CHILD)) {
        String setting = Texts.START + jdk + child;
        Subject start = new Subject(Kind.START, Load.QUIET, setting, Gate.PENSTOCK, 1);
        all.add(setting + ", to the first byte, ms", false, start, 200);
        all.add(setting + ", to the first byte, ms", true, start, 120);
      }
    }
    for (int writers : Texts.FANS) {
      all.shared(writers, false, 1.5);
      all.shared(writers, true, 2);
    }
    for (int chunk : Texts.GARBAGE_CHUNKS) {
      all.garbage("pipe, " + Texts.size(chunk), Texts.GARBAGE_PIPE, Gate.PENSTOCK, chunk);
    }
    all.garbage("pair in memory, 64 B", Texts.GARBAGE_PAIR, Gate.PENSTOCK, 64);
    all.garbage("TCP, poller, 64 B", Texts.GARBAGE_TCP, PENSTOCK_POLLER.name(), 64);
    all.garbage("TCP, served handler, 64 B", Texts.GARBAGE_TCP, PENSTOCK_SERVER.name(), 64);
    all.garbage("TCP, blocking, 64 B", Texts.GARBAGE_TCP, PENSTOCK_BLOCKING.name(), 64);
    all.garbage("Unix socket, poller, 64 B", Texts.GARBAGE_UNIX, PENSTOCK_POLLER.name(), 64);
    all.garbage("Unix socket, served, 64 B", Texts.GARBAGE_UNIX, PENSTOCK_SERVER.name(), 64);
    all.garbage("Unix socket, blocking, 64 B", Texts.GARBAGE_UNIX, PENSTOCK_BLOCKING.name(), 64);
    for (String transport : Texts.TRANSPORTS) {
      String setting = Texts.GARBAGE_RELAY + transport;
      all.garbage("relay, " + transport + ", 64 B", setting, PENSTOCK_RELAY.name(), 64);
      String flood = Texts.GARBAGE_RELAY_FLOOD + transport;
      all.garbage("relay, " + transport + ", 64 KiB", flood, PENSTOCK_RELAY.name(), 65536);
    }
    all.garbage("FIFO, blocking, 8 KiB", Texts.GARBAGE_FIFO, PENSTOCK_BLOCKING.name(), 8192);
    all.garbage("FIFO, poller, 8 KiB", Texts.GARBAGE_FIFO, PENSTOCK_POLLER.name(), 8192);
    all.garbage("line of 100 B", Texts.GARBAGE_LINES, PENSTOCK_POLLER.name(), 100);
    all.garbage("TLS, 16 KiB", Texts.GARBAGE_TLS, PENSTOCK_TLS.name(), 16384);
    return List.copyOf(all.gates);
  }

  private static Subject heap(String setting, String who) {
    return new Subject(Kind.HEAP, Load.QUIET, setting, who, 1);
  }

  private void add(String what, boolean aim, Subject ours, double bound, Server... peers) {
    gates.add(new Gate(what, aim, ours, Arrays.stream(peers).map(Enum::name).toList(), bound));
  }

  /** Of the peers only the queue is one place for several writers. */
  private void shared(int writers, boolean aim, double bound) {
    Subject ours = new Subject(Kind.THROUGHPUT, Load.QUIET, Texts.FAN_IN, Gate.PENSTOCK, writers);
    gates.add(new Gate("one pipe, writers: " + writers, aim, ours, List.of(Gate.QUEUE), bound));
  }

  private void half(String what, Subject ours, Server... peers) {
    add("heap per idle connection, " + what, true, ours, .5, peers);
  }

  private void garbage(String what, String setting, String who, int chunk) {
    add(
        "garbage per operation, " + what + ", bytes",
        false,
        new Subject(Kind.ALLOCATION, Load.QUIET, setting, who, chunk),
        NOTHING);
  }
}
