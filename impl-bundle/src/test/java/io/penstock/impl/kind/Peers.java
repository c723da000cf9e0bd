// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.impl.channel.DrivenChannel;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.spi.Anchor;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.Memory;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Opens drivers of a provider and puts ends on them. */
public final class Peers implements AutoCloseable {
  /** Long enough for a slow machine: reached only when something is wrong. */
  public static final Wait LIMIT = Wait.upTo(Duration.ofSeconds(20));

  private final Engine engine = new Engine();
  private final ChannelProvider provider;
  // Both sides of a FIFO connect at once.
  private final List<Peer> peers = new CopyOnWriteArrayList<>();
  private final List<ListenerDriver> listeners = new CopyOnWriteArrayList<>();

  /** Opens drivers of that provider. */
  public Peers(ChannelProvider provider) {
    this.provider = provider;
  }

  /** What runs the waiting. */
  public Engine engine() {
    return engine;
  }

  /** What the product lends to a channel of that name. */
  public ProviderContext context(String name) {
    return new Context(name);
  }

  /** Has the engine open its selector, whose descriptors stay until the end. */
  public void openSelector() throws IOException {
    Pipe closed = Pipe.open();
    closed.source().configureBlocking(false);
    closed.source().close();
    closed.sink().close();
    CountDownLatch told = new CountDownLatch(1);
    engine.await(closed.source(), SelectionKey.OP_READ, told::countDown);
    eventually("the engine has a selector", () -> told.getCount() == 0);
  }

  private final class Context implements ProviderContext {
    private final String name;

    Context(String name) {
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public Executor executor() {
      return engine;
    }

    @Override
    public ByteSource source(String sourceName, SourceDriver driver) {
      return new SourceEnd(sourceName, engine, Wait.forever(), driver);
    }

    @Override
    public ByteSink sink(String sinkName, SinkDriver driver) {
      return new SinkEnd(sinkName, engine, Wait.forever(), driver);
    }

    @Override
    public Channel channel(String label, Function<ProviderContext, ChannelDriver> driver) {
      DrivenChannel made =
          new DrivenChannel(
              Endpoint.parse("test:" + label), ChannelOptions.defaults().withName(label), engine);
      made.attach(driver.apply(made.context()));
      return made;
    }

    @Override
    public void select(SelectableChannel channel, int operations, Runnable task) {
      engine.await(channel, operations, task::run);
    }

    @Override
    public Future<?> after(Duration delay, Runnable task) {
      return engine.schedule(delay, task);
    }

    @Override
    public void forgetClosed() {
      engine.flushClosed();
    }

    @Override
    public void forgetClosed(Runnable then) {
      engine.flushClosed(then);
    }

    @Override
    public Optional<Anchor> anchor(Path folder) {
      return Optional.empty();
    }

    @Override
    public Consumer<@Nullable Throwable> handshake(String protocol) {
      return failure -> {};
    }

    @Override
    public Memory memory(Consumer<? super IOException> cut) {
      return engine.budgets().lend(name, cut);
    }

    @Override
    public long moved() {
      return 0;
    }

    @Override
    public void abort(Throwable cause) {
      throw new AssertionError("no kind of this bundle aborts its channel", cause);
    }
  }

  /** Begins to connect. */
  public CompletableFuture<? extends ChannelDriver> begin(String endpoint, ChannelOptions options)
      throws IOException {
    Endpoint parsed = Endpoint.parse(endpoint);
    return provider
        .connect(parsed, options.withAll(parsed), new Context(endpoint))
        .toCompletableFuture();
  }

  /** Connects, or throws why that is impossible. */
  public Peer connect(String endpoint, ChannelOptions options) throws IOException {
    return add(endpoint, get(begin(endpoint, options)));
  }

  /** Connects, or throws why that is impossible. */
  public Peer connect(String endpoint) throws IOException {
    return connect(endpoint, ChannelOptions.defaults());
  }

