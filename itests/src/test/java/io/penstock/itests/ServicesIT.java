// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.Listener;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Log;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.itests.support.TestBundle;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.poller.Poller;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayFactory;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceObjects;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.Configuration;

/**
 * What is registered for which configuration, and how it lives and ends. Each test has names of its
 * own: the Declarative Services of Karaf may miss a configuration that is made again at once.
 */
@InContainer
class ServicesIT {

  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private BundleContext context;
  private Configurations configurations;
  private Log log;

  @BeforeEach
  void prepare(BundleContext context) {
    this.context = context;
    configurations = new Configurations(context);
    log = new Log(context);
  }

  @AfterEach
  void cleanUp() throws Exception {
    configurations.close();
    log.close();
  }

  /** Factory PID {@code io.penstock.Pipe}. */
  @Nested
  class Pipes {

    @Test
    void aPipeIsRegisteredWithBothItsEndsUnderItsName() throws Exception {
      configurations.create(Penstock.PIPE, "orders", Map.of());

      Pipe pipe = Services.named(context, Pipe.class, "orders");
      ByteSink sink = Services.named(context, ByteSink.class, "orders");
      ByteSource source = Services.named(context, ByteSource.class, "orders");

      assertEquals("orders", pipe.name());
      sink.writeFully("through", SOON);
      assertEquals("through", text(source.take(100, SOON)));
      pipe.sink().writeFully("as one", SOON);
      assertEquals("as one", text(source.take(100, SOON)));
    }

    @Test
    void theNameInTheConfigurationGoesBeforeThatOfThePid() throws Exception {
      configurations.create(Penstock.PIPE, "pid", Map.of("penstock.name", "chosen"));

      assertEquals("chosen", Services.named(context, Pipe.class, "chosen").name());
    }

    @Test
    void allIsGoneWithTheConfiguration() throws Exception {
      Configuration configuration = configurations.create(Penstock.PIPE, "brief", Map.of());
      Pipe pipe = Services.named(context, Pipe.class, "brief");

      configuration.delete();

      Services.awaitGone(context, Pipe.class, "brief");
      Services.awaitGone(context, ByteSink.class, "brief");
      Services.awaitGone(context, ByteSource.class, "brief");
      pipe.closed().exceptionally(cut -> null).toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertThrows(StreamClosedException.class, () -> pipe.sink().write(ByteBuffer.allocate(1)));
    }

    @ParameterizedTest
    @CsvSource({"128KiB, 131072", "4096, 4096", "1 MiB, 1048576", "unbounded, 9223372036854775807"})
    void capacity(String text, long room) throws Exception {
      String name = "sized-" + room;
      configurations.create(Penstock.PIPE, name, Map.of("capacity", text));

      assertEquals(room, Services.named(context, Pipe.class, name).sink().room());
    }

    @Test
    void theDefaultCapacityIs64KiB() throws Exception {
      configurations.create(Penstock.PIPE, "usual", Map.of());

      assertEquals(65536, Services.named(context, Pipe.class, "usual").sink().room());
    }

    @Test
    void timeouts() throws Exception {
      configurations.create(
          Penstock.PIPE, "limited", Map.of("readTimeout", "250ms", "writeTimeout", "PT2S"));

      Pipe pipe = Services.named(context, Pipe.class, "limited");

      assertEquals(Wait.upTo(Duration.ofMillis(250)), pipe.source().readWait());
      assertEquals(Wait.upTo(Duration.ofSeconds(2)), pipe.sink().writeWait());
    }

    @Test
    void blocking() throws Exception {
      configurations.create(
          Penstock.PIPE, "eager", Map.of("readBlocking", false, "writeBlocking", "false"));

      Pipe pipe = Services.named(context, Pipe.class, "eager");

      assertEquals(Wait.none(), pipe.source().readWait());
      assertEquals(Wait.none(), pipe.sink().writeWait());
    }

