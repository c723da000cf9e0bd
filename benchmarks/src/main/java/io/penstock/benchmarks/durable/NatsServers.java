// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import io.nats.client.Connection;
import io.nats.client.ErrorListener;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.api.ClusterInfo;
import io.nats.client.api.Replica;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Servers of NATS with JetStream, as they are without more configuration. */
final class NatsServers extends Servers {
  private final String program;
  private final List<Integer> routes = freePorts(COUNT);

  private NatsServers(Path folder, String program) throws IOException {
    super(folder);
    this.program = program;
  }

  /** Starts them, and waits until streams of three replicas can be made. */
  static NatsServers start(Path folder, String program) throws Exception {
    NatsServers made = new NatsServers(Files.createDirectories(folder), program);
    try {
      for (int i = 0; i < COUNT; i++) {
        made.start(i);
      }
      made.awaitWhole(null);
      return made;
    } catch (Exception | Error e) {
      made.close();
      throw e;
    }
  }

  @Override
  List<String> command(int server) throws IOException {
    String text =
        String.join(
            "\n",
            "server_name: s" + server,
            "listen: \"127.0.0.1:" + port(server) + "\"",
            "jetstream { store_dir: \"" + folder.resolve("store" + server) + "\" }",
            "cluster { name: c, listen: \"127.0.0.1:" + routes.get(server) + "\", routes: [",
            routes.stream()
                .map(port -> "\"nats://127.0.0.1:" + port + "\"")
                .collect(Collectors.joining(", ")),
            "], no_advertise: true }",
            "");
    Path file = folder.resolve("server" + server + ".conf");
    Files.writeString(file, text);
    return List.of(program, "-c", file.toString());
  }

  private Connection connect() throws IOException, InterruptedException {
    return Nats.connect(
        new Options.Builder()
            .servers(addresses().split(","))
            .connectionTimeout(Duration.ofSeconds(2))
            // One of them may be dead, and is meant to be: the library need not say so.
            .errorListener(new ErrorListener() {})
            .build());
  }

  // An interrupt ends the run.
  @Override
  @SuppressWarnings("try")
  boolean isWhole(@Nullable String stream) throws Exception {
    try (Connection connection = connect()) {
      if (stream != null) {
        ClusterInfo cluster =
            connection.jetStreamManagement().getStreamInfo(stream).getClusterInfo();
        return cluster != null
            && cluster.getReplicas().size() == COUNT - 1
            && cluster.getReplicas().stream().allMatch(Replica::isCurrent);
      }
      Object unused =
          connection
              .jetStreamManagement()
              .addStream(
                  StreamConfiguration.builder()
                      .name("READY")
                      .subjects("bench.ready")
                      .storageType(StorageType.Memory)
                      .replicas(COUNT)
                      .build());
      return connection.jetStreamManagement().deleteStream("READY");
    }
  }

  @Override
  @SuppressWarnings("try")
  int leader(String stream) throws Exception {
    return await(
        () -> {
          try (Connection connection = connect()) {
            ClusterInfo cluster =
                connection.jetStreamManagement().getStreamInfo(stream).getClusterInfo();
            String name = cluster == null ? null : cluster.getLeader();
            return name == null ? null : Integer.valueOf(name.substring(1));
          }
        },
        "a leader of " + stream);
  }
}
