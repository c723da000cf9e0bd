// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone;

import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.buffer.Contents;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.component.LocalConfigurations;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.BuiltIn;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.kind.memory.MemoryPair;
import io.penstock.impl.pipe.NamedPipes;
import io.penstock.impl.pipe.Pipes;
import io.penstock.impl.poller.SelectorPoller;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.relay.Relays;
import io.penstock.impl.runtime.Census;
import io.penstock.impl.runtime.Operator;
import io.penstock.impl.serve.RunningServer;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.relay.RelayFactory;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.PenstockListener;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.ServerDTO;
import io.penstock.serve.ByteHandler;
import io.penstock.serve.LineHandler;
import io.penstock.serve.ServeOptions;
import io.penstock.serve.Server;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Pipes, channels, relays and pollers without OSGi, with every built-in kind installed, and those
 * whose {@link io.penstock.spi.ProviderFactory} is on the class path or the module path, such as
 * TLS.
 *
 * <pre>{@code
 * try (Penstock penstock = Penstock.open()) {
 *   Channel channel = penstock.channels()
 *       .open(Endpoint.parse("tcp://localhost:80"), ChannelOptions.defaults(), Wait.forever());
 *   ...
 * }
 * }</pre>
 *
 * <p>Several may be open at once; they share nothing. Safe for use by any thread. Its own threads
 * are daemons, exist only while there is work for them, and are gone after {@link #close()}.
 */
@ProviderType
public final class Penstock implements AutoCloseable {
  private final Engine engine = new Engine();
  private final AtomicBoolean tracing = new AtomicBoolean();
  private final Scope scope = new Scope("", tracing::get);
  private final FoundKinds found = new FoundKinds();
  private final Providers providers = new Providers(found::install);
  private final Scope servers = Scope.quiet();
  private final Census census = new Census(engine, () -> List.of(scope));
  private final Operator operator = new Operator(engine, census);
  private final NamedPipes names = new NamedPipes();
  private final Contents contents = new Contents(found::places);
  private final ReentrantLock naming = new ReentrantLock();
  private final PipeFactory pipes;
  private final Channels channels;
  private final RelayFactory relays;
  private final LocalConfigurations configurations;

  /**
   * Opens everything, as {@link #open} does: for {@code ServiceLoader.load(Penstock.class)}, each
   * of which gives a fresh one, to be closed by the caller.
   */
  public Penstock() {
    this(PosixAccess.quiet(System.getProperty(PosixAccess.PROPERTY)));
  }

  private Penstock(PosixAccess posix) {
    this.pipes = new Pipes(engine, scope, contents);
    this.channels =
        new Channels(
            engine, providers, scope, Penstock::pair, new Natives(posix, new ReceivedHandles()));
    Relays relaying = new Relays(engine, channels, scope);
    this.relays = relaying;
    this.configurations =
        new LocalConfigurations(engine, channels, relaying, names, contents, providers::provider);
    census.serves(this::served);
    census.finds(providers::remotes);
    BuiltIn.providers(names::open, contents, posix).forEach(providers::add);
  }

  private static List<ChannelDriver> pair(ChannelOptions options) {
    MemoryPair pair = MemoryPair.create("pair", options);
    return List.of(pair.left(), pair.right());
  }

  /**
   * Opens everything; no thread is started and nothing else happens before it is needed. Kinds of
   * other jars are looked for by the context class loader of this thread and by that of this class,
   * when a scheme is first asked for that is not installed. If one cannot be loaded, the log says
   * so once, and the others work.
   *
   * @return to be closed by the caller
   */
  public static Penstock open() {
    return new Penstock();
  }

  /** Makes native calls by that. */
  static Penstock open(PosixAccess posix) {
    return new Penstock(posix);
  }

  /**
   * Makes pipes.
   *
   * @return always the same; what it makes is closed with this object
   */
  public PipeFactory pipes() {
    return pipes;
  }

  /**
   * Opens channels and listeners.
   *
   * @return always the same; what it makes is closed with this object
   */
  public ChannelFactory channels() {
    return channels;
  }

  /**
   * Makes relays.
   *
   * @return always the same; what it makes is closed with this object
   */
  public RelayFactory relays() {
    return relays;
  }

  /**
   * Makes a poller.
   *
   * @return a fresh one, owned by the caller, and closed with this object at the latest
   * @throws IllegalStateException if this object is closed
   */
  public Poller poller() {
    SelectorPoller poller = new SelectorPoller(engine);
    scope.add(poller, "poller", poller::close);
    poller.onClose(() -> scope.remove(poller));
    return poller;
  }

  /**
   * Makes a pipe that the endpoint {@code pipe:NAME} finds until it is closed, aborted, or ended
   * and drained.
   *
   * @param name not empty; goes before the options' own
   * @param options how
   * @return a fresh pipe, owned by the caller
   * @throws IllegalArgumentException if the name is empty, or that of a pipe that is still in use
   * @throws IllegalStateException if this object is closed
   */
  public Pipe pipe(String name, PipeOptions options) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("the name is empty, expected one that pipe:NAME can have");
    }
    Pipe pipe = pipes.create(options.withName(name));
    if (!claim(name, pipe)) {
      pipe.abort(new StreamClosedException(name));
      throw new IllegalArgumentException("a pipe named '" + name + "' is still in use");
    }
    pipe.closed().whenComplete((done, failure) -> names.remove(name, pipe));
    return pipe;
  }

  private boolean claim(String name, Pipe pipe) {
    naming.lock();
    try {
      if (names.find(name).isPresent()) {
        return false;
      }
      names.put(name, pipe);
      return true;
    } finally {
      naming.unlock();
    }
  }

  /**
   * Serves lines: calls a handler for each line of each connection, on a listener, or on an
   * outgoing connection that is made again when it is lost.
   *
   * @param endpoint to listen on, such as {@code tcp-listen://127.0.0.1:7000}, or to connect to
   * @param handler is called as {@link ServeOptions#defaults()} say
   * @return serves until it is closed, or this object is
   * @throws IOException if the address cannot be bound, or no kind has the endpoint's scheme
   * @throws IllegalArgumentException if the text is not an endpoint
   */
  public Server serve(String endpoint, LineHandler handler) throws IOException {
    return serve(Endpoint.parse(endpoint), handler, ServeOptions.defaults());
  }

  /**
   * Serves frames of bytes, as {@link #serve(String, LineHandler)} serves lines.
   *
   * @param endpoint to listen on, or to connect to
   * @param handler is called with the bytes of each read
   * @return serves until it is closed, or this object is
   * @throws IOException as the other form says
   */
  public Server serveFrames(String endpoint, ByteHandler handler) throws IOException {
    return serveFrames(Endpoint.parse(endpoint), handler, ServeOptions.defaults());
  }

  /**
   * Serves lines.
   *
   * @param endpoint to listen on, or to connect to
   * @param handler is called for each line
   * @param options how
   * @return serves until it is closed, or this object is
   * @throws IOException if the address cannot be bound, or no kind has the endpoint's scheme
   * @throws IllegalArgumentException if the framing is not of lines, or an option is not the
   *     endpoint's
   */
  public Server serve(Endpoint endpoint, LineHandler handler, ServeOptions options)
      throws IOException {
    return start(endpoint, handler, options);
  }

  /**
   * Serves frames of bytes.
   *
   * @param endpoint to listen on, or to connect to
   * @param handler is called for each frame
   * @param options how; the framing is {@link io.penstock.stream.Framing#bytes()} unless given
   * @return serves until it is closed, or this object is
   * @throws IOException as the other form says
   */
  public Server serveFrames(Endpoint endpoint, ByteHandler handler, ServeOptions options)
      throws IOException {
    return start(endpoint, handler, options);
  }

  /**
   * Serves the events of connections as a poller finds them. For an outgoing connection {@code
   * opened} gets its registration in both roles.
   *
   * @param endpoint to listen on, or to connect to
   * @param handler is called for each event; closes its channels
   * @param options how; the framing is {@link io.penstock.stream.Framing#bytes()} unless given
   * @return serves until it is closed, or this object is
   * @throws IOException as the other form says
   */
  public Server serveEvents(Endpoint endpoint, ChannelHandler handler, ServeOptions options)
      throws IOException {
    return start(endpoint, handler, options);
  }

  private Server start(Endpoint endpoint, Object handler, ServeOptions options) throws IOException {
    RunningServer server =
        RunningServer.bind(
            engine, channels, endpoint, Objects.requireNonNull(handler, "handler"), options);
    servers.add(server, server.toString(), server::close);
    server.onClose(() -> servers.remove(server));
    server.begin();
    return server;
  }

  /**
   * Keeps alive what a configuration describes, as in a container: a channel is connected again
   * after it was lost, a listener bound again, a relay started again, and a fresh pipe takes the
   * place of one that has ended. What goes wrong meanwhile is in the log. Does not wait.
   *
   * @param pid {@code io.penstock.Pipe~NAME}, {@code io.penstock.Channel~NAME}, {@code
   *     io.penstock.Listener~NAME} or {@code io.penstock.Relay~NAME}
   * @param values by the same keys as in a container, as text or numbers; of a PID that was
   *     configured already, the changed ones
   * @throws IllegalArgumentException if the PID is another one, or a value is not allowed: it names
   *     the PID, the key, the value, and what is allowed; the last good values stay
   * @throws IllegalStateException if this object is closed
   */
  public void configure(String pid, Map<String, ?> values) {
    configurations.configure(pid, values);
  }

  /**
   * Gives what a configuration keeps alive now, as soon as there is one.
   *
   * @param type {@link Pipe}, or {@link io.penstock.stream.ByteSource} or {@link
   *     io.penstock.stream.ByteSink} of a pipe, or {@link io.penstock.channel.Channel}, {@link
   *     io.penstock.channel.Listener} or {@link io.penstock.relay.Relay}
   * @param name the configured name
   * @param wait how long to wait, such as for a channel to be connected
   * @param <T> the type
   * @return the present one; after its end the next call gives the one that follows it
   * @throws IllegalArgumentException if nothing was configured that brings such a thing
   * @throws IOException if it is not there within the limit: the timeout type or, without waiting,
   *     the would-block type; or if the thread was interrupted
   */
  public <T> T named(Class<T> type, String name, Wait wait) throws IOException {
    return configurations.named(type, name, wait);
  }

  /**
   * Installs a kind. Of several that serve one scheme the first does, and any of them goes before
   * one of another jar that was found.
   *
   * @param provider serves its schemes from now on; still the caller's to close
   */
  public void provide(ChannelProvider provider) {
    providers.add(Objects.requireNonNull(provider, "provider"));
    configurations.hurry();
  }

  /**
   * The provider of a scheme: a built-in one, one that was provided, or one that was found.
   *
   * @param scheme such as {@code tcp}
   * @return empty if none is installed
   */
  public Optional<ChannelProvider> provider(String scheme) {
    return providers.provider(scheme);
  }

  /**
   * Takes a kind away, and aborts the channels and listeners that it made. Does nothing if it is
   * not installed.
   *
   * @param provider serves no longer
   */
  public void withdraw(ChannelProvider provider) {
    providers.remove(Objects.requireNonNull(provider, "provider"));
  }

  /**
   * Whether to remember the stack that makes each object from now on, for {@link #unclosed()}. That
   * takes some microseconds for each.
   *
   * @param value false by default
   */
  public void traceMaking(boolean value) {
    tracing.set(value);
  }

  /**
   * Tells what there is, for operators' tools. Objects have no owners here, and handlers no numbers
   * of services.
   *
   * @return always the same
   */
  public PenstockRuntime runtime() {
    return census;
  }

  /**
   * Lets operators' tools do what is to be done to a single object.
   *
   * @return always the same
   */
  public PenstockControl control() {
    return operator;
  }

  /**
   * Tells a listener of what happens to pipes, channels, listeners, relays and handlers from now
   * on.
   *
   * @param listener is called one event at a time, in order
   * @return to be closed when it is not to be told any more; closed with this object
   */
  public Watch listen(PenstockListener listener) {
    return engine.events().add(listener);
  }

  private Census.Served served() {
    return new Census.Served(
        servers.things().stream()
            .map(server -> ((RunningServer) server).describe(census.id(server)))
            .sorted(Comparator.comparing(ServerDTO::name).thenComparing(ServerDTO::serviceId))
            .toList(),
        List.of());
  }

  /**
   * What was made through this object, by its factories and listeners, and is not closed yet. For
   * tests and for the search of a leak.
   *
   * @return the pipes, channels, listeners, relays and pollers in the order in which they were
   *     made. Each has an exception whose message says what it is, and whose stack is where it was
   *     made, if {@link #traceMaking} was on. A snapshot
   */
  public Map<Object, Throwable> unclosed() {
    return scope.unclosed();
  }

  /** Closes what was made through this object and stops its threads. Idempotent. */
  @Override
  public void close() {
    // First: they have connections to drain.
    servers.close();
    configurations.close();
    scope.close();
    found.close();
    engine.close();
    engine.events().close();
  }
}
