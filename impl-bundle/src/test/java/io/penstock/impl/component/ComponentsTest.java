// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.impl.kind.Peers;
import io.penstock.pipe.Pipe;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.relay.Relay;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.felix.framework.FrameworkFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.Filter;
import org.osgi.framework.ServiceEvent;
import org.osgi.framework.ServiceListener;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRequirement;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.log.LoggerFactory;
import org.osgi.util.tracker.ServiceTracker;

/**
 * The components in a framework of their own. The API comes from the class path of the test, so
 * that the test can use the services.
 */
class ComponentsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final List<String> API =
      List.of(
          "channel",
          "channel.facet",
          "error",
          "pipe",
          "poller",
          "relay",
          "runtime",
          "serve",
          "spi",
          "stream");

  @TempDir Path cache;

  private Framework framework;
  private BundleContext context;
  private Bundle implementation;
  private LogLines log;
  private Set<Thread> threadsBefore;

  @BeforeEach
  void boot() throws Exception {
    threadsBefore = Thread.getAllStackTraces().keySet();
    log = new LogLines();
    StringBuilder shared =
        new StringBuilder("org.osgi.service.cm;version=1.6.1,org.osgi.service.log;version=1.5");
    API.forEach(name -> shared.append(",io.penstock.").append(name).append(";version=0.1.0"));
    framework =
        new FrameworkFactory()
            .newFramework(
                Map.of(
                    Constants.FRAMEWORK_STORAGE,
                    cache.toString(),
                    Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA,
                    shared.toString()));
    framework.init();
    context = framework.getBundleContext();
    List<Bundle> bundles = new ArrayList<>();
    for (String name :
        List.of(
            "org.osgi.util.function",
            "org.osgi.util.promise",
            "org.osgi.service.component-",
            "org.apache.felix.configadmin",
            "org.apache.felix.scr")) {
      bundles.add(context.installBundle(onClassPath(name)));
    }
    implementation = context.installBundle("reference:" + Path.of("target/classes").toUri());
    framework.start();
    for (Bundle bundle : bundles) {
      bundle.start();
    }
    implementation.start();
  }

  private static String onClassPath(String name) {
    return Stream.of(System.getProperty("java.class.path").split(java.io.File.pathSeparator))
        .map(Path::of)
        .filter(path -> path.getFileName().toString().startsWith(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " is not on the class path"))
        .toUri()
        .toString();
  }

  @AfterEach
  void shutDown() throws Exception {
    framework.stop();
    framework.waitForStop(20_000);
    log.close();
  }

  @Test
  void everyBuiltInKindIsThereAsSoonAsTheFactoryIs() throws Exception {
    implementation.stop();
    CompletableFuture<Set<String>> schemes = new CompletableFuture<>();
    ServiceListener listener =
        event -> {
          if (event.getType() == ServiceEvent.REGISTERED) {
            ServiceReference<?> reference = event.getServiceReference();
            schemes.complete(((ChannelFactory) context.getService(reference)).schemes());
          }
        };
    context.addServiceListener(listener, "(objectClass=" + ChannelFactory.class.getName() + ")");

    implementation.start();

    Set<String> installed = schemes.get(20, TimeUnit.SECONDS);
    assertTrue(
        installed.containsAll(Set.of("tcp", "unix", "stdio", "exec", "fifo", "pipe", "mem")));
    Set<String> announced = new TreeSet<>();
    for (ServiceReference<ChannelProvider> reference :
        context.getServiceReferences(ChannelProvider.class, null)) {
      Object property = reference.getProperty(ChannelProvider.SCHEME);
      announced.addAll(
          property instanceof String[] many ? List.of(many) : List.of(property.toString()));
      context.ungetService(reference);
    }
    assertEquals(installed, announced);
  }

  @Test
  void theFactorySaysHowNativeCallsAreMadeOnceItIsKnown() throws Exception {
    ServiceReference<ChannelFactory> reference = context.getServiceReference(ChannelFactory.class);
    assertEquals("auto", reference.getProperty(ChannelFactory.NATIVE));
    CompletableFuture<Object> changed = new CompletableFuture<>();
    ServiceListener listener =
        event -> changed.complete(event.getServiceReference().getProperty(ChannelFactory.NATIVE));
    context.addServiceListener(listener, "(objectClass=" + ChannelFactory.class.getName() + ")");

    // JNA is not installed here.
    String mode = context.getService(reference).nativeMode();

    assertEquals(Runtime.version().feature() < 22 ? "none" : "foreign", mode);
    assertEquals(mode, changed.get(20, TimeUnit.SECONDS));
    log.await(mode.equals("none") ? "no native calls: foreign" : "native calls by foreign");
  }

  @Test
  void badValueFailsUntilItIsCorrected() throws Exception {
    Configuration configuration = configure("io.penstock.Pipe", "a", Map.of("capacity", "lots"));
    log.await("SEVERE", "io.penstock.Pipe~a: capacity: 'lots'", "KiB");
    assertEquals(0, count(Pipe.class, "a"));

    configuration.update(new Hashtable<>(Map.of("capacity", 4096)));

    assertEquals(4096, service(Pipe.class, "a").sink().room());
  }

  @Test
  void badChangeKeepsTheLastGoodValuesAndAGoodOneReachesTheLivePipe() throws Exception {
    Configuration configuration = configure("io.penstock.Pipe", "b", Map.of("readTimeout", "7s"));
    Pipe pipe = service(Pipe.class, "b");

    configuration.update(new Hashtable<>(Map.of("readTimeout", "7s", "direct", "perhaps")));
    log.await("io.penstock.Pipe~b: direct: 'perhaps'", "expected true or false", "last good");
    assertEquals(Wait.upTo(Duration.ofSeconds(7)), pipe.source().readWait());

    Future<?> reader = background(() -> pipe.source().read(ByteBuffer.allocate(1)));
    configuration.update(new Hashtable<>(Map.of("readTimeout", "50ms")));
    assertEquals("StreamTimeoutException", failure(reader).getClass().getSimpleName());
    assertSame(pipe, service(Pipe.class, "b"));
    assertTrue(pipe.source().isOpen());
  }

  @Test
  void nameLivesAgainAndPassesOnToTheNextConfiguration() throws Exception {
    Configuration first = configure("io.penstock.Pipe", "one", Map.of("penstock.name", "x"));
    Pipe old = service(Pipe.class, "x");
    configure("io.penstock.Pipe", "two", Map.of("penstock.name", "x", "capacity", "1KiB"));
    log.await("WARNING", "io.penstock.Pipe~two", "'x'", "io.penstock.Pipe~one");

    old.close();
    Pipe fresh = fresh(Pipe.class, "x", old);
    assertEquals(64 * 1024, fresh.sink().room());
    service(ByteSink.class, "x").write(ByteBuffer.wrap(new byte[] {7}));
    assertEquals(7, service(ByteSource.class, "x").take(1, SOON).get());

    first.delete();
    assertEquals(1024, fresh(Pipe.class, "x", fresh).sink().room());
  }

  @Test
  void pipeOfOnesOwnRanksAboveNamedOnes() throws Exception {
    configure("io.penstock.Pipe", "named", Map.of());
    service(Pipe.class, "named");
    ServiceReference<Pipe> best = context.getServiceReference(Pipe.class);
    assertNull(best.getProperty(Pipe.NAME));
    Pipe one = context.getServiceObjects(best).getService();
    assertNotSame(one, context.getServiceObjects(best).getService());
    context.getServiceObjects(best).ungetService(one);
    assertInstanceOf(
        ClosedChannelException.class,
        assertThrows(IOException.class, () -> one.source().read(ByteBuffer.allocate(1))));
  }

  @Test
  void channelListenerAndRelayMeetInMemory() throws Exception {
    configure("io.penstock.Channel", "line", Map.of("endpoint", "mem:desk"));
    log.await("WARNING", "io.penstock.Channel~line", "mem:desk", "check that the peer");
    configure(
        "io.penstock.Relay",
        "desk",
        Map.of("from", "mem-listen:desk", "to", "echo:", "fork", true, "buffer", 1024L));
    service(Relay.class, "desk");

    Channel line = service(Channel.class, "line");
    line.sink().writeFully("hello", SOON);
    ByteBuffer back = ByteBuffer.allocate(5);
    line.source().readFully(back, SOON);
    assertEquals("hello", StandardCharsets.UTF_8.decode(back.flip()).toString());
    assertEquals("mem", reference(Channel.class, "line").getProperty(Channel.KIND));
    assertEquals("mem:desk", reference(Channel.class, "line").getProperty(Channel.ENDPOINT));

    line.close();
    assertTrue(fresh(Channel.class, "line", line).isOpen());
  }

  @Test
  void channelWhosePeerHasGoneIsMadeAgain() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      configure(
          "io.penstock.Channel",
          "wire",
          Map.of(
              "endpoint",
              "tcp://127.0.0.1:" + server.getLocalPort(),
              "closeTimeout",
              "0ms",
              "reconnectMin",
              "1ms",
              "reconnectMax",
              "2ms"));
      Socket first = server.accept();
      Channel old = service(Channel.class, "wire");
      first.close();
      try {
        assertEquals(-1, old.source().read(ByteBuffer.allocate(1), SOON));
      } catch (ClosedChannelException e) {
        // With a close time-out of nothing the channel may be closed before the reader sees the
        // end.
        assertFalse(old.isOpen());
      }

      Socket second = server.accept();
      Channel next = fresh(Channel.class, "wire", old);
      assertFalse(old.isOpen());
      second.setSoLinger(true, 0);
      second.close();
      assertThrows(IOException.class, () -> next.source().read(ByteBuffer.allocate(1), SOON));

      server.accept().close();
      fresh(Channel.class, "wire", next);
    }
  }

  @Test
  void unknownKeyIsNamedOnceHoweverOftenTheAddressIsTried() throws Exception {
    Configuration configuration;
    Map<String, Object> values = new HashMap<>();
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      values.put("endpoint", "tcp-listen://127.0.0.1:" + other.getLocalPort());
      values.put("backlock", 3);
      values.put(".password", "in vain");
      configuration = configure("io.penstock.Listener", "late", values);
      log.await("WARNING", "io.penstock.Listener~late", "trying again");
    }
    // Only a further try can have bound it.
    Listener listener = service(Listener.class, "late");
    assertEquals(1, log.count("io.penstock.Listener~late: the key 'backlock' is unknown"));
    assertEquals(1, log.count("io.penstock.Listener~late: the key '.password' has no effect"));

    values.put("backlock", 4);
    configuration.update(new Hashtable<>(values));
    fresh(Listener.class, "late", listener);
    assertEquals(2, log.count("'backlock' is unknown"));
  }

  @Test
  void listenerTellsItsPortAndUnknownKeysAreNamed() throws Exception {
    configure(
        "io.penstock.Listener",
        "door",
        Map.of("endpoint", "tcp-listen://127.0.0.1:0", "noDelay", "true", "backlock", 3));
    Listener listener = service(Listener.class, "door");
    log.await("WARNING", "io.penstock.Listener~door", "'backlock'", "backlog", "noDelay");
    assertEquals(0, log.count("'noDelay'"));
    String endpoint = (String) reference(Listener.class, "door").getProperty(Channel.ENDPOINT);
    assertEquals(listener.endpoint().toString(), endpoint);
    log.await("INFO", "listening " + endpoint);
    ChannelFactory channels = context.getService(context.getServiceReference(ChannelFactory.class));
    Channel client =
        channels.open(
            Endpoint.parse(endpoint.replace("-listen", "")), ChannelOptions.defaults(), SOON);
    assertTrue(listener.accept(SOON).isOpen());
    client.close();
  }

  @Test
  void anAddressThatAnotherProgramHasIsRefusedAndTheOldOneStays() throws Exception {
    Configuration configuration =
        configure("io.penstock.Listener", "gate", Map.of("endpoint", "tcp-listen://127.0.0.1:0"));
    Listener listener = service(Listener.class, "gate");
    try (ServerSocket held = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      configuration.update(
          new Hashtable<>(Map.of("endpoint", "tcp-listen://127.0.0.1:" + held.getLocalPort())));
      log.await("SEVERE", "io.penstock.Listener~gate: endpoint", "the last good values stay");
    }
    assertSame(listener, service(Listener.class, "gate"));
    try (Socket client =
        new Socket("127.0.0.1", Integer.parseInt(port(listener.endpoint().address())))) {
      listener.accept(SOON).close();
      assertEquals(-1, client.getInputStream().read());
    }
  }

  private static String port(String address) {
    return address.substring(address.lastIndexOf(':') + 1);
  }

  @Test
  void changedTimeoutReachesAcceptedChannels() throws Exception {
    Map<String, String> values = Map.of("endpoint", "mem-listen:gate", "readTimeout", "1m");
    Configuration configuration = configure("io.penstock.Listener", "gate", values);
    Listener listener = service(Listener.class, "gate");
    ChannelFactory channels = context.getService(context.getServiceReference(ChannelFactory.class));
    Endpoint gate = Endpoint.parse("mem:gate");
    channels.connect(gate, ChannelOptions.defaults());
    Channel first = listener.accept(SOON);
    assertEquals(Wait.upTo(Duration.ofMinutes(1)), first.source().readWait());
    Future<?> reader = background(() -> first.source().read(ByteBuffer.allocate(1)));

    configuration.update(
        new Hashtable<>(Map.of("endpoint", "mem-listen:gate", "readTimeout", "20ms")));

    assertEquals("StreamTimeoutException", failure(reader).getClass().getSimpleName());
    assertSame(listener, service(Listener.class, "gate"));
    channels.connect(gate, ChannelOptions.defaults());
    assertEquals(Wait.upTo(Duration.ofMillis(20)), listener.accept(SOON).source().readWait());
  }

  @Test
  void changedIdleTimeoutReachesTheConnectionsOfARelay() throws Exception {
    Map<String, Object> values = Map.of("from", "mem-listen:bar", "to", "echo:", "fork", true);
    Configuration configuration = configure("io.penstock.Relay", "bar", values);
    Relay relay = service(Relay.class, "bar");
    Channel guest =
        context
            .getService(context.getServiceReference(ChannelFactory.class))
            .connect(Endpoint.parse("mem:bar"), ChannelOptions.defaults());
    guest.sink().writeFully("x", SOON);
    assertEquals('x', guest.source().take(1, SOON).get());

    configuration.update(
        new Hashtable<>(
            Map.of("from", "mem-listen:bar", "to", "echo:", "fork", true, "idleTimeout", "20ms")));

    assertThrows(IOException.class, () -> guest.source().read(ByteBuffer.allocate(1), SOON));
    log.await("WARNING", "io.penstock.Relay~bar", "was idle");
    assertSame(relay, service(Relay.class, "bar"));
  }

  @Test
  void changedTotalTimeoutReachesTheConnectionsOfARelay() throws Exception {
    Map<String, Object> values =
        new HashMap<>(
            Map.of("from", "mem-listen:tot", "to", "echo:", "fork", true, "totalTimeout", "1h"));
    Configuration configuration = configure("io.penstock.Relay", "tot", values);
    Relay relay = service(Relay.class, "tot");
    Channel guest =
        context
            .getService(context.getServiceReference(ChannelFactory.class))
            .connect(Endpoint.parse("mem:tot"), ChannelOptions.defaults());
    guest.sink().writeFully("x", SOON);
    assertEquals('x', guest.source().take(1, SOON).get());

    values.put("totalTimeout", "20ms");
    configuration.update(new Hashtable<>(values));

    assertThrows(IOException.class, () -> guest.source().read(ByteBuffer.allocate(1), SOON));
    log.await("WARNING", "io.penstock.Relay~tot", "took too long");
    assertSame(relay, service(Relay.class, "tot"));
  }

  @Test
  void aFloodOfConnectionsThatFailIsOneLine() throws Exception {
    configure(
        "io.penstock.Relay",
        "flood",
        Map.of("from", "mem-listen:flood", "to", "exec:/no/such/program", "fork", true));
    service(Relay.class, "flood");
    ChannelFactory channels = context.getService(context.getServiceReference(ChannelFactory.class));
    for (int i = 0; i < 50; i++) {
      Channel guest = channels.connect(Endpoint.parse("mem:flood"), ChannelOptions.defaults());
      assertThrows(IOException.class, () -> guest.source().read(ByteBuffer.allocate(1), SOON));
    }
    log.await("WARNING", "io.penstock.Relay~flood", "/no/such/program");
    assertEquals(1, log.count("io.penstock.Relay~flood"));
  }

  @Test
  void pollersCutAsTheyAreConfigured() throws Exception {
    Configuration configuration = admin().getConfiguration("io.penstock.Poller.default", "?");
    configuration.update(
        new Hashtable<>(
            Map.of(
                "framing",
                "lines",
                "maxFrame",
                "1KiB",
                "frameTimeout",
                "10s",
                "idleTimeout",
                "1m")));
    ServiceTracker<Poller, Poller> tracker =
        new ServiceTracker<>(
            context,
            context.createFilter("(&(objectClass=" + Poller.class.getName() + ")(framing=lines))"),
            null);
    tracker.open();
    try {
      Poller poller = tracker.waitForService(20_000);
      assertEquals("lines(1024), a frame within PT10S, idle for PT1M", poller.framing().toString());
      configure("io.penstock.Pipe", "cut", Map.of());
      Pipe pipe = service(Pipe.class, "cut");
      poller.register(pipe.source());
      pipe.sink().writeFully("one\ntw", SOON);
      List<PollEvent> events = poller.poll(SOON);
      assertEquals(1, events.size());
      assertEquals(4, ((PollEvent.Data) events.get(0)).bytes().remaining());

      configuration.update(new Hashtable<>(Map.of("framing", "verses")));
      log.await("SEVERE", "'verses'", "expected bytes, lines");
    } finally {
      tracker.close();
      configuration.delete();
    }
  }

  @Test
  void bundleStopWakesWhoWaitsAndEndsItsThreads() throws Exception {
    configure("io.penstock.Pipe", "p", Map.of());
    configure("io.penstock.Listener", "l", Map.of("endpoint", "tcp-listen://127.0.0.1:0"));
    Pipe pipe = service(Pipe.class, "p");
    Listener listener = service(Listener.class, "l");
    Pipe full = service(Pipe.class, "p");
    Future<?> reader = background(() -> pipe.source().read(ByteBuffer.allocate(1)));
    Future<?> acceptor = background(() -> listener.accept(Wait.forever()));
    Channel left =
        context
            .getService(context.getServiceReference(ChannelFactory.class))
            .connect(Endpoint.parse("echo:"), ChannelOptions.defaults());

    implementation.stop();

    assertInstanceOf(ClosedChannelException.class, failure(reader));
    assertInstanceOf(ClosedChannelException.class, failure(acceptor));
    assertThrows(ClosedChannelException.class, () -> full.sink().write(ByteBuffer.allocate(1)));
    assertThrows(ClosedChannelException.class, () -> left.source().read(ByteBuffer.allocate(1)));
    assertEquals(0, log.count("has stopped without closing"));
    Peers.threadsEnd("penstock-", threadsBefore);
  }

  /** A resolver finds this bundle for a bundle that needs one of its services. */
  @Test
  void everyServiceIsACapability() throws Exception {
    configure("io.penstock.Pipe", "p", Map.of());
    configure("io.penstock.Listener", "l", Map.of("endpoint", "mem-listen:cap"));
    configure("io.penstock.Relay", "r", Map.of("from", "mem-listen:rel", "to", "echo:"));
    configure("io.penstock.Channel", "c", Map.of("endpoint", "echo:"));
    service(Pipe.class, "p");
    service(Listener.class, "l");
    service(Relay.class, "r");
    service(Channel.class, "c");
    List<BundleCapability> capabilities =
        implementation.adapt(BundleRevision.class).getDeclaredCapabilities("osgi.service");

    for (ServiceReference<?> reference : implementation.getRegisteredServices()) {
      for (String type : (String[]) reference.getProperty(Constants.OBJECTCLASS)) {
        if (type.startsWith("io.penstock.")) {
          Filter wanted = context.createFilter("(objectClass=" + type + ")");
          assertTrue(
              capabilities.stream().anyMatch(each -> wanted.matches(each.getAttributes())), type);
        }
      }
    }
    for (String name : List.of("penstock", "io.penstock")) {
      Filter any = context.createFilter("(&(osgi.implementation=" + name + ")(version>=0.1))");
      assertTrue(
          implementation
              .adapt(BundleRevision.class)
              .getDeclaredCapabilities("osgi.implementation")
              .stream()
              .anyMatch(each -> any.matches(each.getAttributes())),
          name);
    }
  }

  /** Karaf wires no optional import of a bundle that comes with a feature. */
  @Test
  void jnaIsWiredWhenItIsNeeded() {
    List<String> resolutions =
        implementation
            .adapt(BundleRevision.class)
            .getDeclaredRequirements("osgi.wiring.package")
            .stream()
            .map(BundleRequirement::getDirectives)
            .filter(each -> each.getOrDefault("filter", "").contains("=com.sun.jna)"))
            .map(each -> each.get("resolution"))
            .toList();
    assertEquals(List.of("dynamic"), resolutions);
  }

  @Test
  void valuesOfPollersAreCheckedWhenTheyCome() throws Exception {
    Configuration configuration = admin().getConfiguration("io.penstock.Poller.default", "?");
    configuration.update(new Hashtable<>(Map.of("maxEventsPerPoll", "0", "maxFrames", "1KiB")));
    log.await("SEVERE", "io.penstock.Poller.default: maxEventsPerPoll: '0'", "no effect");
    log.await("WARNING", "'maxFrames'", "maxFrame");

    // Felix SCR 2.2 loses an update that comes while it reads the one before: each component that
    // takes the configuration has to have read this one before the next is made.
    configuration.update(
        new Hashtable<>(Map.of("framing", "lines", "maxFrame", "2KiB", "maxEvent", "1")));
    log.await("WARNING", "'maxEvent'", "maxEventsPerPoll");
    ServiceTracker<Poller, Poller> lines =
        new ServiceTracker<>(
            context,
            context.createFilter("(&(objectClass=" + Poller.class.getName() + ")(framing=lines))"),
            null);
    lines.open();
    assertEquals("lines(2048)", lines.waitForService(20_000).framing().toString());
    lines.close();

    configuration.update(new Hashtable<>(Map.of("framing", "verses")));
    log.await("SEVERE", "'verses'", "last good values stay");
    ServiceTracker<Poller, Poller> bad =
        new ServiceTracker<>(
            context,
            context.createFilter("(&(objectClass=" + Poller.class.getName() + ")(framing=verses))"),
            null);
    bad.open();
    assertEquals("lines(2048)", bad.waitForService(20_000).framing().toString());
    bad.close();
    assertEquals(1, log.count("'verses'"));
    configuration.delete();
  }

  @Test
  void configurationThatNothingTakesIsNamed() throws Exception {
    implementation.stop();
    Configuration early = configure("io.penstock.Listner", "x", Map.of("endpoint", "mem-listen:x"));
    implementation.start();
    log.await("WARNING", "io.penstock.Listner~x", "did you mean 'io.penstock.Listener'?");
    configure("io.penstock.Relays", "x", Map.of());
    log.await("WARNING", "io.penstock.Relays~x", "did you mean 'io.penstock.Relay'?");
    admin().getConfiguration("io.penstock.Poller", "?").update(new Hashtable<>(Map.of("a", "b")));
    log.await("WARNING", "io.penstock.Poller:", "did you mean 'io.penstock.Poller.default'?");
    early.update(new Hashtable<>(Map.of("endpoint", "mem-listen:y")));
    configure("io.penstock.Pipe", "p", Map.of());
    service(Pipe.class, "p");
    assertEquals(1, log.count("io.penstock.Listner~x"));
    assertEquals(0, log.count("io.penstock.Pipe~p"));
  }

  @Test
  void stopSaysNothingOfKindsThatGoFirst() throws Exception {
    configure("io.penstock.Channel", "c", Map.of("endpoint", "echo:", "reconnectMin", "1ms"));
    configure("io.penstock.Listener", "l", Map.of("endpoint", "mem-listen:l"));
    configure(
        "io.penstock.Relay", "r", Map.of("from", "mem-listen:r", "to", "echo:", "fork", "true"));
    service(Channel.class, "c");
    service(Listener.class, "l");
    service(Relay.class, "r");

    implementation.stop();

    assertEquals(List.of(), log.with("not supported"));
    assertEquals(List.of(), log.with("WARNING"));
    assertEquals(List.of(), log.with("SEVERE"));
  }

  @Test
  void nothingKeepsTheClassesOfABundleThatHasGone() throws Exception {
    ReferenceQueue<ClassLoader> queue = new ReferenceQueue<>();
    WeakReference<ClassLoader> loader = useAndRemember(queue);
    implementation.stop();
    implementation.uninstall();
    CountDownLatch refreshed = new CountDownLatch(1);
    framework.adapt(FrameworkWiring.class).refreshBundles(null, event -> refreshed.countDown());
    assertTrue(refreshed.await(20, TimeUnit.SECONDS));
    boolean collected = false;
    for (int i = 0; i < 40 && !collected; i++) {
      System.gc();
      collected = queue.remove(250) == loader;
    }
    assertTrue(collected, "the class loader of the implementation is still reachable");
  }

  /** In a method of its own, so that no frame holds what it uses. */
  private WeakReference<ClassLoader> useAndRemember(ReferenceQueue<ClassLoader> queue)
      throws Exception {
    Configuration pipe = configure("io.penstock.Pipe", "p", Map.of());
    Configuration listener =
        configure("io.penstock.Listener", "l", Map.of("endpoint", "tcp-listen://127.0.0.1:0"));
    configure(
        "io.penstock.Relay", "r", Map.of("from", "mem-listen:r", "to", "echo:", "fork", true));
    service(Relay.class, "r");
    configure("io.penstock.Channel", "c", Map.of("endpoint", "mem:r"));
    Channel channel = service(Channel.class, "c");
    channel.sink().writeFully("x", SOON);
    assertEquals('x', channel.source().take(1, SOON).get());
    service(Pipe.class, "p");
    pipe.update(new Hashtable<>(Map.of("readTimeout", "7s")));
    service(Listener.class, "l");
    listener.update(
        new Hashtable<>(Map.of("endpoint", "tcp-listen://127.0.0.1:0", "readTimeout", "7s")));
    Poller poller =
        context.getServiceObjects(context.getServiceReference(Poller.class)).getService();
    poller.register(channel.source());
    assertEquals(0, poller.poll(Wait.none()).size());
    return new WeakReference<>(implementation.adapt(BundleWiring.class).getClassLoader(), queue);
  }

  @Test
  void framingIsChosenFromAList() throws Exception {
    String metatype =
        new String(
            implementation
                .getEntry("OSGI-INF/metatype/io.penstock.impl.component.config.PollerKeys.xml")
                .openStream()
                .readAllBytes(),
            StandardCharsets.UTF_8);
    assertTrue(metatype.contains("<Option label=\"bytes\" value=\"bytes\"/>"), metatype);
    assertTrue(metatype.contains("<Option label=\"lines\" value=\"lines\"/>"), metatype);
  }

  // ---- help

  private ConfigurationAdmin admin() {
    return context.getService(context.getServiceReference(ConfigurationAdmin.class));
  }

  private Configuration configure(String factoryPid, String name, Map<String, ?> values)
      throws IOException {
    Configuration configuration = admin().getFactoryConfiguration(factoryPid, name, "?");
    configuration.update(new Hashtable<>(values));
    return configuration;
  }

  private <T> int count(Class<T> type, String name) throws Exception {
    return context.getServiceReferences(type, "(penstock.name=" + name + ")").size();
  }

  private <T> T service(Class<T> type, String name) throws Exception {
    return context.getService(reference(type, name));
  }

  private <T> ServiceReference<T> reference(Class<T> type, String name) throws Exception {
    return find(type, name, null);
  }

  private <T> T fresh(Class<T> type, String name, T old) throws Exception {
    return context.getService(find(type, name, old));
  }

  @SuppressWarnings("unchecked")
  private <T> ServiceReference<T> find(Class<T> type, String name, T old) throws Exception {
    CompletableFuture<ServiceReference<T>> found = new CompletableFuture<>();
    ServiceListener listener =
        event -> {
          ServiceReference<T> reference = (ServiceReference<T>) event.getServiceReference();
          if (event.getType() == ServiceEvent.REGISTERED && context.getService(reference) != old) {
            found.complete(reference);
          }
        };
    String filter = "(&(objectClass=" + type.getName() + ")(penstock.name=" + name + "))";
    context.addServiceListener(listener, filter);
    try {
      for (ServiceReference<T> reference : context.getServiceReferences(type, filter)) {
        T service = context.getService(reference);
        if (service != null && service != old) {
          found.complete(reference);
        }
      }
      return found.get(20, TimeUnit.SECONDS);
    } finally {
      context.removeServiceListener(listener);
    }
  }

  private interface Call {
    void run() throws Exception;
  }

  private static Future<?> background(Call call) throws InterruptedException {
    CompletableFuture<Void> done = new CompletableFuture<>();
    CountDownLatch begun = new CountDownLatch(1);
    Thread thread =
        new Thread(
            () -> {
              begun.countDown();
              try {
                call.run();
                done.complete(null);
              } catch (Exception e) {
                done.completeExceptionally(e);
              }
            },
            "test-background");
    thread.setDaemon(true);
    thread.start();
    begun.await();
    return done;
  }

  private static Throwable failure(Future<?> future) {
    return assertThrows(ExecutionException.class, () -> future.get(20, TimeUnit.SECONDS))
        .getCause();
  }

  @Test
  void linesGoToTheLogServiceWhileItIsThere() throws Exception {
    BlockingQueue<List<Object>> taken = new LinkedBlockingQueue<>();
    org.osgi.service.log.Logger service =
        proxy(
            org.osgi.service.log.Logger.class,
            (self, method, args) -> {
              if (method.getName().endsWith("Enabled")) {
                return !method.getName().equals("isInfoEnabled");
              }
              // Declarative Services logs there, too, and in other ways.
              if (args.length == 2 && args[1] instanceof Object[] all) {
                List<Object> call = new ArrayList<>(List.of(method.getName(), args[0]));
                call.addAll(Arrays.asList(all));
                taken.add(call);
              }
              return null;
            });
    LoggerFactory factory = proxy(LoggerFactory.class, (self, method, args) -> service);
    System.Logger logger = Messages.log("test");
    IOException failure = new IOException("gone {}");
    ServiceRegistration<?> registration =
        context.registerService(LoggerFactory.class, factory, null);
    logger.log(
        System.Logger.Level.WARNING,
        "{0}: it''s accepted from {1}",
        "orders\n",
        LogField.peer("/127.0.0.1:9"));
    assertEquals(
        List.of(
            "warn",
            "{}: it's accepted from {}",
            LogField.name("orders\\n"),
            LogField.peer("/127.0.0.1:9")),
        taken.poll());
    logger.log(System.Logger.Level.ERROR, "{0}: failed", "orders", failure);
    assertEquals(List.of("error", "{}: failed", LogField.name("orders"), failure), taken.poll());
    logger.log(System.Logger.Level.DEBUG, "a {} b", failure);
    assertEquals(List.of("debug", "{}", "a {} b", failure), taken.poll());
    logger.log(System.Logger.Level.INFO, "nobody wants it");
    assertNull(taken.poll());
    configure("io.penstock.Listener", "bad", Map.of("endpoint", "tcp-listen://127.0.0.1:99999"));
    List<Object> refused = taken.poll(20, TimeUnit.SECONDS);
    while (refused != null && !refused.get(1).equals("{}: {}")) {
      refused = taken.poll(20, TimeUnit.SECONDS);
    }
    assertNotNull(refused);
    assertEquals(LogField.name("io.penstock.Listener~bad"), refused.get(2));
    LogField cause = assertInstanceOf(LogField.class, refused.get(3));
    assertEquals("cause", cause.key());
    assertTrue(cause.toString().contains("99999"), cause.toString());

    registration.unregister();
    taken.clear();
    logger.log(System.Logger.Level.WARNING, "{0}: here again", "orders", failure);
    log.await("WARNING orders: here again");
    assertNull(taken.poll());
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
