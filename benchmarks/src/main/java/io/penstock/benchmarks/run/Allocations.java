// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.load.Generator;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Texts;
import io.penstock.benchmarks.server.Server;
import io.penstock.benchmarks.server.Work;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * What a server or a relay allocates for each request, and for each piece of a flood.
 *
 * @param programs the folder of the compiled ones
 */
record Allocations(Path java, Path programs, LoadInC load, int round, boolean brief) {
  /** How many connections ask. */
  private static final int ACTIVE = 64;

  /** What goes through, for some milliseconds; says how many pieces that were. */
  private interface Flood {
    double pieces(int millis) throws Exception;
  }

  void measure(IdleShells.Adding to) throws Exception {
    for (Server server :
        List.of(
            Server.PENSTOCK_POLLER,
            Server.PENSTOCK_SERVER,
            Server.JDK_SELECTOR,
            Server.NETTY_NIO,
            Server.NETTY_EPOLL,
            Server.PENSTOCK_BLOCKING,
            Server.JDK_BLOCKING)) {
      requests(server, "tcp", Texts.GARBAGE_TCP, to);
    }
    for (Server server :
        List.of(
            Server.PENSTOCK_POLLER,
            Server.PENSTOCK_SERVER,
            Server.JDK_SELECTOR,
            Server.NETTY_EPOLL,
            Server.PENSTOCK_BLOCKING)) {
      requests(server, "unix", Texts.GARBAGE_UNIX, to);
    }
    for (String transport : Texts.TRANSPORTS) {
      relay(transport, to);
    }
    for (Server server : List.of(Server.PENSTOCK_BLOCKING, Server.PENSTOCK_POLLER)) {
      try (Field field = field()) {
        ServerProcess process = field.start(server, Texts.PIPES, Work.COUNT.text());
        flood(process, Texts.GARBAGE_FIFO, 8192, into(process, 8192), to);
      }
    }
    for (Server server :
        List.of(
            Server.PENSTOCK_POLLER,
            Server.JDK_SELECTOR,
            Server.JDK_SELECTOR_LENDING,
            Server.NETTY_EPOLL)) {
      try (Field field = field()) {
        ServerProcess process = field.start(server, "tcp", Work.LINES.text());
        Flood lines = millis -> load.lines(process.address(), millis) * 1000 * millis;
        flood(process, Texts.GARBAGE_LINES, 100, lines, to);
      }
    }
    encrypted(to);
    shells(to);
  }

  private Field field() throws IOException {
    return new Field(java, programs, round, Texts.NO_BOXES);
  }

  private void requests(Server server, String transport, String setting, IdleShells.Adding to)
      throws Exception {
    try (Field field = field()) {
      requests(field.start(server, transport, Work.REQUESTS.text()), setting, to);
    }
  }

  private void requests(ServerProcess process, String setting, IdleShells.Adding to)
      throws Exception {
    // A server with a thread for each has no need of 64.
    int connections = process.server().name().endsWith("BLOCKING") ? 4 : ACTIVE;
    try (Asked generator =
        Asked.start(Field.command(Cores.last(), Server.java(java, Generator.class)))) {
      generator.ask("connect", process.address().text(), connections);
      // What is not yet compiled makes garbage, and the compiler comes to some of it late.
      generator.ask("closed", brief ? 50 : 30_000);
      long allocated = process.allocated();
      double count = generator.ask("closed", brief ? 50 : 3000)[0];
      double garbage = (process.allocated() - allocated) / count;
      to.add(Kind.ALLOCATION, setting, process.server(), 64, garbage);
    }
  }

  private void relay(String transport, IdleShells.Adding to) throws Exception {
    try (Field field = field()) {
      ServerProcess target = field.start(Server.JDK_SELECTOR, transport, Work.REQUESTS.text());
      requests(
          field.start(Server.PENSTOCK_RELAY, transport, target.address().text()),
          Texts.GARBAGE_RELAY + transport,
          to);
    }
    try (Field field = field()) {
      ServerProcess target = field.start(Server.C_DIRECT, transport, Work.COUNT.text());
      ServerProcess process =
          field.start(Server.PENSTOCK_RELAY, transport, target.address().text());
      flood(process, Texts.GARBAGE_RELAY_FLOOD + transport, 65536, into(process, 65536), to);
    }
  }

  private Flood into(ServerProcess process, int chunk) {
    return millis -> load.flood(process.address(), chunk, millis)[1] / chunk;
  }

  /** A long flood less a short one, because a connection costs something as well. */
  private void flood(
      ServerProcess process, String setting, int chunk, Flood flood, IdleShells.Adding to)
      throws Exception {
    double unused = flood.pieces(brief ? 50 : 10_000);
    long start = process.allocated();
    double few = flood.pieces(brief ? 50 : 1000);
    long middle = process.allocated();
    double many = flood.pieces(brief ? 200 : 4000);
    long end = process.allocated();
    double garbage = ((end - middle) - (middle - start)) / (many - few);
    to.add(Kind.ALLOCATION, setting, process.server(), chunk, Math.max(0, garbage));
  }

  private void encrypted(IdleShells.Adding to) throws Exception {
    try (Certificate certificate = new Certificate()) {
      for (Server server : List.of(Server.PENSTOCK_TLS, Server.NETTY_TLS)) {
        try (Field field = field()) {
          ServerProcess process = field.start(server, "tcp", certificate.folder().toString());
          List<String> command = server.client(java, process.address(), certificate.folder());
          try (TlsClient client = TlsClient.start(server, Field.command(Cores.last(), command))) {
            Flood records = millis -> client.flood(16384, millis) * 1e6 * millis / 16384;
            flood(process, Texts.GARBAGE_TLS, 16384, records, to);
          }
        }
      }
    }
  }

  private void shells(IdleShells.Adding to) throws Exception {
    List<Server> present = IdleShells.present(programs);
    if (present.isEmpty()) {
      return;
    }
    try (SshKeys keys = new SshKeys()) {
      for (Server server : present) {
        shell(server, keys.folder(), to);
      }
    }
  }

  private void shell(Server server, Path folder, IdleShells.Adding to) throws Exception {
    try (Field field = field()) {
      ServerProcess process = field.start(server, "tcp", folder.toString());
      int port = process.address().port();
      List<String> command = server.sshClient(java, programs, port, folder);
      try (SshProcess client = SshProcess.start(server, Field.command(Cores.last(), command))) {
        Flood pushed =
            millis -> {
              long bytes = (long) millis << 17;
              double unused = client.push(bytes);
              return (double) bytes / 32768;
            };
        flood(process, Texts.GARBAGE_SSH, 32768, pushed, to);
      }
    }
  }
}
