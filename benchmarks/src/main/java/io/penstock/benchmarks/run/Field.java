// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.server.Address;
import io.penstock.benchmarks.server.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/** Servers that run, until it is closed. */
final class Field implements AutoCloseable {
  final List<ServerProcess> servers = new ArrayList<>();
  private final Path java;
  private final Path programs;
  private final int round;
  private final Path folder;
  private final List<String> flags;

  /**
   * Of none yet.
   *
   * @param programs the folder of the compiled ones
   * @param round in each of which the order is another one
   * @param flags of the JVM, more than all servers have
   */
  Field(Path java, Path programs, int round, String... flags) throws IOException {
    this.java = java;
    this.flags = List.of(flags);
    this.programs = programs;
    this.round = round;
    this.folder = Files.createTempDirectory("penstock");
  }

  ServerProcess start(Server server, String transport, String what) throws IOException {
    return start(Cores.others(), server, transport, what);
  }

  ServerProcess start(List<String> cores, Server server, String transport, String what)
      throws IOException {
    Address asked =
        new Address(
            transport.equals("tcp")
                ? "tcp:0"
                : transport + ":" + folder.resolve(server.name() + "." + servers.size()));
    ServerProcess process =
        ServerProcess.start(
            server, command(cores, flagged(server.command(java, programs, what, asked))), asked);
    servers.add(process);
    return process;
  }

  /** Those that are here, in another order in each round. */
  void start(String transport, String what, Server... all) throws IOException {
    start(Cores.others(), transport, what, all);
  }

  void start(List<String> cores, String transport, String what, Server... all) throws IOException {
    List<Server> order =
        new ArrayList<>(Arrays.stream(all).filter(s -> s.missing(programs).isEmpty()).toList());
    Collections.rotate(order, round);
    for (Server server : order) {
      start(cores, server, transport, what);
    }
  }

  private List<String> flagged(List<String> program) {
    if (!program.get(0).equals(java.toString())) {
      return program;
    }
    List<String> all = new ArrayList<>(program);
    all.addAll(1, flags);
    return all;
  }

  static List<String> command(List<String> cores, List<String> program) {
    return Stream.concat(cores.stream(), program.stream()).toList();
  }

  @Override
  public void close() throws IOException {
    servers.forEach(ServerProcess::close);
    try (var files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