    @Test
    void aChangedTimeoutReachesThoseWhoWaitAndClosesNothing() throws Exception {
      Configuration configuration = configurations.create(Penstock.PIPE, "changing", Map.of());
      Pipe pipe = Services.named(context, Pipe.class, "changing");
      Future<?> reader = background(() -> pipe.source().read(ByteBuffer.allocate(1)));

      Configurations.update(configuration, Map.of("readTimeout", "100ms"));

      assertInstanceOf(StreamTimeoutException.class, failure(reader));
      assertTrue(pipe.source().isOpen());
      assertSame(pipe, Services.named(context, Pipe.class, "changing"));
      pipe.sink().writeFully("kept", SOON);
      assertEquals("kept", text(pipe.source().take(100, SOON)));
    }

    @ParameterizedTest
    @CsvSource({"capacity, lots", "readTimeout, soon", "writeTimeout, -1s", "direct, perhaps"})
    void aBadValueIsRefusedByNameAndTheLastGoodOnesStay(String key, String value) throws Exception {
      String name = "careful-" + key;
      Configuration configuration =
          configurations.create(Penstock.PIPE, name, Map.of("readTimeout", "7s"));
      Pipe pipe = Services.named(context, Pipe.class, name);

      Map<String, String> bad = new HashMap<>(Map.of("readTimeout", "7s"));
      bad.put(key, value);
      Configurations.update(configuration, bad);

      log.await(key, "'" + value + "'", "expected");
      assertEquals(Wait.upTo(Duration.ofSeconds(7)), pipe.source().readWait());
      assertSame(pipe, Services.named(context, Pipe.class, name));
      assertTrue(pipe.sink().isOpen());
    }

    @Test
    void aSecondConfigurationOfOneNameIsRefused() throws Exception {
      configurations.create(Penstock.PIPE, "first", Map.of("penstock.name", "twice"));
      Pipe pipe = Services.named(context, Pipe.class, "twice");

      configurations.create(Penstock.PIPE, "second", Map.of("penstock.name", "twice"));

      log.await("twice", "second");
      assertEquals(1, context.getServiceReferences(Pipe.class, Services.byName("twice")).size());
      assertSame(pipe, Services.named(context, Pipe.class, "twice"));
    }

    @ParameterizedTest
    @EnumSource(PipeEnd.class)
    void aNameLivesAgainAfterItsPipesEnd(PipeEnd end) throws Exception {
      String name = "phoenix-" + end;
      configurations.create(Penstock.PIPE, name, Map.of());
      Pipe old = Services.named(context, Pipe.class, name);

      end.bringAbout(old);

      Pipe fresh = Services.fresh(context, Pipe.class, name, old);
      fresh.sink().writeFully("again", SOON);
      assertEquals("again", text(fresh.source().take(100, SOON)));
      ByteSink sink = Services.named(context, ByteSink.class, name);
      sink.writeFully("the ends, too", SOON);
      assertEquals("the ends, too", text(fresh.source().take(100, SOON)));
    }

    @Test
    void lettingGoOfASharedPipeDoesNotCloseIt() throws Exception {
      configurations.create(Penstock.PIPE, "shared", Map.of());
      ServiceReference<Pipe> reference =
          Services.reference(context, Pipe.class, Services.byName("shared"), any -> true);
      Pipe pipe = context.getService(reference);

      context.ungetService(reference);

      assertTrue(pipe.sink().isOpen());
      assertSame(pipe, context.getService(reference));
    }

    @Test
    void aPipeOfOnesOwnIsNeverANamedOne() throws Exception {
      configurations.create(Penstock.PIPE, "named", Map.of());
      Services.named(context, Pipe.class, "named");

      ServiceReference<Pipe> best = context.getServiceReference(Pipe.class);

      assertNull(best.getProperty("penstock.name"));
      assertEquals(Constants.SCOPE_PROTOTYPE, best.getProperty(Constants.SERVICE_SCOPE));
      ServiceObjects<Pipe> objects = context.getServiceObjects(best);
      Pipe one = objects.getService();
      Pipe other = objects.getService();
      assertNotSame(one, other);
      objects.ungetService(one);
      assertThrows(StreamClosedException.class, () -> one.sink().write(ByteBuffer.allocate(1)));
      assertTrue(other.sink().isOpen());
      objects.ungetService(other);
    }
  }

