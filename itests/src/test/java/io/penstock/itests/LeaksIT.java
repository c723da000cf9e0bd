// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Loaders;
import io.penstock.itests.support.OpenFiles;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.pipe.Pipe;
import io.penstock.poller.Poller;
import io.penstock.relay.Relay;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.serve.LineHandler;
import io.penstock.serve.Server;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/** What is left of the implementation once its bundle has stopped: nothing. */
@InContainer(bundles = "com.sun.jna")
class LeaksIT {

  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  /** Short, for the path of a socket must be. */
  @TempDir Path folder;

  private final List<AutoCloseable> peers = new ArrayList<>();
  private BundleContext context;
  private Configurations configurations;

  @BeforeEach
  void useEverythingOnce(BundleContext context) throws Exception {
    this.context = context;
    configurations = new Configurations(context);
    // The first use opens what the JDK keeps for good.
    useEverything();
    stop();
  }

  @AfterEach
  void leaveItRunning() throws Exception {
    Penstock.implementation(context).start();
    configurations.close();
  }

  @Test
  void whoWaitsIsWoken() throws Exception {
    Penstock.implementation(context).start();
    List<Future<?>> waiters = useEverything();

    stop();

    for (Future<?> waiter : waiters) {
      Throwable thrown =
          assertThrows(ExecutionException.class, () -> waiter.get(20, TimeUnit.SECONDS)).getCause();
      assertInstanceOf(ClosedChannelException.class, thrown);
    }
  }

  @Test
  void noThreadIsLeft() throws Exception {
    Penstock.implementation(context).start();
    useEverything();
    List<Thread> during = threads();
    assertFalse(during.isEmpty(), "the product has threads while it runs");

    stop();

    assertEquals(List.of(), threads().stream().map(Thread::getName).toList());
  }

  @Test
  void noDescriptorAndNoPortIsLeft() throws Exception {
    Set<String> before = OpenFiles.channels();
    Set<String> portsBefore = OpenFiles.listeningPorts();
    Penstock.implementation(context).start();
    useEverything();
    assertTrue(OpenFiles.listeningPorts().size() > portsBefore.size(), "it listens while it runs");

    stop();

    Set<String> ports = OpenFiles.listeningPorts();
    ports.removeAll(portsBefore);
    assertEquals(Set.of(), ports);
    // Others may close theirs meanwhile.
    Set<String> channels = OpenFiles.channels();
    channels.removeAll(before);
    assertEquals(Set.of(), channels);
  }

  @Test
  void theClassLoaderIsCollected() throws Exception {
    Bundle implementation = Penstock.implementation(context);
    String location = implementation.getLocation();
    implementation.start();
    useEverything();
    WeakReference<ClassLoader> loader = Loaders.of(implementation);
    configurations.close();

    stop();
    implementation.uninstall();
    Penstock.refresh(context);

    try {
      Loaders.awaitCollected(context, loader);
    } finally {
      context.installBundle(location).start();
    }
  }