  /** Binds. */
  public ListenerDriver listen(String endpoint) throws IOException {
    Endpoint parsed = Endpoint.parse(endpoint);
    ListenerDriver listener =
        provider.listen(parsed, ChannelOptions.defaults().withAll(parsed), new Context(endpoint));
    listeners.add(listener);
    return listener;
  }

  /** Why an endpoint, with which the message begins, can neither be listened at nor reached. */
  public AddressException.Kind refusal(String endpoint) throws IOException {
    try {
      open(endpoint);
    } catch (AddressException e) {
      if (String.valueOf(e.getMessage()).startsWith(endpoint)) {
        return e.kind();
      }
      throw new AssertionError("the endpoint is not named first: " + e.getMessage(), e);
    }
    throw new AssertionError(endpoint + " was opened");
  }

  /** Listens or connects, as the scheme says. */
  public void open(String endpoint) throws IOException {
    if (Endpoint.parse(endpoint).listening()) {
      listen(endpoint);
    } else {
      connect(endpoint);
    }
  }

  /** Waits for a peer. */
  public Peer accept(ListenerDriver listener) throws IOException {
    CompletableFuture<Void> ready = new CompletableFuture<>();
    listener.onReady(() -> ready.complete(null));
    while (true) {
      ChannelDriver driver = listener.accept(new Context("accepted"));
      if (driver != null) {
        return add("accepted", driver);
      }
      if (listener.selectable() == null) {
        get(ready);
      } else {
        try (Selector selector = Selector.open()) {
          listener.selectable().register(selector, listener.interest());
          selector.select(20_000);
        }
      }
    }
  }

  private Peer add(String name, ChannelDriver driver) {
    Peer peer = new Peer(name, driver);
    peers.add(peer);
    return peer;
  }

