// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.buffer.Contents;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.component.config.ChannelSettings;
import io.penstock.impl.component.config.Kinds;
import io.penstock.impl.component.config.PipeKeys;
import io.penstock.impl.component.config.PipeSettings;
import io.penstock.impl.component.config.Refusals;
import io.penstock.impl.component.config.RelayKeys;
import io.penstock.impl.component.config.RelaySettings;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Stages;
import io.penstock.impl.pipe.NamedPipes;
import io.penstock.impl.relay.Relays;
import io.penstock.pipe.Pipe;
import io.penstock.relay.Relay;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.Messages;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;

/**
 * Configurations without a framework: the same keys, and the same objects that live again after
 * their end. Loads no class of OSGi. Safe for use by any thread.
 */
public final class LocalConfigurations implements AutoCloseable {
  private static final List<String> KNOWN =
      List.of(PipeComponent.PID, ChannelComponent.PID, ListenerComponent.PID, RelayComponent.PID);

  private final Engine engine;
  private final Channels channels;
  private final Relays relays;
  private final NamedPipes pipes;
  private final Contents contents;
  private final Kinds kinds;
  private final ConcurrentMap<String, Names> names = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, ConfiguredPipe> ofPipes = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, ConfiguredChannel> ofChannels = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, ConfiguredListener> ofListeners = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, ConfiguredRelay> ofRelays = new ConcurrentHashMap<>();

  /** What is alive, or waited for, by its type and name. */
  private final ConcurrentMap<String, CompletableFuture<Object>> services =
      new ConcurrentHashMap<>();

  private final Set<String> expected = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * Nothing is configured yet.
   *
   * @param installed finds the provider of a scheme
   */
  public LocalConfigurations(
      Engine engine,
      Channels channels,
      Relays relays,
      NamedPipes pipes,
      Contents contents,
      Function<String, Optional<ChannelProvider>> installed) {
    this.engine = engine;
    this.channels = channels;
    this.relays = relays;
    this.pipes = pipes;
    this.contents = contents;
    this.kinds =
        new Kinds() {
          @Override
          public Optional<Set<String>> optionKeys(String scheme) {
            return installed.apply(scheme).map(provider -> provider.optionKeys(scheme));
          }

          @Override
          public Set<String> secretKeys(String scheme) {
            return installed
                .apply(scheme)
                .map(provider -> provider.secretKeys(scheme))
                .orElse(Set.of());
          }
        };
  }

  /**
   * Takes the values of a configuration, the first ones or changed ones.
   *
   * @throws IllegalArgumentException if one is not allowed; the last good ones stay
   * @throws IllegalStateException if this is closed
   */
  public void configure(String pid, Map<String, ?> values) {
    if (closed) {
      throw new IllegalStateException(pid + ": what it would be kept alive by is closed");
    }
    Map<String, Object> properties = new HashMap<>(values);
    properties.put("service.pid", pid);
    String factory = pid.substring(0, Math.max(0, pid.indexOf('~')));
    switch (factory) {
      case PipeComponent.PID -> {
        PipeSettings settings = PipeSettings.of(properties);
        Refusals.unknown(PipeKeys.class, properties);
        expect(settings.name(), Pipe.class, ByteSource.class, ByteSink.class);
        ofPipes
            .computeIfAbsent(
                pid,
                any ->
                    new ConfiguredPipe(
                        engine, names(factory), pipes, contents, this::register, pid))
            .configure(settings);
      }
      case ChannelComponent.PID -> {
        ChannelSettings settings = ChannelSettings.channel(properties);
        expect(settings.name(), Channel.class);
        ofChannels
            .computeIfAbsent(
                pid,
                any ->
                    new ConfiguredChannel(
                        engine, names(factory), channels, kinds, this::register, pid))
            .configure(settings);
      }
      case ListenerComponent.PID -> {
        ChannelSettings settings = ChannelSettings.listener(properties);
        expect(settings.name(), Listener.class);
        ofListeners
            .computeIfAbsent(
                pid,
                any ->
                    new ConfiguredListener(
                        engine, names(factory), channels, kinds, this::register, pid))
            .configure(settings);
      }
      case RelayComponent.PID -> {
        RelaySettings settings = RelaySettings.of(properties);
        Refusals.unknown(RelayKeys.class, properties);
        expect(settings.name(), Relay.class);
        ofRelays
            .computeIfAbsent(
                pid,
                any ->
                    new ConfiguredRelay(
                        engine, names(factory), channels, relays, this::register, pid))
            .configure(settings);
      }
      default ->
          throw new IllegalArgumentException(
              pid
                  + ": nothing takes such a configuration; expected PID~NAME with one of "
                  + String.join(", ", KNOWN)
                  + Messages.didYouMean(factory, KNOWN));
    }
  }

  /**
   * What a configuration keeps alive, as soon as it is there.
   *
   * @throws IllegalArgumentException if no configuration brings it
   * @throws IOException if it is not there within the limit, or this is closed
   */
  public <T> T named(Class<T> type, String name, Wait wait) throws IOException {
    if (!expected.contains(key(type, name))) {
      throw new IllegalArgumentException(
          "no configuration brings a " + type.getSimpleName() + " named '" + name + "'");
    }
    CompletableFuture<Object> service =
        services.computeIfAbsent(key(type, name), any -> new CompletableFuture<>());
    if (closed) {
      // Also what came between the close and this.
      service.completeExceptionally(new StreamClosedException(name));
    }
    return type.cast(Stages.await(service, wait, name, "the " + type.getSimpleName()));
  }

  /** Tries now what had to wait, because a kind may have come. */
  public void hurry() {
    ofPipes.values().forEach(Configured::hurry);
    ofChannels.values().forEach(Configured::hurry);
    ofListeners.values().forEach(Configured::hurry);
    ofRelays.values().forEach(Configured::hurry);
  }

  private Names names(String factory) {
    return names.computeIfAbsent(factory, any -> new Names());
  }

  private void expect(String name, Class<?>... types) {
    for (Class<?> type : types) {
      expected.add(key(type, name));
    }
  }

  private static String key(Class<?> type, String name) {
    return type.getName() + "~" + name;
  }

  private Runnable register(Class<?> type, Object service, Map<String, Object> properties) {
    String key = key(type, String.valueOf(properties.get(Channel.NAME)));
    CompletableFuture<Object> here =
        services.compute(
            key, (any, old) -> old == null || old.isDone() ? new CompletableFuture<>() : old);
    here.complete(service);
    return () -> services.remove(key, here);
  }

  @Override
  public void close() {
    closed = true;
    ofRelays.values().forEach(one -> one.stop(true));
    ofListeners.values().forEach(one -> one.stop(true));
    ofChannels.values().forEach(one -> one.stop(true));
    ofPipes.values().forEach(one -> one.stop(true));
    services.forEach((key, waited) -> waited.completeExceptionally(new StreamClosedException(key)));
  }
}
