// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.component.config.ChannelSettings;
import io.penstock.impl.component.config.Kinds;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelProvider;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A configured channel of one provider's kind, and when its service comes and goes. */
public final class Unread implements AutoCloseable {
  private static final String PID = "io.penstock.Channel~c";
  private static final Kinds ANY =
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

  private final Engine engine = new Engine();
  private final Scope scope = Scope.quiet();
  private final BlockingQueue<Channel> registered = new LinkedBlockingQueue<>();
  private final BlockingQueue<Channel> withdrawn = new LinkedBlockingQueue<>();
  private final ConfiguredChannel configured;

  /** Connects. */
  public Unread(ChannelProvider provider, Endpoint endpoint) {
    Providers providers = new Providers();
    providers.add(provider);
    Natives natives = new Natives(new PosixAccess("none"), new ReceivedHandles());
    configured =
        new ConfiguredChannel(
            engine,
            new Names(),
            new Channels(engine, providers, scope, options -> List.of(), natives),
            ANY,
            (type, service, properties) -> {
              registered.add((Channel) service);
              return () -> withdrawn.add((Channel) service);
            },
            PID);
    Map<String, Object> values =
        Map.of(
            "service.pid", PID,
            "endpoint", endpoint.toString(),
            "closeTimeout", "100ms",
            "connectTimeout", "20s",
            "reconnectMin", "10ms");
    configured.configure(ChannelSettings.channel(values));
  }

  /** The channel that was registered next. */
  public Channel registered() throws InterruptedException {
    Channel next = registered.poll(20, TimeUnit.SECONDS);
    assertNotNull(next, "it is connected");
    return next;
  }

  /** Waits until a channel's service has gone. */
  public void assertWithdrawn(Channel expected) throws InterruptedException {
    Channel gone = withdrawn.poll(20, TimeUnit.SECONDS);
    assertNotNull(gone, "the service of a dead channel is still there");
    assertSame(expected, gone);
  }

  /** The service is there, for a while at least. */
  public void assertStays() throws InterruptedException {
    assertNull(withdrawn.poll(300, TimeUnit.MILLISECONDS), "the service has gone");
  }

  @Override
  public void close() {
    configured.stop(false);
    scope.close();
    engine.close();
  }
}
