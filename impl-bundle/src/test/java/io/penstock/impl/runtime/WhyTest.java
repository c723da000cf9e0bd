// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.kind.tcp.DeafServer;
import io.penstock.pipe.Pipe;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.runtime.ServerDTO;
import io.penstock.serve.ServeOptions;
import io.penstock.serve.Server;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What an operator is told when something stands still. */
class WhyTest extends OperatedStreams {
  @Test
  void whyNamesTheThreadThatWaitsAtAFullPipe() throws Exception {
    Pipe pipe = pipe("full", 64);
    CompletableFuture<Object> wrote =
        started(
            "slow writer",
            () -> {
              pipe.sink().writeFully(ByteBuffer.allocate(100), SOON);
              return null;
            });
    while (penstock.runtime().runtime().pipes().get(0).sink().waiting().isEmpty()) {
      LockSupport.parkNanos(200_000);
    }
    String why = control.why("full");
    assertTrue(why.startsWith("The pipe 'full' is full: 64 of 64 bytes wait to be read."), why);
    assertTrue(why.contains("Thread 'slow writer' waits for room since 20"), why);
    assertTrue(why.contains("Nobody reads it, and nobody ever has."), why);
    assertTrue(why.endsWith("A read at its source releases it."), why);
    assertFalse(why.contains("\n"), why);
    pipe.source().readFully(ByteBuffer.allocate(100), SOON);
    wrote.get(20, TimeUnit.SECONDS);
    CompletableFuture<String> reader = started("reader", () -> read(pipe.source(), 1));
    while (penstock.runtime().runtime().pipes().get(0).source().waiting().isEmpty()) {
      LockSupport.parkNanos(200_000);
    }
    why = control.why("full");
    assertTrue(why.contains("is empty, and its reader waits for the writer."), why);
    assertTrue(why.contains("Thread 'reader' waits for bytes since"), why);
    pipe.sink().writeFully("x", SOON);
    reader.get(20, TimeUnit.SECONDS);
    assertTrue(control.why("full").contains("waits for nothing"));
    pipe.abort(new IOException("burst"));
  }

  @Test
  void whyNamesThePeerThatTakesNothing() throws Exception {
    Channel[] pair = connection();
    CompletableFuture<Object> wrote =
        started(
            "sender",
            () -> {
              pair[0].sink().writeFully(ByteBuffer.allocate(64 << 20), SOON);
              return null;
            });
    String name = number(pair[0]);
    while (!control.why(name).contains("'sender'")) {
      LockSupport.parkNanos(200_000);
    }
    String why = control.why(name);
    assertTrue(why.contains("its peer " + pair[0].peer().get() + ", which does not take"), why);
    assertTrue(why.contains("A read of the peer releases it"), why);
    pair[1].close();
    assertThrows(ExecutionException.class, () -> wrote.get(20, TimeUnit.SECONDS));
    why = control.why(name);
    assertTrue(why.contains("has failed: "), why);
    assertTrue(why.contains("Its user has to close it"), why);
  }