  /** How a pipe can come to its end. */
  enum PipeEnd {
    ENDED_AND_DRAINED {
      @Override
      void bringAbout(Pipe pipe) throws IOException {
        pipe.sink().writeFully("last", SOON);
        pipe.sink().end();
        pipe.source().readAll(100, SOON);
      }
    },
    CLOSED {
      @Override
      void bringAbout(Pipe pipe) throws IOException {
        pipe.close();
      }
    },
    ABORTED {
      @Override
      void bringAbout(Pipe pipe) {
        pipe.abort(new IOException("cut on purpose"));
      }
    };

    abstract void bringAbout(Pipe pipe) throws IOException;
  }

  /** Factory PID {@code io.penstock.Channel}. */
  @Nested
  class Channels {

    @Test
    void aChannelIsRegisteredWhileConnected() throws Exception {
      try (ServerSocket server = server()) {
        configurations.create(
            Penstock.CHANNEL,
            "line",
            Map.of("endpoint", "tcp://127.0.0.1:" + port(server) + "?readTimeout=9s"));
        Socket peer = server.accept();

        ServiceReference<Channel> reference =
            Services.reference(context, Channel.class, Services.byName("line"), any -> true);

        assertEquals("tcp", reference.getProperty("penstock.kind"));
        assertEquals("tcp://127.0.0.1:" + port(server), reference.getProperty("penstock.endpoint"));
        assertTrue(
            reference.getProperty("penstock.peer").toString().endsWith(":" + port(server)),
            () -> "peer " + reference.getProperty("penstock.peer"));
        Channel channel = context.getService(reference);
        assertEquals(Wait.upTo(Duration.ofSeconds(9)), channel.source().readWait());
        channel.sink().writeFully("over the line", SOON);
        assertEquals("over the line", text(peer, 13));
      }
    }

    @Test
    void aChannelThatReconnectsIsAFreshOne() throws Exception {
      try (ServerSocket server = server()) {
        configurations.create(
            Penstock.CHANNEL, "again", Map.of("endpoint", "tcp://127.0.0.1:" + port(server)));
        Socket first = server.accept();
        Channel old = Services.named(context, Channel.class, "again");

        first.close();
        old.source().awaitReadable(SOON);
        old.close();
        Socket second = server.accept();

        Channel fresh = Services.fresh(context, Channel.class, "again", old);
        fresh.sink().writeFully("back", SOON);
        assertEquals("back", text(second, 4));
      }
    }

    @Test
    void activationDoesNotWaitForTheNetwork() throws Exception {
      try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
          Socket one = fill(full);
          Socket two = fill(full)) {
        Configuration stuck =
            configurations.create(
                Penstock.CHANNEL,
                "stuck",
                Map.of("endpoint", "tcp://127.0.0.1:" + port(full), "connectTimeout", "1m"));
        configurations.create(Penstock.PIPE, "meanwhile", Map.of());

        Services.named(context, Pipe.class, "meanwhile");
        assertTrue(context.getServiceReferences(Channel.class, Services.byName("stuck")).isEmpty());
        assertTrue(one.isConnected() && two.isConnected());
        stuck.delete();
      }
    }

    @Test
    void aChangedTimeoutAppliesToTheLiveChannel() throws Exception {
      Configuration configuration =
          configurations.create(Penstock.CHANNEL, "live", Map.of("endpoint", "echo:"));
      Channel channel = Services.named(context, Channel.class, "live");
      Future<?> reader = background(() -> channel.source().read(ByteBuffer.allocate(1)));

      Configurations.update(configuration, Map.of("endpoint", "echo:", "readTimeout", "100ms"));

      assertInstanceOf(StreamTimeoutException.class, failure(reader));
      assertTrue(channel.isOpen());
      assertSame(channel, Services.named(context, Channel.class, "live"));
    }

