// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.nats.NatsRegistries;
import io.penstock.remote.impl.node.OnRemoved;
import io.penstock.remote.impl.node.RemoteNode;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.serve.Server;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A container in a process of its own, without OSGi: it serves lines, and publishes itself by
 * servers of NATS until it is killed.
 */
public final class FarContainer implements AutoCloseable {
  private static final String PUBLISHED = "published at ";
  private static final Duration SESSION = Duration.ofSeconds(1);

  private final Process process;
  private long published;

  private FarContainer(Process process) {
    this.process = process;
  }

  /**
   * Starts one, and waits until it begins to publish.
   *
   * @param name under which it is found
   * @param server where a server of NATS is
   */
  public static FarContainer start(String name, String server) throws IOException {
    Path tree = Path.of(System.getenv("PENSTOCK_TREE"));
    String classes =
        Stream.of(
                "api-bundle/target/classes",
                "impl-bundle/target/classes",
                "bundles/remote/target/classes",
                "bundles/nats/target/classes",
                "itests/target/test-classes")
            .map(each -> tree.resolve(each).toString())
            .collect(Collectors.joining(File.pathSeparator));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classes,
                FarContainer.class.getName(),
                name,
                server)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    FarContainer started = new FarContainer(process);
    try {
      String said = String.valueOf(process.inputReader().readLine());
      assertTrue(said.startsWith(PUBLISHED), said);
      started.published = Long.parseLong(said.substring(PUBLISHED.length()));
    } catch (IOException | AssertionError e) {
      started.close();
      throw e;
    }
    return started;
  }

  /** Kills it without a word, and waits until it has gone. */
  @Override
  public void close() {
    // What onExit() gives waits for a thread that all of a virtual machine share.
    try {
      int unused = process.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** How many seconds ago it began to publish, by the machine's clock that never jumps. */
  public double secondsAgo() {
    return (System.nanoTime() - published) / 1e9;
  }

  /** The process: its arguments are the name and the server. It ends with its standard input. */
  public static void main(String[] arguments) throws Exception {
    String node = "far-" + ProcessHandle.current().pid();
    RegistrySettings settings =
        new RegistrySettings(List.of(arguments[1]), SESSION, 1, Map.of(), Map.of());
    try (io.penstock.standalone.Penstock penstock = io.penstock.standalone.Penstock.open();
        RemoteNode far =
            new RemoteNode(node, new NatsRegistries(), settings, OnRemoved.KEEP, null)) {
      Server server =
          penstock.serve("tcp-listen://127.0.0.1:0", (client, line) -> client.reply("far " + line));
      Endpoint endpoint = Endpoint.parse("tcp:" + server.endpoint().address());
      while (!far.describe().connected()) {
        Thread.onSpinWait();
      }
      System.out.println(PUBLISHED + System.nanoTime());
      far.publish(
          new RemoteEntry(node, 1, arguments[0], endpoint, 0, Map.of("zone", "far"), Map.of()));
      int end = System.in.read();
      System.out.println("ended: " + end);
    }
  }
}
