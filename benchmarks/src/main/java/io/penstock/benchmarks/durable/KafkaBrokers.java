// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/** Brokers of Kafka that are controllers, too; all times are the defaults. */
final class KafkaBrokers extends Servers {
  /** Of every broker. */
  static final List<String> JVM = List.of("-Xms512m", "-Xmx512m");

  private final String classPath;
  private final List<Integer> controllers = freePorts(COUNT);

  private KafkaBrokers(Path folder, String classPath) throws IOException {
    super(folder);
    this.classPath = classPath;
  }

  /** Starts them, and waits until topics of three replicas can be made. */
  static KafkaBrokers start(Path folder, String classPath) throws Exception {
    KafkaBrokers made = new KafkaBrokers(Files.createDirectories(folder), classPath);
    try {
      made.format();
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

  private List<String> java(String main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM);
    command.addAll(List.of("-cp", classPath, main));
    command.addAll(List.of(arguments));
    return command;
  }

  private void format() throws IOException, InterruptedException {
    String cluster = Uuid.randomUuid().toString();
    List<Process> all = new ArrayList<>();
    for (int i = 0; i < COUNT; i++) {
      all.add(
          new ProcessBuilder(
                  java(
                      "kafka.tools.StorageTool",
                      "format",
                      "--cluster-id",
                      cluster,
                      "--config",
                      configuration(i).toString()))
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("format" + i + ".log").toFile())
              .start());
    }
    for (int i = 0; i < COUNT; i++) {
      if (all.get(i).waitFor() != 0) {
        throw new IOException(
            "the store of a broker cannot be made: "
                + Files.readString(folder.resolve("format" + i + ".log")));
      }
    }
  }

  private Path configuration(int server) throws IOException {
    String voters =
        IntStream.range(0, COUNT)
            .mapToObj(i -> i + "@127.0.0.1:" + controllers.get(i))
            .collect(Collectors.joining(","));
    String own = "PLAINTEXT://127.0.0.1:" + port(server);
    Path file = folder.resolve("server" + server + ".properties");
    Files.writeString(
        file,
        String.join(
            "\n",
            "process.roles=broker,controller",
            "node.id=" + server,
            "controller.quorum.voters=" + voters,
            "listeners=" + own + ",CONTROLLER://127.0.0.1:" + controllers.get(server),
            "advertised.listeners=" + own,
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs=" + folder.resolve("store" + server),
            "auto.create.topics.enable=false",
            ""));
    return file;
  }

  @Override
  List<String> command(int server) throws IOException {
    return java("kafka.Kafka", configuration(server).toString());
  }

  @Override
  boolean isWhole(@Nullable String stream) throws Exception {
    try (Admin admin = KafkaStore.admin(addresses())) {
      return admin.describeCluster().nodes().get().size() == COUNT
          && (stream == null || partition(admin, stream).isr().size() == COUNT);
    }
  }

  private static TopicPartitionInfo partition(Admin admin, String topic) throws Exception {
    TopicDescription found = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    if (found == null) {
      throw new IOException("there is no topic " + topic);
    }
    return found.partitions().get(0);
  }

  @Override
  int leader(String stream) throws Exception {
    return await(
        () -> {
          try (Admin admin = KafkaStore.admin(addresses())) {
            Node node = partition(admin, stream).leader();
            return node == null || node.isEmpty() ? null : node.id();
          }
        },
        "a leader of " + stream);
  }
}
