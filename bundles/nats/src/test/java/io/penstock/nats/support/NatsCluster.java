// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.support;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Scratch. */
@SuppressWarnings("all")
public final class NatsCluster implements AutoCloseable {
  private final List<Process> processes = new ArrayList<>();
  private final List<Integer> ports = new ArrayList<>();
  private final List<List<String>> commands = new ArrayList<>();

  public static NatsCluster start(int n) throws Exception {
    NatsCluster made = new NatsCluster();
    Path folder = Files.createTempDirectory("nats");
    List<Integer> routes = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      made.ports.add(free());
      routes.add(free());
    }
    for (int i = 0; i < n; i++) {
      StringBuilder c = new StringBuilder();
      c.append("listen: 127.0.0.1:" + made.ports.get(i) + "\nserver_name: n" + i + "\n");
      c.append("jetstream { store_dir: \"" + folder.resolve("s" + i) + "\" }\n");
      if (n > 1) {
        c.append("cluster { name: c, listen: 127.0.0.1:" + routes.get(i) + ", routes: [");
        for (int r : routes) {
          c.append("\"nats://127.0.0.1:" + r + "\" ");
        }
        c.append("] }\n");
      }
      Path conf = folder.resolve("n" + i + ".conf");
      Files.writeString(conf, c.toString());
      made.commands.add(
          List.of(
              System.getProperty("penstock.nats.server", "/tmp/nats/s/usr/sbin/nats-server"),
              "-c",
              conf.toString(),
              "-l",
              folder.resolve("n" + i + ".log").toString()));
      made.processes.add(new ProcessBuilder(made.commands.get(i)).start());
    }
    return made;
  }

  public void kill(int i) throws Exception {
    processes.get(i).destroyForcibly().waitFor();
  }

  public void restart(int i) throws Exception {
    processes.set(i, new ProcessBuilder(commands.get(i)).start());
  }

  public String urls() {
    StringBuilder all = new StringBuilder();
    for (int port : ports) {
      all.append(all.length() == 0 ? "nats://" : ",").append("127.0.0.1:").append(port);
    }
    return all.toString();
  }

  private static int free() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    for (Process each : processes) {
      each.destroyForcibly().onExit().join();
    }
  }
}
