// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.component.config.ChannelSettings;
import io.penstock.impl.component.config.Kinds;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.kind.memory.MemoryPair;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How a configured channel comes back. */
class ConfiguredChannelTest {
  private final Engine engine = new Engine();
  private final Scope scope = Scope.quiet();
  private final Providers providers = new Providers();
  private final Channels channels =
      new Channels(
          engine,
          providers,
          scope,
          options -> List.of(),
          new Natives(new PosixAccess("none"), new ReceivedHandles()));

  @AfterEach
  void close() {
    scope.close();
    engine.close();
  }

  /** Refuses each connection after a moment, but for one. */
  private static final class Refusing implements ChannelProvider {
    final CountDownLatch tries;
    private final int accepted;
    private int count;

    Refusing(int tries, int accepted) {
      this.tries = new CountDownLatch(tries);
      this.accepted = accepted;
    }

    @Override
    public Set<String> schemes() {
      return Set.of("refuse");
    }

    @Override
    public CompletionStage<? extends ChannelDriver> connect(
        Endpoint endpoint, ChannelOptions options, ProviderContext context) {
      int number = ++count;
      tries.countDown();
      return CompletableFuture.supplyAsync(
          () -> {
            if (number == accepted) {
              return MemoryPair.create("pair", options).left();
            }
            throw new java.util.concurrent.CompletionException(
                new AddressException(
                    AddressException.Kind.REFUSED, endpoint.toString(), "nobody listens", null));
          },
          context.executor());
    }
  }

  private ConfiguredChannel configured(Refusing provider) {
    providers.add(provider);
    Kinds kinds =
        new Kinds() {
          @Override
          public Optional<Set<String>> optionKeys(String scheme) {
            return Optional.of(Set.of());
          }

          @Override
          public Set<String> secretKeys(String scheme) {
            return Set.of();
          }
        };
    ConfiguredChannel channel =
        new ConfiguredChannel(
            engine,
            new Names(),
            channels,
            kinds,
            (type, service, properties) -> () -> {},
            "io.penstock.Channel~c");
    Map<String, Object> values =
        Map.of(
            "service.pid",
            "io.penstock.Channel~c",
            "endpoint",
            "refuse:x",
            "reconnectMin",
            "10ms",
            "reconnectMax",
            "1h");
    channel.configure(ChannelSettings.channel(values));
    return channel;
  }

  /** Without a growing delay there are 130 tries in two seconds; with one some 10. */
  @Test
  void delayGrowsWithEachConnectionThatIsRefused() throws Exception {
    Refusing provider = new Refusing(40, 0);
    ConfiguredChannel channel = configured(provider);
    assertFalse(provider.tries.await(2, TimeUnit.SECONDS), "40 tries in two seconds");
    assertTrue(provider.tries.getCount() < 38, "it is not tried again");
    channel.stop(false);
  }

  @Test
  void onlyTheFirstFailureAndTheReturnAreTold() throws Exception {
    try (LogLines lines = new LogLines()) {
      ConfiguredChannel channel = configured(new Refusing(4, 4));
      String back = lines.await("connected, after 3 failures");
      assertTrue(back.startsWith("INFO"), back);
      assertEquals(1, lines.count("trying again"));
      channel.stop(false);
    }
  }
}
