// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import static io.penstock.benchmarks.server.Server.C_BLOCKING;
import static io.penstock.benchmarks.server.Server.C_DIRECT;
import static io.penstock.benchmarks.server.Server.C_EPOLL;
import static io.penstock.benchmarks.server.Server.C_RELAY;
import static io.penstock.benchmarks.server.Server.C_SPLICE;
import static io.penstock.benchmarks.server.Server.JDK_BLOCKING;
import static io.penstock.benchmarks.server.Server.JDK_SELECTOR;
import static io.penstock.benchmarks.server.Server.JDK_SELECTOR_IN_PLACE;
import static io.penstock.benchmarks.server.Server.LIBUV;
import static io.penstock.benchmarks.server.Server.MINA_SSH;
import static io.penstock.benchmarks.server.Server.MINA_SSHD;
import static io.penstock.benchmarks.server.Server.NETTY_EPOLL;
import static io.penstock.benchmarks.server.Server.NETTY_NIO;
import static io.penstock.benchmarks.server.Server.NETTY_TLS;
import static io.penstock.benchmarks.server.Server.OPENSSH;
import static io.penstock.benchmarks.server.Server.PENSTOCK_BLOCKING;
import static io.penstock.benchmarks.server.Server.PENSTOCK_POLLER;
import static io.penstock.benchmarks.server.Server.PENSTOCK_RELAY;
import static io.penstock.benchmarks.server.Server.PENSTOCK_SSH;
import static io.penstock.benchmarks.server.Server.PENSTOCK_SSHD;
import static io.penstock.benchmarks.server.Server.PENSTOCK_TLS;
import static io.penstock.benchmarks.server.Server.SOCAT_256;
import static io.penstock.benchmarks.server.Server.SOCAT_64;

import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import io.penstock.benchmarks.server.Server;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What channels, the poller, relays, TLS and SSH shall reach. */
final class ChannelGates {
  private static final Server[] RELAYS = {C_RELAY, C_SPLICE, SOCAT_64, SOCAT_256};

  private final List<Gate> gates = new ArrayList<>();

  private ChannelGates() {}

  static List<Gate> all() {
    ChannelGates all = new ChannelGates();
    for (String transport : Texts.TRANSPORTS) {
      all.sockets(transport);
    }
    for (String transport : Texts.TRANSPORTS) {
      all.trips(transport);
    }
    all.pipes();
    for (String transport : Texts.TRANSPORTS) {
      for (String setting : List.of(Texts.RELAY, Texts.RELAY_BOTH)) {
        all.relay(setting, transport);
      }
    }
    all.poller();
    Subject lines = subject(Kind.LINES, "lines", PENSTOCK_POLLER, 100);
    all.add("lines/s", false, lines, .95, JDK_SELECTOR_IN_PLACE);
    all.add("lines/s", false, lines, 2, NETTY_NIO, NETTY_EPOLL);
    all.add("lines/s", true, lines, 1.2, JDK_SELECTOR_IN_PLACE);
    all.add("lines/s", true, lines, .5, LIBUV);
    all.tls(262144, 1);
    all.tls(16384, .85);
    all.ssh("SSH, into a command", Texts.SSH_PUSH);
    all.ssh("SSH, out of a command", Texts.SSH_PULL);
    Subject exec = subject(Kind.P50, Texts.SSH_EXEC, PENSTOCK_SSH, 64);
    all.add("SSH, exec in an open connection, ns", false, exec, 1_000_000);
    return List.copyOf(all.gates);
  }

  private static Subject subject(Kind kind, String setting, Server server, int chunk) {
    return new Subject(kind, Load.QUIET, setting, server.name(), chunk);
  }

  private void add(String what, boolean aim, Subject ours, double bound, Server... peers) {
    gates.add(new Gate(what, aim, ours, Arrays.stream(peers).map(Enum::name).toList(), bound));
  }

  private void relay(String way, String transport) {
    String setting = way + transport;
    for (int chunk : Texts.SOCKET_CHUNKS) {
      String what = setting + ", " + Texts.size(chunk) + " chunks";
      Subject ours = subject(Kind.THROUGHPUT, setting, PENSTOCK_RELAY, chunk);
      if (transport.equals("unix")) {
        add(what, false, ours, .7, C_DIRECT);
        add(what, true, ours, .85, C_DIRECT);
        add(what, false, ours, 1.5, SOCAT_64, SOCAT_256);
        add(what, true, ours, 2, SOCAT_64, SOCAT_256);
      } else {
        add(what, false, ours, 1, RELAYS);
        add(what, false, ours, .65, C_DIRECT);
        add(what, true, ours, .75, C_DIRECT);
      }
      Subject cpu = subject(Kind.CPU, setting, PENSTOCK_RELAY, chunk);
      add(what + ", processors", false, cpu, 1.1, RELAYS);
      add(what + ", processors", true, cpu, 1, RELAYS);
    }
  }