  @Test
  void whyNamesThePollerWhoseHandlerIsBusy() throws Exception {
    Channel[] pair = connection();
    CountDownLatch called = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Poller poller = penstock.poller();
    poller.register(pair[1].source(), Framing.bytes());
    poller.start(
        new ChannelHandler() {
          @Override
          public void data(Registration registration, ByteBuffer frame) {
            called.countDown();
            try {
              go.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
        });
    pair[0].sink().writeFully("x", SOON);
    assertTrue(called.await(20, TimeUnit.SECONDS));
    String name = penstock.runtime().runtime().pollers().get(0).name();
    String why = control.why(name);
    assertTrue(why.contains("is busy: its handler is called since"), why);
    assertTrue(why.contains("The return of the handler releases it."), why);
    why = control.why(number(pair[1]));
    assertTrue(why.contains("It is read by the poller '" + name + "', whose handler"), why);
    go.countDown();
    poller.close();
  }

  @Test
  void whyTellsOfWhatIsConfiguredAndNotThere() throws Exception {
    Listener gone = penstock.channels().listen("tcp-listen://127.0.0.1:0");
    String there = gone.endpoint().toString().replace("-listen", "");
    gone.close();
    penstock.configure("io.penstock.Channel~far", Map.of("endpoint", there));
    while (penstock.runtime().runtime().awaited().stream().allMatch(each -> each.tries() == 0)) {
      LockSupport.parkNanos(200_000);
    }
    String why = control.why("far");
    assertTrue(why.contains("configured by io.penstock.Channel~far and is not there"), why);
    assertTrue(why.contains("Connection refused"), why);
  }

  @Test
  void theFrameIsTheInnermostOneOfTheUser() {
    assertEquals(
        "app//org.acme.Feed.fill(Feed.java:12)",
        Why.frame(
            List.of(
                "java.base@17.0.1/jdk.internal.misc.Unsafe.park(Native Method)",
                "io.penstock.impl.core.End.park(End.java:1)",
                "java.base/java.io.BufferedReader.read(BufferedReader.java:1)",
                "app//org.acme.Feed.fill(Feed.java:12)",
                "app//org.acme.Feed.run(Feed.java:3)")));
  }

  // ---- channels, listeners and handlers

  @Test
  void whyTellsOfAPeerThatDoesNotAnswer() throws Exception {
    try (DeafServer deaf = new DeafServer(InetAddress.getByName("127.0.0.1"), 0)) {
      Channel channel =
          penstock
              .channels()
              .connect(
                  Endpoint.parse("tcp://127.0.0.1:" + deaf.port()),
                  ChannelOptions.defaults()
                      .withName("slow")
                      .withConnectTimeout(Duration.ofSeconds(30)));
      String why = control.why("slow");
      assertTrue(why.startsWith("The channel 'slow' connects to tcp://127.0.0.1:"), why);
      assertTrue(why.contains("gives up after 30000 ms."), why);
      channel.abort(new IOException("nobody waits for it any more"));
    }
  }

  @Test
  void whyTellsWhatACloseWaitsFor() throws Exception {
    Listener listener = penstock.channels().listen("tcp-listen://127.0.0.1:0");
    Channel client =
        penstock
            .channels()
            .open(
                Endpoint.parse(listener.endpoint().toString().replace("-listen", "")),
                ChannelOptions.defaults()
                    .withName("leaving")
                    .withCloseTimeout(Duration.ofSeconds(30)),
                SOON);
    Channel server = listener.accept(SOON);
    CompletableFuture<?> queued =
        client.sink().writeAsync(ByteBuffer.allocate(64 << 20)).toCompletableFuture();
    CompletableFuture<Void> closed = client.closeAsync().toCompletableFuture();
    String why = control.why("leaving");
    assertTrue(why.startsWith("The channel 'leaving' was closed here, and "), why);
    assertTrue(why.contains("or the close limit of 30000 ms, which drops them."), why);
    server.abort(new IOException("gone"));
    assertThrows(ExecutionException.class, () -> queued.get(20, TimeUnit.SECONDS));
    closed.exceptionally(expected -> null).get(20, TimeUnit.SECONDS);
  }

  @Test
  void whyTellsThatAListenerIsFull() throws Exception {
    Listener listener =
        penstock
            .channels()
            .listen(
                Endpoint.parse("tcp-listen://127.0.0.1:0"),
                ChannelOptions.defaults().withName("door").withMaxConnections(1));
    String there = listener.endpoint().toString().replace("-listen", "");
    assertTrue(control.why("door").contains("0 of 1 connections are open"), control.why("door"));
    Channel first = penstock.channels().open(there);
    Channel accepted = listener.accept(SOON);
    Channel second = penstock.channels().open(there);
    assertThrows(
        StreamTimeoutException.class, () -> listener.accept(Wait.upTo(Duration.ofMillis(200))));
    String why = control.why("door");
    assertTrue(why.startsWith("The listener 'door' is full: 1 of 1 connections are open"), why);
    accepted.close();
    listener.accept(SOON).close();
    first.close();
    second.close();
  }

  @Test
  void whyTellsOfAHandlerThatThrewAndOfOneWithoutAPeer() throws Exception {
    Server server =
        penstock.serve(
            "tcp-listen://127.0.0.1:0",
            (connection, line) -> {
              throw new IOException("no such article: " + line);
            });
    String name = penstock.runtime().runtime().servers().get(0).name();
    assertTrue(control.why(name).contains("is served at tcp-listen://127.0.0.1:"));
    try (Channel client =
        penstock.channels().open(server.endpoint().toString().replace("-listen", ""))) {
      client.sink().writeFully("tea\n", SOON);
      assertThrows(IOException.class, () -> client.source().read(ByteBuffer.allocate(10), SOON));
    }
    String why = control.why(name);
    assertTrue(why.contains("1 of its calls have thrown; the last, since 20"), why);
    assertTrue(why.contains("no such article: tea"), why);
    String gone = server.endpoint().toString().replace("-listen", "");
    server.close();
    penstock.serve(gone, (connection, line) -> {});
    while (penstock.runtime().runtime().servers().isEmpty()
        || penstock.runtime().runtime().servers().get(0).trouble() == null) {
      LockSupport.parkNanos(200_000);
    }
    why = control.why(penstock.runtime().runtime().servers().get(0).name());
    assertTrue(why.contains("has no connection to " + gone + ": "), why);
    assertTrue(why.endsWith("It is tried again until it succeeds."), why);
  }

  @Test
  void handlersOfOneNameAreMeantByTheirNumbers() throws Exception {
    ServeOptions till = ServeOptions.defaults().withName("till");
    Endpoint any = Endpoint.parse("tcp-listen://127.0.0.1:0");
    Server first = penstock.serve(any, (connection, line) -> {}, till);
    assertTrue(control.why("till").contains("is served at " + first.endpoint()), "it is alone");
    Server second = penstock.serve(any, (connection, line) -> {}, till);
    Map<String, String> numbers =
        penstock.runtime().runtime().servers().stream()
            .collect(Collectors.toMap(ServerDTO::endpoint, each -> "handler#" + each.serviceId()));
    assertEquals(2, numbers.size());
    for (Server each : List.of(first, second)) {
      String why = control.why(numbers.get(each.endpoint().toString()));
      assertTrue(why.contains("is served at " + each.endpoint() + ", with 0"), why);
    }
    assertSeveral("till", List.copyOf(numbers.values()));
    second.close();
    assertTrue(control.why("till").contains("is served at " + first.endpoint()), "it is alone");
    pipe("till", 64);
    long pipe = penstock.runtime().runtime().pipes().get(0).id();
    assertSeveral(
        "till", List.of(numbers.get(first.endpoint().toString()), "#" + pipe + " (pipe)"));
  }

  private void assertSeveral(String name, List<String> numbers) {
    String refused =
        assertThrows(IllegalArgumentException.class, () -> control.why(name)).getMessage();
    assertTrue(refused.contains("'" + name + "' is the name of several"), refused);
    numbers.forEach(each -> assertTrue(refused.contains(each), refused));
  }
}
