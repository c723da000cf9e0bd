// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.Listener;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import io.penstock.serve.ByteHandler;
import io.penstock.serve.Connection;
import io.penstock.serve.LineHandler;
import io.penstock.serve.Server;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/** Handlers that are served because they are registered. */
@InContainer(bundles = "io.penstock.example.echo")
class WhiteboardIT {
  private static final String ANY = "tcp-listen://127.0.0.1:0";
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20);

  private BundleContext context;
  private ChannelFactory channels;

  @BeforeEach
  void find(BundleContext own) {
    context = own;
    channels = Services.any(own, ChannelFactory.class, "");
  }

  @AfterEach
  void startTheExampleAgain() throws BundleException {
    Penstock.bundle(context, "io.penstock.example.echo").start();
  }

  private RuntimeDTO runtime() {
    return Services.any(context, PenstockRuntime.class, "").runtime();
  }

  private ServerDTO served(String name) {
    return runtime(all -> all.servers().stream().anyMatch(server -> server.name().startsWith(name)))
        .servers()
        .stream()
        .filter(server -> server.name().startsWith(name))
        .findFirst()
        .orElseThrow();
  }

  /** Serving begins behind the registration, and a DTO tells of no event. */
  private RuntimeDTO runtime(Predicate<RuntimeDTO> condition) {
    long start = System.nanoTime();
    while (true) {
      RuntimeDTO now = runtime();
      if (condition.test(now)) {
        return now;
      }
      assertTrue(System.nanoTime() - start < PATIENCE, now::toString);
      Thread.onSpinWait();
    }
  }

  private ServiceRegistration<?> register(Class<?> type, Object handler, String... properties) {
    return context.registerService(
        type.getName(), handler, FrameworkUtil.asDictionary(map(properties)));
  }

  private static Map<String, Object> map(String... properties) {
    Map<String, Object> map = new HashMap<>();
    for (int i = 0; i < properties.length; i += 2) {
      map.put(properties[i], properties[i + 1]);
    }
    return map;
  }

  private Channel dial(String listening) throws IOException {
    Channel channel = channels.open("tcp:" + listening.substring("tcp-listen:".length()));
    channel.source().readWait(SOON);
    channel.sink().writeWait(SOON);
    return channel;
  }

  private static void echoes(Channel client, String line) throws IOException {
    client.sink().writeFully(line + "\n");
    assertEquals(line, client.source().readLine(UTF_8, 8192));
  }

  @Test
  void componentWithAnAnnotationServesUntilItsBundleStops() throws Exception {
    ServerDTO echo = served("io.penstock.example.echo.Echo");
    assertEquals("poller", echo.execution());
    Channel client = dial(echo.endpoint());
    echoes(client, "tea");
    Bundle example = Penstock.bundle(context, "io.penstock.example.echo");

    example.stop();

    assertEquals(-1, client.source().read(ByteBuffer.allocate(1)));
    client.close();
    assertTrue(runtime().servers().stream().noneMatch(server -> server.handler().contains("Echo")));
    example.start();
    try (Channel again = dial(served("io.penstock.example.echo.Echo").endpoint())) {
      echoes(again, "again");
    }
  }

  @Test
  void eachTypeOfHandlerIsServed() throws Exception {
    LineHandler lines = (client, line) -> client.reply(line);
    ByteHandler bytes = (client, frame) -> client.reply(frame);
    ChannelHandler events =
        new ChannelHandler() {
          @Override
          public void data(Registration client, ByteBuffer frame) {
            ByteBuffer answer = ByteBuffer.allocate(frame.remaining()).put(frame).flip();
            client.channel().orElseThrow().sink().writeAsync(answer);
          }

          @Override
          public void ended(Registration client) {
            client.channel().orElseThrow().closeAsync();
          }
        };
    for (Map.Entry<Class<?>, Object> each :
        Map.<Class<?>, Object>of(
                LineHandler.class, lines, ByteHandler.class, bytes, ChannelHandler.class, events)
            .entrySet()) {
      String name = each.getKey().getSimpleName();
      ServiceRegistration<?> registration =
          register(
              each.getKey(),
              each.getValue(),
              Server.LISTEN,
              ANY,
              Channel.NAME,
              name,
              "penstock.execution",
              "pool");
      try (Channel client = dial(served(name).endpoint())) {
        echoes(client, name);
        assertEquals("pool", served(name).execution());
      } finally {
        registration.unregister();
      }
    }
  }

  @Test
  void outgoingConnectionIsServed() throws Exception {
    try (Listener listener = channels.listen(ANY)) {
      String there = "tcp:" + listener.endpoint().toString().substring("tcp-listen:".length());
      LineHandler echo =
          new LineHandler() {
            @Override
            public void opened(Connection connection) {
              connection.reply("hello");
            }

            @Override
            public void line(Connection connection, String line) {
              connection.reply(line);
            }
          };
      ServiceRegistration<?> registration =
          register(LineHandler.class, echo, Server.CONNECT, there, "penstock.reconnectMin", "1ms");
      try {
        for (int i = 0; i < 2; i++) {
          try (Channel peer = listener.accept(SOON)) {
            peer.source().readWait(SOON);
            assertEquals("hello", peer.source().readLine(UTF_8, 100));
            peer.sink().writeFully("there\n", SOON);
            assertEquals("there", peer.source().readLine(UTF_8, 100));
          }
        }
      } finally {
        registration.unregister();
      }
    }
  }

  @Test
  void changeOfPropertiesKeepsConnections() throws Exception {
    LineHandler echo = (client, line) -> client.reply(line);
    ServiceRegistration<?> registration =
        register(LineHandler.class, echo, Server.LISTEN, ANY, Channel.NAME, "changed");
    try {
      String before = served("changed").endpoint();
      Channel client = dial(before);
      echoes(client, "one");

      registration.setProperties(
          FrameworkUtil.asDictionary(
              map(Server.LISTEN, ANY, Channel.NAME, "changed", "penstock.maxFrame", "100")));
      runtime(all -> served("changed").framing().equals("lines(100)"));
      echoes(client, "two");
      assertEquals(before, served("changed").endpoint());

      // A value that is not allowed keeps the last good ones.
      registration.setProperties(
          FrameworkUtil.asDictionary(
              map(Server.LISTEN, ANY, Channel.NAME, "changed", "penstock.maxFrame", "many")));
      echoes(client, "three");
      assertEquals("lines(100)", served("changed").framing());

      // Another address: the new one serves, and the connection of the old one is drained.
      registration.setProperties(
          FrameworkUtil.asDictionary(
              map(
                  Server.LISTEN,
                  "tcp-listen://127.0.0.2:0",
                  Channel.NAME,
                  "changed",
                  "penstock.maxFrame",
                  "100")));
      runtime(all -> served("changed").endpoint().contains("127.0.0.2"));
      assertEquals(-1, client.source().read(ByteBuffer.allocate(1)));
      client.close();
      try (Channel next = dial(served("changed").endpoint())) {
        echoes(next, "four");
      }
    } finally {
      registration.unregister();
    }
  }

  @Test
  void propertiesLimitWhatPeersMayDo() throws Exception {
    LineHandler echo = (client, line) -> client.reply(line);
    ServiceRegistration<?> registration =
        register(
            LineHandler.class,
            echo,
            "penstock.serve.on",
            "tcp-listen://127.0.0.1:1",
            // A configuration goes before an annotation.
            Server.LISTEN,
            ANY,
            Channel.NAME,
            "limited",
            "penstock.maxFrame",
            "10",
            "penstock.frameTimeout",
            "100ms",
            "penstock.maxConnections",
            "1",
            "penstock.execution",
            "virtual");
    try {
      String endpoint = served("limited").endpoint();
      assertTrue(served("limited").framing().startsWith("lines(10), a frame within PT0.1S"));
      Channel slow = dial(endpoint);
      Channel next = dial(endpoint);
      next.sink().writeFully("next\n");
      // The second one waits until the first is cut for its slow line.
      slow.sink().writeFully("slo");
      assertThrows(IOException.class, () -> slow.source().readLine(UTF_8, 100));
      assertEquals("next", next.source().readLine(UTF_8, 100));
      next.sink().writeFully("much too long\n");
      assertThrows(IOException.class, () -> next.source().readLine(UTF_8, 100));
      slow.close();
      next.close();
    } finally {
      registration.unregister();
    }
  }

  @Test
  void otherOptionsOfTheSameAddressKeepConnections() throws Exception {
    LineHandler echo = (client, line) -> client.reply(line);
    String free;
    try (Listener listener = channels.listen(ANY)) {
      free = listener.endpoint().toString();
    }
    ServiceRegistration<?> registration =
        register(LineHandler.class, echo, Server.LISTEN, free, Channel.NAME, "optional");
    try (Channel client = dial(served("optional").endpoint())) {
      echoes(client, "one");
      // An option that the kind does not know keeps the last good ones.
      registration.setProperties(
          FrameworkUtil.asDictionary(
              map(Server.LISTEN, free + "?bakclog=7", Channel.NAME, "optional")));
      registration.setProperties(
          FrameworkUtil.asDictionary(
              map(Server.LISTEN, free + "?bakclog=8", Channel.NAME, "optional")));
      echoes(client, "still");
      try (Channel other = dial(free)) {
        echoes(other, "still");
      }
      registration.setProperties(
          FrameworkUtil.asDictionary(
              map(Server.LISTEN, free + "?backlog=7", Channel.NAME, "optional")));
      // Another server has the address; the first one keeps its connection.
      runtime(all -> served("optional").opened() == 0);
      echoes(client, "two");
      try (Channel other = dial(free)) {
        echoes(other, "three");
      }
    } finally {
      registration.unregister();
    }
  }

  @Test
  void handlerMayUnregisterItself() throws Exception {
    for (String execution : List.of("poller", "pool", "virtual")) {
      AtomicReference<ServiceRegistration<?>> own = new AtomicReference<>();
      LineHandler last =
          (client, line) -> {
            client.reply(line);
            own.get().unregister();
          };
      own.set(
          register(
              LineHandler.class,
              last,
              Server.LISTEN,
              ANY,
              Channel.NAME,
              "last",
              "penstock.execution",
              execution));
      try (Channel client = dial(served("last").endpoint())) {
        echoes(client, "bye");
        assertEquals(-1, client.source().read(ByteBuffer.allocate(1)));
      }
    }
  }

  @Test
  void handlerThatIsNotServedSaysWhy() throws Exception {
    LineHandler echo = (client, line) -> client.reply(line);
    try (Listener taken = channels.listen(ANY)) {
      Map<String, FailedHandlerDTO.Reason> expected =
          Map.of(
              "tcp://127.0.0.1:7",
              FailedHandlerDTO.Reason.PROPERTIES,
              "nothing-listen:x",
              FailedHandlerDTO.Reason.SCHEME,
              taken.endpoint().toString(),
              FailedHandlerDTO.Reason.ADDRESS);
      for (Map.Entry<String, FailedHandlerDTO.Reason> each : expected.entrySet()) {
        ServiceRegistration<?> registration =
            register(
                LineHandler.class, echo, Server.LISTEN, each.getKey(), Channel.NAME, "failing");
        RuntimeDTO all = runtime(now -> !now.failed().isEmpty());
        FailedHandlerDTO failed = all.failed().get(0);
        assertEquals(List.of(), all.awaited(), "it is told once");
        assertEquals(each.getValue(), failed.reason(), failed::toString);
        assertEquals("failing", failed.name());
        assertFalse(failed.message().isEmpty());
        registration.unregister();
        assertEquals(List.of(), runtime().failed());
      }
      ServiceRegistration<?> corrected =
          register(LineHandler.class, echo, Server.LISTEN, "tcp://x:1", Channel.NAME, "failing");
      runtime(all -> !all.failed().isEmpty());
      corrected.setProperties(
          FrameworkUtil.asDictionary(map(Server.LISTEN, ANY, Channel.NAME, "failing")));
      try (Channel client = dial(served("failing").endpoint())) {
        echoes(client, "corrected");
      }
      assertEquals(List.of(), runtime().failed());
      corrected.unregister();
    }
  }

  @Test
  void handlerIsNotCalledOnceItsUnregistrationHasReturned() throws Exception {
    CountDownLatch called = new CountDownLatch(1);
    AtomicReference<String> state = new AtomicReference<>("idle");
    LineHandler slow =
        new LineHandler() {
          @Override
          public void line(Connection connection, String line) {
            state.set("in a call");
            called.countDown();
            long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(100);
            while (System.nanoTime() < until) {
              Thread.onSpinWait();
            }
            connection.reply(line);
            state.set("called");
          }

          @Override
          public void closed(Connection connection, @Nullable Throwable cause) {
            state.set("closed");
          }
        };
    ServiceRegistration<?> registration =
        register(LineHandler.class, slow, Server.LISTEN, ANY, Channel.NAME, "slow");
    try (Channel client = dial(served("slow").endpoint())) {
      client.sink().writeFully("one\n");
      assertTrue(called.await(20, TimeUnit.SECONDS));

      registration.unregister();

      assertEquals("closed", state.get());
      assertEquals("one", client.source().readLine(UTF_8, 100));
      assertEquals(-1, client.source().read(ByteBuffer.allocate(1)));
    }
  }
}
