// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.component.config.ChannelSettings;
import io.penstock.impl.component.config.PipeSettings;
import io.penstock.impl.component.config.RelaySettings;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Has the product compare what it keeps in records; {@link RecordsTest} loads it. */
public final class ComparedRecords implements Runnable {
  private static final class Nobody implements ChannelProvider {
    @Override
    public Set<String> schemes() {
      return Set.of("nobody");
    }

    @Override
    public CompletionStage<? extends ChannelDriver> connect(
        Endpoint endpoint, ChannelOptions options, ProviderContext context) {
      return new CompletableFuture<>();
    }
  }

  @Override
  public void run() {
    Providers providers = new Providers();
    ChannelProvider first = new Nobody();
    providers.add(first);
    providers.add(new Nobody());
    providers.remove(first);
    differ(
        ChannelSettings.channel(values("endpoint", "mem:a")),
        ChannelSettings.channel(values("endpoint", "mem:b")));
    differ(
        PipeSettings.of(values("capacity", "1")),
        PipeSettings.of(values("capacity", "1", "direct", "true")));
    differ(
        RelaySettings.of(values("from", "mem:a", "to", "mem:b")),
        RelaySettings.of(values("from", "mem:a", "to", "mem:c")));
  }

  private static Map<String, String> values(String... all) {
    Map<String, String> map = new java.util.HashMap<>(Map.of("service.pid", "x~y"));
    for (int i = 0; i < all.length; i += 2) {
      map.put(all[i], all[i + 1]);
    }
    return map;
  }

  private static void differ(Object one, Object other) {
    if (one.equals(other) || one.hashCode() == other.hashCode() || !one.equals(one)) {
      throw new AssertionError(one + " and " + other + " are taken for equal");
    }
  }
}
