// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Endpoint;
import io.penstock.nats.NatsRegistries;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.serve.Server;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A container in a process of its own, without OSGi: it serves lines, and publishes itself by
 * servers of NATS until it is killed.
 */
public final class FarContainer implements AutoCloseable {
  private static final String PUBLISHED = "published";
  private static final Duration SESSION = Duration.ofSeconds(1);

  private final Process process;

  private FarContainer(Process process) {
    this.process = process;
  }

  /**
   * Starts one, and waits until it is published.
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
      assertEquals(PUBLISHED, process.inputReader().readLine());
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

  /** The process: its arguments are the name and the server. It ends with its standard input. */
  public static void main(String[] arguments) throws Exception {
    String node = "far-" + ProcessHandle.current().pid();
    RegistrySettings settings =
        new RegistrySettings(List.of(arguments[1]), SESSION, 1, Map.of(), Map.of());
    Connected connected = new Connected();
    try (io.penstock.standalone.Penstock penstock = io.penstock.standalone.Penstock.open();
        Registry registry = new NatsRegistries().open(node, settings, connected)) {
      Server server =
          penstock.serve("tcp-listen://127.0.0.1:0", (client, line) -> client.reply("far " + line));
      if (!connected.latch.await(20, TimeUnit.SECONDS)) {
        throw new IllegalStateException(registry + " is not connected");
      }
      RemoteEntry entry =
          new RemoteEntry(
              node,
              1,
              arguments[0],
              Endpoint.parse("tcp:" + server.endpoint().address()),
              0,
              Map.of("zone", "far"),
              Map.of());
      Object unused = registry.put(entry).toCompletableFuture().get(20, TimeUnit.SECONDS);
      System.out.println(PUBLISHED);
      Thread beats = new Thread(() -> beat(registry), "beats");
      beats.setDaemon(true);
      beats.start();
      int end = System.in.read();
      System.out.println("ended: " + end);
    }
  }

  private static void beat(Registry registry) {
    CountDownLatch never = new CountDownLatch(1);
    try {
      while (!never.await(SESSION.toMillis() / 5, TimeUnit.MILLISECONDS)) {
        registry.beat();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class Connected implements RegistryListener {
    private final CountDownLatch latch = new CountDownLatch(1);

    @Override
    public void connected() {
      latch.countDown();
    }

    @Override
    public void disconnected(String why) {
      System.err.println("not connected: " + why);
    }

    @Override
    public void stored(RemoteEntry entry) {}

    @Override
    public void removed(String name, String key) {}

    @Override
    public void known(String name) {}

    @Override
    public void beat(String from) {}
  }
}
