// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.impl.kind.memory.MemoryProvider;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayFactory;
import io.penstock.relay.RelayOptions;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.ProviderFactory;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link ServiceLoader} finds: kinds of other jars, and the product itself. */
class FoundKindsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  @TempDir Path folder;

  /** A kind that remembers whether it was closed. */
  private static final class Kind implements ChannelProvider, AutoCloseable {
    private final String scheme;
    private final MemoryProvider echo = new MemoryProvider();
    private boolean closed;

    Kind(String scheme) {
      this.scheme = scheme;
    }

    @Override
    public Set<String> schemes() {
      return Set.of(scheme);
    }

    @Override
    public CompletionStage<? extends ChannelDriver> connect(
        Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
      return echo.connect(Endpoint.parse("echo:"), options, context);
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  /** Is found before the kind that it is built on. */
  public static final class Upper implements ProviderFactory {
    @Override
    public Optional<ChannelProvider> create(Function<String, Optional<ChannelProvider>> installed) {
      return installed.apply("lower").map(lower -> new Kind("upper"));
    }
  }

  /** Needs the built-in kinds only. */
  public static final class Lower implements ProviderFactory {
    @Override
    public Optional<ChannelProvider> create(Function<String, Optional<ChannelProvider>> installed) {
      return installed.apply("tcp").map(tcp -> new Kind("lower"));
    }
  }

  /** Needs what nobody has. */
  public static final class Lonely implements ProviderFactory {
    @Override
    public Optional<ChannelProvider> create(Function<String, Optional<ChannelProvider>> installed) {
      return installed.apply("nothing");
    }
  }

  /** Its classes are not all there. */
  public static final class Torn implements ProviderFactory {
    public Torn() {
      throw new NoClassDefFoundError("org/example/Missing");
    }

    @Override
    public Optional<ChannelProvider> create(Function<String, Optional<ChannelProvider>> installed) {
      throw new AssertionError("never made");
    }
  }

  /** Fails when it is asked. */
  public static final class Sullen implements ProviderFactory {
    @Override
    public Optional<ChannelProvider> create(Function<String, Optional<ChannelProvider>> installed) {
      throw new IllegalStateException("not today");
    }
  }

  /** What the product logs from now on. */
  private static final class Lines extends Handler implements AutoCloseable {
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Logger logger = Logger.getLogger("io.penstock");

    Lines() {
      logger.addHandler(this);
    }

    @Override
    public void publish(LogRecord line) {
      lines.add(line.getLevel() + " " + new SimpleFormatter().formatMessage(line));
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      logger.removeHandler(this);
    }
  }

  /** As if a jar with these factories were on the class path of this thread. */
  private void with(List<String> factories, ThrowingRunnable what) throws Exception {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.write(services.resolve(ProviderFactory.class.getName()), factories);
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader =
        new URLClassLoader(
            new URL[] {folder.toUri().toURL()}, FoundKindsTest.class.getClassLoader())) {
      thread.setContextClassLoader(loader);
      what.run();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private interface ThrowingRunnable {
    void run() throws Exception;
  }

  @Test
  void kindsOfOtherJarsServeInWhateverOrderTheyAreFound() throws Exception {
    with(
        List.of(Upper.class.getName(), Lower.class.getName()),
        () -> {
          Kind kind;
          try (Penstock penstock = Penstock.open()) {
            try (Channel channel = penstock.channels().open("upper:")) {
              channel.sink().writeFully("hi", SOON);
              assertEquals("hi", UTF_8.decode(channel.source().take(9, SOON)).toString());
            }
            kind = (Kind) penstock.provider("lower").orElseThrow();
            assertSame(kind, penstock.provider("lower").orElseThrow());
            assertFalse(kind.closed);
          }
          assertTrue(kind.closed);
        });
  }

  @Test
  void providedKindGoesBeforeOneThatIsFound() throws Exception {
    with(
        List.of(Lower.class.getName()),
        () -> {
          try (Penstock penstock = Penstock.open()) {
            ChannelProvider found = penstock.provider("lower").orElseThrow();
            Kind own = new Kind("lower");
            penstock.provide(own);
            assertSame(own, penstock.provider("lower").orElseThrow());
            penstock.withdraw(own);
            assertSame(found, penstock.provider("lower").orElseThrow());
            penstock.withdraw(found);
            assertEquals(Optional.empty(), penstock.provider("lower"));
          }
        });
  }

  @Test
  void kindThatFailsCostsOnlyItselfAndIsToldOnce() throws Exception {
    try (Lines log = new Lines()) {
      with(
          List.of(
              "org.example.Absent",
              Torn.class.getName(),
              Sullen.class.getName(),
              Lonely.class.getName(),
              Lower.class.getName()),
          () -> {
            for (int i = 0; i < 2; i++) {
              try (Penstock penstock = Penstock.open()) {
                assertTrue(penstock.channels().schemes().contains("lower"));
              }
            }
          });
      assertEquals(4, log.lines.size(), log.lines::toString);
      assertTold(log, "org.example.Absent not found");
      assertTold(log, "NoClassDefFoundError: org/example/Missing");
      assertTold(log, Sullen.class.getName() + " makes no kind of channel: ", "not today");
      assertTold(log, Lonely.class.getName(), "the kind that it is built on is not installed");
    }
  }

  private static void assertTold(Lines log, String... texts) {
    assertEquals(
        1,
        log.lines.stream()
            .filter(line -> line.startsWith("WARNING"))
            .filter(line -> List.of(texts).stream().allMatch(line::contains))
            .count(),
        log.lines::toString);
  }

  @Test
  void nothingIsLookedForBeforeItIsNeeded() throws Exception {
    try (Lines log = new Lines()) {
      with(
          List.of("org.example.Needless"),
          () -> {
            try (Penstock penstock = Penstock.open();
                Channel echo = penstock.channels().open("echo:")) {
              assertTrue(echo.isOpen());
            }
          });
      assertEquals(List.of(), log.lines);
    }
  }

  @Test
  void penstockItselfIsFoundFreshEachTime() {
    try (Penstock one = ServiceLoader.load(Penstock.class).findFirst().orElseThrow();
        Penstock other = ServiceLoader.load(Penstock.class).findFirst().orElseThrow()) {
      assertNotSame(one, other);
      assertTrue(one.channels().schemes().contains("tcp"));
    }
  }

  @Test
  void factoriesAreFoundAndShareOnePenstock() throws Exception {
    PipeFactory pipes = ServiceLoader.load(PipeFactory.class).findFirst().orElseThrow();
    ChannelFactory channels = ServiceLoader.load(ChannelFactory.class).findFirst().orElseThrow();
    RelayFactory relays = ServiceLoader.load(RelayFactory.class).findFirst().orElseThrow();
    ChannelPair near = channels.pair(ChannelOptions.defaults());
    ChannelPair far = channels.pair(ChannelOptions.defaults());
    try (Pipe pipe = pipes.create(PipeOptions.defaults());
        Channel client = near.left();
        Channel server = far.right()) {
      pipe.sink().writeFully("piped", SOON);
      assertEquals("piped", UTF_8.decode(pipe.source().take(9, SOON)).toString());
      Relay relay = relays.create(near.right(), far.left(), RelayOptions.defaults());
      relay.start();
      client.sink().writeFully("relayed", SOON);
      assertEquals("relayed", UTF_8.decode(server.source().take(9, SOON)).toString());
      relay.close();
      relay.completed().exceptionally(cut -> null).toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
  }
}
