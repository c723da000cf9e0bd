// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.HandleFactory;
import io.penstock.channel.Listener;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Callers;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.engine.Stages;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.runtime.PenstockEvent;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.Messages;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Opens channels and listeners through whichever provider serves the scheme. */
public final class Channels implements ChannelFactory {
  private static final System.Logger LOG = Messages.log("channel");

  private final Engine engine;
  private final Providers providers;
  private final Scope scope;
  private final Function<ChannelOptions, List<ChannelDriver>> pairs;
  private final Natives natives;
  private final Handles handles;

  /**
   * Makes a factory.
   *
   * @param scope what is made through this factory is closed with it
   * @param pairs makes two drivers that are each other's peer
   * @param natives makes native calls, and channels of descriptors
   */
  public Channels(
      Engine engine,
      Providers providers,
      Scope scope,
      Function<ChannelOptions, List<ChannelDriver>> pairs,
      Natives natives) {
    this.engine = engine;
    this.providers = providers;
    this.scope = scope;
    this.pairs = pairs;
    this.natives = natives;
    this.handles = new Handles(engine, scope, natives);
  }

  private Providers.Installed find(Endpoint endpoint) throws IOException {
    return providers
        .find(endpoint.scheme())
        .orElseThrow(
            () ->
                new NotSupportedException(
                    endpoint.name(),
                    "the scheme '" + endpoint.scheme() + "'",
                    "installed are "
                        + String.join(", ", schemes())
                        + Messages.didYouMean(endpoint.scheme(), schemes())));
  }

  private static ChannelOptions merge(
      Endpoint endpoint, ChannelOptions options, ChannelProvider provider) {
    ChannelOptions merged = options.withAll(endpoint);
    Set<String> known = provider.optionKeys(endpoint.scheme());
    for (String key : merged.extra().keySet()) {
      if (known.stream().noneMatch(k -> k.endsWith(".") ? key.startsWith(k) : key.equals(k))) {
        SortedSet<String> all = new TreeSet<>(known);
        all.addAll(ChannelOptions.COMMON_KEYS);
        throw new IllegalArgumentException(
            "option '"
                + key
                + "' is unknown to "
                + endpoint.scheme()
                + ":, which knows "
                + String.join(", ", all)
                + Messages.didYouMean(key, all));
      }
    }
    Set<String> secrets = provider.secretKeys(endpoint.scheme());
    for (String key : merged.secretKeys()) {
      if (!secrets.contains(key)) {
        throw new IllegalArgumentException(
            "secret '"
                + key
                + "' is unknown to "
                + endpoint.scheme()
                + ":, which "
                + (secrets.isEmpty()
                    ? "has none"
                    : "knows "
                        + String.join(", ", new TreeSet<>(secrets))
                        + Messages.didYouMean(key, secrets)));
      }
    }
    return merged;
  }