  /** What a future gives, or throws what it fails with. */
  public static <T> T get(CompletableFuture<T> future) throws IOException {
    try {
      return future.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new AssertionError(e.getCause());
    } catch (TimeoutException e) {
      throw new AssertionError("nothing happened within 20 s", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** The descriptors of this process. */
  public static long descriptors() {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The descriptors of this process that are of files in a folder, such as a test's own. */
  public static long descriptors(Path folder) {
    return targets().filter(target -> target.startsWith(folder + "/")).count();
  }

  /**
   * The sockets of this process that are bound or connected to a TCP port, such as a test's own.
   */
  public static long sockets(int port) {
    Set<String> ours = targets().collect(Collectors.toSet());
    String end = String.format(":%04X", port);
    return Stream.of("tcp", "tcp6")
        .flatMap(table -> lines(Path.of("/proc/self/net", table)).stream().skip(1))
        .map(line -> line.strip().split("\\s+"))
        .filter(words -> words[1].endsWith(end) || words[2].endsWith(end))
        .filter(words -> ours.contains("socket:[" + words[9] + "]"))
        .count();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** What each descriptor of this process is of. */
  private static Stream<String> targets() {
    List<String> targets = new ArrayList<>();
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      for (Path each : all.toList()) {
        try {
          targets.add(Files.readSymbolicLink(each).toString());
        } catch (NoSuchFileException e) {
          // The one that lists this folder, or one that was closed meanwhile.
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return targets.stream();
  }

  /** How many threads live whose names begin so. */
  public static long threads(String prefix) {
    return threads(prefix, Set.of()).size();
  }

  /** Whether a thread lives whose name begins so. */
  public static boolean threadLives(String prefix) {
    return threads(prefix) > 0;
  }

  /** The threads that live, with names that begin so, besides those that are known. */
  private static Map<Thread, List<StackTraceElement>> threads(String prefix, Set<Thread> known) {
    Map<Thread, List<StackTraceElement>> found = new HashMap<>();
    Thread.getAllStackTraces()
        .forEach(
            (thread, stack) -> {
              if (thread.isAlive()
                  && thread.getName().startsWith(prefix)
                  && !known.contains(thread)) {
                found.put(thread, List.of(stack));
              }
            });
    return found;
  }

  /**
   * Waits until no thread lives whose name begins so.
   *
   * @param known threads of other tests, which do not count
   */
  public static void threadsEnd(String prefix, Set<Thread> known) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    Map<Thread, List<StackTraceElement>> left = threads(prefix, known);
    while (!left.isEmpty()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("these threads are left: " + left);
      }
      LockSupport.parkNanos(1_000_000);
      left = threads(prefix, known);
    }
  }

  /** Waits for what happens in the background, without an event to wait for. */
  public static void eventually(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within 20 s: " + what);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  @Override
  public void close() throws IOException {
    for (Peer peer : peers) {
      peer.driver.abort(new IOException("the test is over"));
    }
    for (ListenerDriver listener : listeners) {
      listener.close();
    }
    engine.close();
  }

  /** A driver with ends. */
  public final class Peer {
    private final ChannelDriver driver;
    private final SourceEnd source;
    private final SinkEnd sink;

    Peer(String name, ChannelDriver driver) {
      this.driver = driver;
      SourceDriver in = driver.source();
      SinkDriver out = driver.sink();
      this.source = new SourceEnd(name, engine, LIMIT);
      this.sink = new SinkEnd(name, engine, LIMIT);
      if (in == null) {
        source.attachNothing();
      } else {
        source.attach(in);
      }
      if (out == null) {
        sink.attachNothing();
      } else {
        sink.attach(out);
      }
    }

    /** The driver itself. */
    public ChannelDriver driver() {
      return driver;
    }

    /** What the driver can do beside moving bytes. */
    public <T> Optional<T> facet(Class<T> type) {
      return driver.facet(type);
    }

    /** The readable end. */
    public SourceEnd source() {
      return source;
    }

    /** The writable end. */
    public SinkEnd sink() {
      return sink;
    }

    /** Writes all of a text. */
    public void write(String text) throws IOException {
      sink.writeFully(text, LIMIT);
    }

    /** Writes so many zeros. */
    public void writeZeros(int count) throws IOException {
      sink.writeFully(ByteBuffer.allocate(count), LIMIT);
    }

    /** Reads exactly so many bytes as text. */
    public String read(int count) throws IOException {
      ByteBuffer bytes = ByteBuffer.allocate(count);
      source.readFully(bytes, LIMIT);
      return UTF_8.decode(bytes.flip()).toString();
    }

    /** Reads to the end as text. */
    public String readAll() throws IOException {
      return UTF_8.decode(source.readAll(64 << 20, LIMIT)).toString();
    }

    /** Reads once; -1 is the end. */
    public int readOnce() throws IOException {
      return source.read(ByteBuffer.allocate(64 * 1024), LIMIT);
    }

    /** Closes both ends, and then the driver, as a channel does. */
    public void close() throws IOException {
      source.close();
      sink.close();
      get(sink.settled().toCompletableFuture());
      driver.close();
      engine.flushClosed();
    }

    /** Aborts the driver. */
    public void abort() {
      driver.abort(new IOException("aborted by the test"));
      engine.flushClosed();
    }
  }

  /**
   * The class path with each folder in a jar: a class that is looked for in a folder could not be
   * opened for want of a descriptor.
   */
  public static String jars(Path folder) throws IOException {
    List<String> path = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path from = Path.of(entry);
      if (Files.isDirectory(from)) {
        path.add(jar(folder, from).toString());
      } else if (entry.contains("penstock") || entry.contains("jna")) {
        path.add(entry);
      }
    }
    return String.join(File.pathSeparator, path);
  }

  private static Path jar(Path folder, Path from) throws IOException {
    Path jar = folder.resolve(Integer.toHexString(from.hashCode()) + ".jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        out.putNextEntry(new JarEntry(from.relativize(file).toString()));
        Files.copy(file, out);
      }
    }
    return jar;
  }
}