  private void sockets(String transport) {
    for (int chunk : Texts.SOCKET_CHUNKS) {
      String what = transport + ", " + Texts.size(chunk) + " chunks, ";
      Subject blocking = subject(Kind.THROUGHPUT, transport, PENSTOCK_BLOCKING, chunk);
      Subject poller = subject(Kind.THROUGHPUT, transport, PENSTOCK_POLLER, chunk);
      // Local channels shall lose even less.
      double bound = transport.equals("unix") ? .97 : .95;
      add(what + "blocking", false, blocking, bound, JDK_BLOCKING);
      add(what + "blocking", true, blocking, 1, C_BLOCKING);
      add(what + "poller", false, poller, bound, JDK_SELECTOR);
      add(what + "poller", false, poller, 1, NETTY_NIO, NETTY_EPOLL);
      add(what + "poller", true, poller, 1, C_EPOLL, LIBUV);
    }
  }

  private void trips(String transport) {
    for (Load load : Load.values()) {
      String what = "round trip, " + transport + ", " + load.name().toLowerCase(Locale.ROOT) + ", ";
      Subject ours = new Subject(Kind.P50, load, transport, PENSTOCK_BLOCKING.name(), 64);
      // Between local channels it is the turns of one processor that decide: see below.
      if (load == Load.QUIET || transport.equals("tcp")) {
        add(what + "blocking", false, ours, 1.05, JDK_BLOCKING);
        add(what + "poller", false, ours.of(PENSTOCK_POLLER.name()), 1.05, JDK_SELECTOR);
      }
    }
    if (transport.equals("unix")) {
      String shared = transport + Texts.ONE_PROCESSOR;
      Subject ours = subject(Kind.P50, shared, PENSTOCK_BLOCKING, 64);
      for (boolean aim : new boolean[] {false, true}) {
        double most = aim ? 1.05 : 1.1;
        add("round trip, " + shared + ", blocking", aim, ours, most, JDK_BLOCKING);
        Subject poller = ours.of(PENSTOCK_POLLER.name());
        add("round trip, " + shared + ", poller", aim, poller, most, JDK_SELECTOR);
      }
    }
    Subject spinning = subject(Kind.P50, transport + ", spinning", PENSTOCK_BLOCKING, 64);
    // 3.2 µs where C has 2.9, 7.5 where it has 6.4.
    double bound = transport.equals("unix") ? 1.1 : 1.17;
    add("round trip, " + transport + ", spinning", true, spinning, bound, C_BLOCKING);
  }

  private void pipes() {
    for (int chunk : Texts.SOCKET_CHUNKS) {
      String what = "pipe, " + Texts.size(chunk) + " chunks, ";
      Subject blocking = subject(Kind.THROUGHPUT, Texts.PIPES, PENSTOCK_BLOCKING, chunk);
      Subject poller = subject(Kind.THROUGHPUT, Texts.PIPES, PENSTOCK_POLLER, chunk);
      add(what + "blocking", false, blocking, .97, JDK_BLOCKING);
      add(what + "blocking", true, blocking, 1, C_BLOCKING);
      add(what + "poller", true, poller, 1, C_EPOLL, LIBUV);
    }
    Subject trip = subject(Kind.P50, Texts.PIPES, PENSTOCK_BLOCKING, 64);
    add("round trip, pipe, blocking", false, trip, 1.05, JDK_BLOCKING);
    add("round trip, pipe, poller", true, trip.of(PENSTOCK_POLLER.name()), 1.05, C_EPOLL, LIBUV);
  }

  private void poller() {
    Subject rate = subject(Kind.REQUESTS, "poller", PENSTOCK_POLLER, 64);
    Subject p99 = subject(Kind.P99, "poller", PENSTOCK_POLLER, 64);
    Subject last = subject(Kind.P99_9, "poller", PENSTOCK_POLLER, 64);
    Subject heap = subject(Kind.HEAP, "poller", PENSTOCK_POLLER, 64);
    add("poller, requests/s", false, rate, 1, NETTY_EPOLL);
    add("poller, requests/s", false, rate, .97, JDK_SELECTOR);
    add("poller, requests/s", true, rate, 1, C_EPOLL);
    add("poller, p99 of a request", false, p99, 1, NETTY_NIO, NETTY_EPOLL);
    add("poller, p99 of a request", true, p99, 1.1, C_EPOLL);
    add("poller, p99.9 of a request", false, last, 1, NETTY_NIO, NETTY_EPOLL);
    add("poller, p99.9 of a request", true, last, 1.1, C_EPOLL);
    add("poller, heap per idle connection, bytes", false, heap, 1100);
    add("poller, heap per idle connection, bytes", true, heap, 900);
  }

  private void ssh(String what, String setting) {
    Subject both = subject(Kind.THROUGHPUT, setting, PENSTOCK_SSH, 65536);
    Subject client = subject(Kind.THROUGHPUT, setting, PENSTOCK_SSHD, 65536);
    add(what + ", to sshd", false, client, 1, MINA_SSHD);
    add(what + ", to sshd", false, client, .95, OPENSSH);
    add(what + ", to sshd", true, client, 1.05, OPENSSH);
    add(what + ", both ends", false, both, 1, MINA_SSH);
    add(what + ", both ends", false, both, .8, OPENSSH);
  }

  private void tls(int chunk, double bound) {
    add(
        "TLS, " + Texts.size(chunk) + " chunks",
        false,
        subject(Kind.THROUGHPUT, "tls", PENSTOCK_TLS, chunk),
        bound,
        NETTY_TLS);
  }
}