  /**
   * Finds out whether an endpoint and its options would be understood, without opening anything.
   *
   * @throws NotSupportedException if no provider of the scheme is installed
   * @throws io.penstock.error.AddressException if the endpoint is not of its kind's form
   * @throws IllegalArgumentException if an option is unknown to the kind or its value is not
   *     allowed
   */
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    ChannelProvider provider = find(endpoint).provider();
    ChannelOptions merged = merge(endpoint, options, provider);
    Written.check(endpoint);
    provider.check(endpoint, merged);
  }

  /**
   * Finds out whether a relay can open an endpoint: it makes no requests of its own.
   *
   * @throws IllegalArgumentException if nothing says what to ask of the peer, which would wait for
   *     it for ever, or as {@link #check} says
   */
  public void checkRequest(Endpoint endpoint, ChannelOptions options) throws IOException {
    ChannelProvider provider = find(endpoint).provider();
    ChannelOptions merged = merge(endpoint, options, provider);
    Set<String> keys = provider.requestKeys(endpoint.scheme());
    if (!keys.isEmpty()
        && merged.program().isEmpty()
        && Collections.disjoint(keys, merged.extra().keySet())) {
      throw new IllegalArgumentException(
          endpoint.name()
              + " asks nothing of its peer; expected one of the options "
              + String.join(", ", new TreeSet<>(keys))
              + ", or a peer on the other side that asks for a program");
    }
  }

  private Origin origin(Endpoint endpoint, Providers.Installed installed) {
    return new Origin(endpoint, engine, handles, Keeping.in(scope, installed.made()));
  }

  @Override
  public Channel connect(Endpoint endpoint, ChannelOptions options) throws IOException {
    if (endpoint.listening()) {
      throw new NotSupportedException(
          endpoint.name(), "connecting to a listening endpoint", "listen on it instead");
    }
    Providers.Installed installed = find(endpoint);
    ChannelOptions merged = merge(endpoint, options, installed.provider());
    Origin origin = origin(endpoint, installed);
    ChannelContext context = new ChannelContext(origin, merged);
    DrivenChannel channel = new DrivenChannel(context);
    // Nothing else shows options or a command.
    LOG.log(Level.TRACE, "{0}: opening {1}", channel.name(), endpoint);
    Journal.connecting(channel, merged);
    channel.tell(PenstockEvent.Type.OPEN, null);
    channel.connect(begin(installed.provider(), context));
    origin.besides().keep(channel);
    return channel;
  }

  /** However a provider tells that it cannot connect, the channel tells it in one way. */
  private static CompletionStage<? extends ChannelDriver> begin(
      ChannelProvider provider, ChannelContext context) {
    Endpoint endpoint = context.origin().endpoint();
    try {
      Written.check(endpoint);
      return provider.connect(endpoint, context.options(), context);
    } catch (IOException | LinkageError e) {
      // Such as a class of a bundle that is being updated.
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public Channel open(Endpoint endpoint, ChannelOptions options, Wait wait) throws IOException {
    Channel channel = connect(endpoint, options);
    if (!channel.connected().toCompletableFuture().isDone()) {
      Callers.waits(channel.name());
    }
    try {
      return Stages.await(channel.connected(), wait, channel.name(), "the connection");
    } catch (IOException | RuntimeException | Error e) {
      channel.abort(e);
      throw e;
    }
  }

  @Override
  public Listener listen(Endpoint endpoint, ChannelOptions options) throws IOException {
    return listen(endpoint, options, () -> options, channel -> {});
  }

  /**
   * Listens under options that may change later.
   *
   * @param options of the listener itself
   * @param current options of the channel that is accepted now
   * @param accepted is told of each, with no lock held; must be quick
   */
  public Listener listen(
      Endpoint endpoint,
      ChannelOptions options,
      Supplier<ChannelOptions> current,
      Consumer<Channel> accepted)
      throws IOException {
    if (!endpoint.listening()) {
      throw new NotSupportedException(
          endpoint.name(),
          "listening",
          "use a scheme that ends in -listen, such as " + endpoint.scheme() + "-listen");
    }
    Providers.Installed installed = find(endpoint);
    ChannelOptions merged = merge(endpoint, options, installed.provider());
    Written.check(endpoint);
    Origin asked = origin(endpoint, installed);
    // Facets of the listener itself have nowhere to live: only its channels have ends.
    ListenerDriver driver =
        installed.provider().listen(endpoint, merged, new ChannelContext(asked, merged));
    return ChannelAcceptor.listen(
        new Origin(driver.endpoint(), engine, handles, asked.besides()),
        driver,
        merged,
        new Merging(options, merged, current, now -> merge(endpoint, now, installed.provider())),
        accepted);
  }

  /** Options that may change, with those of an endpoint; the same object until they do. */
  private static final class Merging implements Supplier<ChannelOptions> {
    private final Supplier<ChannelOptions> current;
    private final UnaryOperator<ChannelOptions> merge;
    private ChannelOptions given;
    private ChannelOptions merged;

    Merging(
        ChannelOptions given,
        ChannelOptions merged,
        Supplier<ChannelOptions> current,
        UnaryOperator<ChannelOptions> merge) {
      this.given = given;
      this.merged = merged;
      this.current = current;
      this.merge = merge;
    }

    @Override
    public ChannelOptions get() {
      ChannelOptions now = current.get();
      if (now != given) {
        merged = merge.apply(now);
        given = now;
      }
      return merged;
    }
  }

  @Override
  public Channel over(Channel below, Endpoint endpoint, ChannelOptions options) throws IOException {
    Providers.Installed installed = find(endpoint);
    ChannelOptions merged = merge(endpoint, options, installed.provider());
    Written.check(endpoint);
    if (!(below.source() instanceof SourceEnd source) || !(below.sink() instanceof SinkEnd sink)) {
      throw new NotSupportedException(
          endpoint.name(),
          "going above " + below.getClass().getName(),
          "use a channel that this product has made");
    }
    Origin origin = origin(endpoint, installed);
    ChannelContext context = new ChannelContext(origin, merged);
    DrivenChannel channel = new DrivenChannel(context);
    Journal.connecting(channel, merged);
    channel.tell(PenstockEvent.Type.OPEN, null);
    channel.connect(
        installed
            .provider()
            .over(new LayeredDriver(below, source, sink), endpoint, merged, context));
    origin.besides().keep(channel);
    return channel;
  }

  @Override
  public ChannelPair pair(ChannelOptions options) {
    List<ChannelDriver> drivers = pairs.apply(options);
    Endpoint endpoint =
        Endpoint.parse("mem:" + (options.name().isEmpty() ? "pair" : options.name()));
    Origin origin = new Origin(endpoint, engine, null, Keeping.in(scope));
    Channel[] made = new Channel[2];
    for (int i = 0; i < 2; i++) {
      DrivenChannel channel = new DrivenChannel(new ChannelContext(origin, options));
      channel.tell(PenstockEvent.Type.OPEN, null);
      channel.connect(CompletableFuture.completedFuture(drivers.get(i)));
      origin.besides().keep(channel);
      made[i] = channel;
    }
    return new ChannelPair(made[0], made[1]);
  }

  @Override
  public HandleFactory handles() {
    return handles;
  }

  @Override
  public SortedSet<String> schemes() {
    return providers.schemes();
  }

  @Override
  public String nativeMode() {
    return natives.access().mode().toString();
  }

  /** What makes native calls. */
  public PosixAccess posix() {
    return natives.access();
  }
}