  /** One of each, all in use, each with a thread that waits for it. */
  private List<Future<?>> useEverything() throws Exception {
    String socket = folder.resolve("s").toString();
    configurations.create(Penstock.PIPE, "leak", Map.of());
    configurations.create(
        Penstock.LISTENER, "leak", Map.of("endpoint", "tcp-listen://127.0.0.1:0"));
    configurations.create(
        Penstock.LISTENER, "leak-unix", Map.of("endpoint", "unix-listen:" + socket));
    configurations.create(
        Penstock.RELAY,
        "leak",
        Map.of("from", "tcp-listen://127.0.0.1:0", "to", "exec:cat", "fork", "true"));
    ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    peers.add(server);
    configurations.create(
        Penstock.CHANNEL, "leak", Map.of("endpoint", "tcp://127.0.0.1:" + server.getLocalPort()));
    peers.add(server.accept());

    Pipe pipe = Services.named(context, Pipe.class, "leak");
    Channel channel = Services.named(context, Channel.class, "leak");
    Listener listener = Services.named(context, Listener.class, "leak");
    Listener unix = Services.named(context, Listener.class, "leak-unix");
    Relay relay = Services.named(context, Relay.class, "leak");
    ChannelFactory factory = Services.any(context, ChannelFactory.class, "");
    Channel child = factory.open(Endpoint.parse("exec:cat"), ChannelOptions.defaults(), SOON);
    Path fifo = fifo();
    Channel reader =
        factory.connect(Endpoint.parse("fifo:" + fifo + "?mode=read"), ChannelOptions.defaults());

    String address = relay.listeners().get(0).endpoint().address();
    Socket client =
        new Socket(
            InetAddress.getLoopbackAddress(),
            Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)));
    peers.add(client);
    client.getOutputStream().write('x');
    assertEquals('x', client.getInputStream().read());
    child.sink().writeFully("y", SOON);
    assertEquals(1, child.source().read(ByteBuffer.allocate(1), SOON));

    serveAndAsk();

    Poller poller =
        context
            .getServiceObjects(Services.reference(context, Poller.class, "", any -> true))
            .getService();
    poller.register(channel.source(), Framing.bytes());
    assertTrue(Files.exists(Path.of(socket)));
    assertTrue(unix.isOpen());

    return List.of(
        background(() -> pipe.source().read(ByteBuffer.allocate(1))),
        background(() -> child.source().read(ByteBuffer.allocate(1))),
        background(() -> reader.source().read(ByteBuffer.allocate(1))),
        background(() -> listener.accept(Wait.forever())),
        background(() -> unix.accept(Wait.forever())),
        background(() -> pollForEver(poller)));
  }

  /** A handler on virtual threads or a pool, with a connection that stays. */
  private void serveAndAsk() throws IOException {
    LineHandler echo = (connection, line) -> connection.reply(line);
    ServiceRegistration<?> registration =
        context.registerService(
            LineHandler.class,
            echo,
            FrameworkUtil.asDictionary(
                Map.of(
                    Server.LISTEN, "tcp-listen://127.0.0.1:0", "penstock.execution", "virtual")));
    peers.add(registration::unregister);
    PenstockRuntime runtime = Services.any(context, PenstockRuntime.class, "");
    while (runtime.runtime().servers().isEmpty()) {
      Thread.onSpinWait();
    }
    String bound = runtime.runtime().servers().get(0).endpoint();
    Socket client =
        new Socket(
            InetAddress.getLoopbackAddress(),
            Integer.parseInt(bound.substring(bound.lastIndexOf(':') + 1)));
    peers.add(client);
    client.getOutputStream().write("z\n".getBytes(StandardCharsets.UTF_8));
    assertEquals('z', client.getInputStream().read());
  }

  /** What ends otherwise is told by events first. */
  private static void pollForEver(Poller poller) throws IOException {
    while (true) {
      poller.poll(Wait.forever());
    }
  }

  private Path fifo() throws IOException, InterruptedException {
    Path fifo = Files.createTempDirectory(folder, "f").resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    return fifo;
  }

  /** Stops the bundle, lets go of everything on the other side, gives threads time to end. */
  private void stop() throws Exception {
    Penstock.implementation(context).stop();
    for (AutoCloseable peer : peers) {
      peer.close();
    }
    peers.clear();
    configurations.close();
    for (Thread thread : threads()) {
      thread.join(10_000);
    }
    assertFalse(Files.exists(folder.resolve("s")), "the socket file is gone");
  }

  private static List<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("penstock-"))
        .toList();
  }

  private static Future<?> background(Call call) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                call.run();
                done.complete(null);
              } catch (Exception problem) {
                done.completeExceptionally(problem);
              }
            },
            "test-background");
    thread.setDaemon(true);
    thread.start();
    return done;
  }

  /** What a background thread does. */
  @FunctionalInterface
  private interface Call {
    void run() throws Exception;
  }
}