    @ParameterizedTest
    @CsvSource({
      "endpoint, no endpoint at all, expected",
      "endpoint, nosuch:thing, echo",
      "connectTimeout, 0s, more than zero",
      "reconnect, sometimes, expected"
    })
    void aBadValueIsRefusedByName(String key, String value, String allowed) throws Exception {
      String name = "strict-" + value.replaceAll("\\W", "");
      Configuration configuration =
          configurations.create(Penstock.CHANNEL, name, Map.of("endpoint", "echo:"));
      Channel channel = Services.named(context, Channel.class, name);

      Map<String, String> bad = new HashMap<>(Map.of("endpoint", "echo:"));
      bad.put(key, value);
      Configurations.update(configuration, bad);

      log.await(key, value, allowed);
      assertSame(channel, Services.named(context, Channel.class, name));
      assertTrue(channel.isOpen());
    }
  }

  /** Factory PID {@code io.penstock.Listener}. */
  @Nested
  class Listeners {

    @Test
    void aListenerIsRegisteredWhileBound() throws Exception {
      Configuration configuration =
          configurations.create(
              Penstock.LISTENER, "door", Map.of("endpoint", "tcp-listen://127.0.0.1:0"));

      ServiceReference<Listener> reference =
          Services.reference(context, Listener.class, Services.byName("door"), any -> true);
      Listener listener = context.getService(reference);
      int port = port(listener);

      assertEquals("tcp-listen", reference.getProperty("penstock.kind"));
      assertEquals("tcp-listen://127.0.0.1:" + port, reference.getProperty("penstock.endpoint"));
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
          Channel accepted = listener.accept(SOON)) {
        client.getOutputStream().write("knock".getBytes(StandardCharsets.UTF_8));
        ByteBuffer knock = ByteBuffer.allocate(5);
        accepted.source().readFully(knock, SOON);
        assertEquals("knock", text(knock.flip()));
      }

      configuration.delete();
      Services.awaitGone(context, Listener.class, "door");
      listener.closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertFalse(listener.isOpen());
      assertThrows(
          ConnectException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port).close());
    }
  }

  /** The conditions of configured names, and a component that waits for one. */
  @Nested
  class Conditions {
    private static final String LISTENING =
        "(&(osgi.condition.id=penstock.listening)(penstock.name=hall))";
    private static final String CONNECTED =
        "(&(osgi.condition.id=penstock.connected)(penstock.name=line))";
    private static final String COMPONENT =
        """
        <scr:component name="waiting" xmlns:scr="http://www.osgi.org/xmlns/scr/v1.5.0">
          <implementation class="java.util.concurrent.CompletableFuture"/>
          <service><provide interface="java.util.concurrent.Future"/></service>
          <property name="test.waits" value="line"/>
          <property name="osgi.ds.satisfying.condition.target" value="%s"/>
        </scr:component>
        """
            .formatted(CONNECTED.replace("&", "&amp;"));
    private static final String WAITS = "(test.waits=line)";

    @Test
    void comeAndGoWithTheListenerAndTheChannel() throws Exception {
      Map<String, String> anyPort = Map.of("endpoint", "tcp-listen://127.0.0.1:0");
      Bundle user =
          TestBundle.named("waiting")
              .header("Service-Component", "OSGI-INF/waiting.xml")
              .with("OSGI-INF/waiting.xml", COMPONENT)
              .start(context);
      try {
        Configuration hall = configurations.create(Penstock.LISTENER, "hall", anyPort);
        Services.await(context, LISTENING);
        int port = port(Services.named(context, Listener.class, "hall"));
        assertFalse(isThere(CONNECTED));
        assertFalse(isThere(WAITS));

        Configuration line =
            configurations.create(
                Penstock.CHANNEL, "line", Map.of("endpoint", "tcp://127.0.0.1:" + port));
        Services.await(context, WAITS);
        assertTrue(isThere(CONNECTED));

        line.delete();
        Services.awaitGone(context, "line");
        assertFalse(isThere(WAITS));
        assertTrue(isThere(LISTENING));

        hall.delete();
        Services.awaitGone(context, "hall");
        assertFalse(isThere(LISTENING));
      } finally {
        user.uninstall();
      }
    }

    private boolean isThere(String filter) throws Exception {
      return context.getAllServiceReferences(null, filter) != null;
    }
  }

  /** Factory PID {@code io.penstock.Relay}. */
  @Nested
  class Relays {

    @Test
    void aRelayIsRegisteredAndRelays() throws Exception {
      Configuration configuration =
          configurations.create(
              Penstock.RELAY,
              "mirror",
              Map.of("from", "tcp-listen://127.0.0.1:0", "to", "echo:", "fork", "true"));
      Relay relay = Services.named(context, Relay.class, "mirror");
      int port = port(relay.listeners().get(0));

      for (String line : List.of("one", "two")) {
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
          client.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
          client.shutdownOutput();
          assertEquals(
              line, new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        }
      }

      configuration.delete();
      Services.awaitGone(context, Relay.class, "mirror");
      relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertThrows(
          ConnectException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port).close());
    }

    @Test
    void aRelayJoinsNamedPipes() throws Exception {
      configurations.create(Penstock.PIPE, "in", Map.of());
      configurations.create(Penstock.PIPE, "out", Map.of());
      Pipe in = Services.named(context, Pipe.class, "in");
      Pipe out = Services.named(context, Pipe.class, "out");
      configurations.create(Penstock.RELAY, "join", Map.of("from", "pipe:in", "to", "pipe:out"));

      in.sink().writeFully("joined", SOON);

      ByteBuffer joined = ByteBuffer.allocate(6);
      out.source().readFully(joined, SOON);
      assertEquals("joined", text(joined.flip()));
    }
  }

  /** PID {@code io.penstock.Poller.default}. */
  @Nested
  class Pollers {

    @Test
    void eachConsumerHasItsOwnClosedWhenLetGo() throws Exception {
      ServiceReference<Poller> reference =
          Services.reference(context, Poller.class, "", any -> true);
      assertEquals(Constants.SCOPE_PROTOTYPE, reference.getProperty(Constants.SERVICE_SCOPE));
      ServiceObjects<Poller> objects = context.getServiceObjects(reference);
      Poller one = objects.getService();
      Poller other = objects.getService();
      assertNotSame(one, other);

      objects.ungetService(one);

      assertThrows(StreamClosedException.class, () -> one.poll(Wait.none()));
      assertEquals(List.of(), other.poll(Wait.none()));
      objects.ungetService(other);
    }
  }

  /** The factories, and what becomes of the things a bundle made through them. */
  @Nested
  class Factories {

    @ParameterizedTest
    @ValueSource(classes = {PipeFactory.class, ChannelFactory.class, RelayFactory.class})
    void areBundleScoped(Class<?> factory) {
      ServiceReference<?> reference = Services.reference(context, factory, "", any -> true);

      assertEquals(Constants.SCOPE_BUNDLE, reference.getProperty(Constants.SERVICE_SCOPE));
    }

    @Test
    void whatABundleMadeIsClosedAndItsWaitersAreWokenWhenItStops() throws Exception {
      Bundle user =
          TestBundle.named("factory-user")
              .activator(FactoryUser.class)
              .with(FactoryUser.Work.class)
              .start(context);
      List<Future<?>> waiters = new ArrayList<>();
      for (String made : List.of("pipe", "channel", "listener", "relay")) {
        waiters.add(Services.any(context, Future.class, "(test.made=" + made + ")"));
      }

      user.stop();

      for (Future<?> waiter : waiters) {
        assertInstanceOf(java.nio.channels.ClosedChannelException.class, failure(waiter));
      }
      log.await("made-pipe", "factory-user");
      user.uninstall();
    }
  }

  private Future<?> background(Call call) {
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

  private static Throwable failure(Future<?> future) {
    return assertThrows(ExecutionException.class, () -> future.get(20, TimeUnit.SECONDS))
        .getCause();
  }

  private static ServerSocket server() throws IOException {
    ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    server.setSoTimeout(20_000);
    return server;
  }

  /** Takes a place in a backlog that nobody accepts from. */
  private static Socket fill(ServerSocket full) throws IOException {
    return new Socket(full.getInetAddress(), full.getLocalPort());
  }

  private static int port(ServerSocket server) {
    return ((InetSocketAddress) server.getLocalSocketAddress()).getPort();
  }

  private static int port(Listener listener) {
    String address = listener.endpoint().address();
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  private static String text(Socket socket, int bytes) throws IOException {
    socket.setSoTimeout(20_000);
    return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.UTF_8);
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }

  /** What a background thread does. */
  @FunctionalInterface
  private interface Call {
    void run() throws Exception;
  }
}
