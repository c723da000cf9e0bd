// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Texts;
import io.penstock.benchmarks.server.Server;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Channels of SSH in which nothing moves, many in one connection, at both ends.
 *
 * @param programs the folder of the compiled ones
 */
record IdleShells(Path java, Path programs, int round, boolean brief) {
  /** Takes a figure. */
  interface Adding {
    void add(Kind kind, String setting, Server server, int number, double value);
  }

  /** The SSH servers in Java that this machine has. */
  static List<Server> present(Path programs) {
    return Stream.of(Server.PENSTOCK_SSH, Server.MINA_SSH)
        .filter(server -> server.missing(programs).isEmpty())
        .toList();
  }

  /** Leaves out those that are missing here. */
  void measure(Adding to) throws Exception {
    List<Server> present = present(programs);
    if (present.isEmpty()) {
      return;
    }
    try (SshKeys keys = new SshKeys()) {
      for (Server server : present) {
        measure(server, keys.folder(), to);
      }
    }
  }

  private void measure(Server server, Path folder, Adding to) throws IOException {
    int idle = brief ? 10 : 1500;
    try (Field field = new Field(java, programs, round)) {
      ServerProcess process = field.start(server, "tcp", folder.toString());
      try (SshProcess client =
          SshProcess.start(
              server,
              Field.command(
                  Cores.last(),
                  server.sshClient(java, programs, process.address().port(), folder)))) {
        client.trips(brief ? 5 : 500);
        long before = process.heap();
        to.add(Kind.HEAP, Texts.MEMORY_SSH_CLIENT, server, 1, client.idle(idle));
        double bytes = (double) (process.heap() - before) / idle;
        to.add(Kind.HEAP, Texts.MEMORY_SSH_SERVER, server, 1, bytes);
      }
    }
  }
}
