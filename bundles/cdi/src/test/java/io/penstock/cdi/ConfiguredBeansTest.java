// SPDX-License-Identifier: Apache-2.0
package io.penstock.cdi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.Listener;
import io.penstock.error.StreamTimeoutException;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.Poller;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayFactory;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.literal.NamedLiteral;
import jakarta.enterprise.inject.se.SeContainer;
import jakarta.enterprise.inject.se.SeContainerInitializer;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import jakarta.inject.Provider;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.spi.ConfigProviderResolver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The extension in Weld, with SmallRye's Config. */
class ConfiguredBeansTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final Map<String, String> ALL =
      Map.of(
          "io.penstock.Pipe~orders.capacity", "4KiB",
          "io.penstock.Pipe~bare", "",
          "io.penstock.Listener~door.endpoint", "mem-listen:door",
          "io.penstock.Channel~line.endpoint", "mem:door",
          "io.penstock.Channel~line.reconnectMin", "1ms",
          "io.penstock.Relay~copy.from", "pipe:bare",
          "io.penstock.Relay~copy.to", "pipe:other",
          "io.penstock.Pipe~x.penstock.name", "other");

  private SmallRyeConfig config;

  /** Begins a container whose only bean class is this one. */
  private SeContainer start(Class<?> bean, Map<String, String> properties) {
    release();
    config =
        new SmallRyeConfigBuilder()
            .withSources(new PropertiesConfigSource(properties, "test", 100))
            .build();
    ConfigProviderResolver.instance()
        .registerConfig(config, Thread.currentThread().getContextClassLoader());
    return SeContainerInitializer.newInstance().addBeanClasses(bean).initialize();
  }

  @AfterEach
  void release() {
    if (config != null) {
      ConfigProviderResolver.instance().releaseConfig(config);
    }
  }

  /** Wants everything. */
  @Dependent
  static class Everything {
    @Inject Penstock penstock;
    @Inject PipeFactory pipes;
    @Inject RelayFactory relays;
    @Inject Poller poller;
    @Inject Poller another;

    // snippet: cdi.inject
    @Inject ChannelFactory channels;

    @Inject
    @Named("orders")
    Pipe pipe;

    @Inject @Named Listener door;

    @Inject
    @Named("line")
    Provider<Channel> line;

    // end of snippet

    @Inject
    @Named("orders")
    ByteSource source;

    @Inject
    @Named("orders")
    ByteSink sink;

    @Inject
    @Named("copy")
    Relay relay;
  }

  @Test
  void everythingIsInjectedAndClosedWithTheContainer() throws Exception {
    Everything all;
    Pipe own;
    try (SeContainer container = start(Everything.class, ALL)) {
      all = container.select(Everything.class).get();
      assertEquals(4096, all.sink.room());
      all.sink.writeFully("tea", SOON);
      assertEquals("tea", UTF_8.decode(all.source.take(9, SOON)).toString());
      assertSame(all.penstock.channels(), all.channels);
      assertSame(all.penstock.relays(), all.relays);
      assertNotSame(all.poller, all.another);
      own = all.pipes.create(PipeOptions.defaults());
      assertEquals("copy", all.relay.name());
      Pipe bare = container.select(Pipe.class, NamedLiteral.of("bare")).get();
      Pipe other = container.select(Pipe.class, NamedLiteral.of("other")).get();
      bare.sink().writeFully("relayed", SOON);
      assertEquals("relayed", UTF_8.decode(other.source().take(9, SOON)).toString());
    }
    for (Pipe gone : new Pipe[] {own, all.pipe}) {
      gone.closed().exceptionally(cut -> null).toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
    assertFalse(all.door.isOpen());
    assertThrows(IllegalStateException.class, all.penstock::poller);
  }

  @Test
  void lostChannelIsFollowedByAnother() throws Exception {
    try (SeContainer container = start(Everything.class, ALL)) {
      Everything all = container.select(Everything.class).get();
      Channel first = all.line.get();
      try (Channel accepted = all.door.accept(SOON)) {
        first.sink().writeFully("hello", SOON);
        assertEquals("hello", UTF_8.decode(accepted.source().take(9, SOON)).toString());
      }
      first.close();
      first.closed().exceptionally(cut -> null).toCompletableFuture().get(20, TimeUnit.SECONDS);
      try (Channel accepted = all.door.accept(SOON)) {
        Channel second = all.line.get();
        assertNotSame(first, second);
        second.sink().writeFully("again", SOON);
        assertEquals("again", UTF_8.decode(accepted.source().take(9, SOON)).toString());
      }
    }
  }

  /** Wants what nobody brings. */
  @Dependent
  static class Wanting {
    @Inject
    @Named("orders")
    Pipe pipe;

    @Inject
    @Named("nowhere")
    Provider<Channel> channel;
  }

  @Test
  void nameThatNothingBringsIsADeploymentError() {
    String message = refusal(Wanting.class, Map.of("io.penstock.Pipe~orders", ""));
    assertTrue(
        message.contains("no configuration brings the Channel named 'nowhere', which "), message);
    assertTrue(message.contains("Wanting.channel wants; expected properties"), message);
    assertTrue(message.contains("that begin with io.penstock.Channel~nowhere."), message);
    assertFalse(message.contains("'orders'"), message);
  }

  private String refusal(Class<?> bean, Map<String, String> properties) {
    RuntimeException refusal =
        assertThrows(RuntimeException.class, () -> start(bean, properties).close());
    return refusal.toString();
  }

  /** Wants nothing. */
  @Dependent
  static class Content {}

  @Test
  void badValueIsADeploymentErrorThatNamesItsKey() {
    String message = refusal(Content.class, Map.of("io.penstock.Pipe~orders.capacity", "much"));
    assertTrue(message.contains("io.penstock.Pipe~orders: capacity: 'much'"), message);
    message = refusal(Content.class, Map.of("io.penstock.Channel~c.reconnect", "true"));
    assertTrue(message.contains("io.penstock.Channel~c: endpoint: it is not given"), message);
    message = refusal(Content.class, Map.of("io.penstock.Chanel~c.endpoint", "tcp://h:1"));
    assertTrue(message.contains("did you mean 'io.penstock.Channel'?"), message);
    message = refusal(Content.class, Map.of("io.penstock.cdi.wait", "long"));
    assertTrue(message.contains("io.penstock.cdi.wait: "), message);
  }

  /** Makes a pipe of its own. */
  @Dependent
  static class Producer {
    @Produces
    @Named("own")
    Pipe own(PipeFactory pipes) {
      return pipes.create(PipeOptions.defaults().withName("made here"));
    }

    @Inject
    @Named("own")
    Instance<Pipe> pipe;

    @Inject
    @Named("own")
    Provider<Pipe> same;
  }

  @Test
  void programMayProduceANameItself() {
    try (SeContainer container = start(Producer.class, Map.of())) {
      assertEquals("made here", container.select(Producer.class).get().same.get().name());
    }
  }

  @Test
  void channelThatDoesNotConnectIsTold() {
    Map<String, String> nobody =
        Map.of(
            "io.penstock.Channel~line.endpoint", "mem:nobody", "io.penstock.cdi.wait", "PT0.01S");
    try (SeContainer container = start(Content.class, nobody)) {
      Instance<Channel> line = container.select(Channel.class, NamedLiteral.of("line"));
      RuntimeException failure = assertThrows(RuntimeException.class, line::get);
      assertEquals(StreamTimeoutException.class, failure.getCause().getClass());
      assertTrue(failure.getMessage().contains("the Channel named 'line': "), failure::toString);
    }
  }
}
