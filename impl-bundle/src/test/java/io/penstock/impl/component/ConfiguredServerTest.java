// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.component.config.ServeSettings;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.kind.memory.MemoryProvider;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.runtime.Reporting;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.serve.LineHandler;
import io.penstock.serve.Server;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is told of a handler that cannot be served. */
class ConfiguredServerTest {
  private static final long SERVICE = 41;

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

  /** Each try to listen waits for a permit, and meets another trouble than the one before. */
  private static final class Busy implements ChannelProvider {
    final Semaphore permits = new Semaphore(0);
    private int count;

    @Override
    public Set<String> schemes() {
      return Set.of("busy-listen");
    }

    @Override
    public CompletionStage<? extends ChannelDriver> connect(
        Endpoint endpoint, ChannelOptions options, ProviderContext context) {
      throw new AssertionError("it listens");
    }

    @Override
    public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
        throws IOException {
      count++;
      permits.acquireUninterruptibly();
      if (count == 3) {
        throw new IllegalStateException("its bundle is being updated");
      }
      if (count == 4) {
        return new MemoryProvider().listen(Endpoint.parse("mem-listen:x"), options, context);
      }
      throw new AddressException(
          AddressException.Kind.IN_USE, endpoint.toString(), "try " + count, null);
    }
  }

  private ConfiguredServer server(String endpoint) {
    LineHandler handler = (client, line) -> {};
    ConfiguredServer server =
        new ConfiguredServer(engine, new Names(), channels, handler, SERVICE, "till");
    server.configure(
        ServeSettings.of("till", handler, Map.of(Server.LISTEN, endpoint), warning -> {}));
    return server;
  }

  private static FailedHandlerDTO failure(ConfiguredServer server, String why) {
    while (true) {
      Optional<FailedHandlerDTO> failed = server.failure();
      if (failed.isPresent() && failed.get().message().contains(why)) {
        return failed.get();
      }
      LockSupport.parkNanos(200_000);
    }
  }

  /** As while the bundle of a kind is updated. */
  @Test
  void aChangeThatCannotBeTriedLeavesWhatWasServed() throws Exception {
    providers.add(new MemoryProvider());
    Busy provider = new Busy();
    provider.count = 2;
    provider.permits.release(2);
    providers.add(provider);
    ConfiguredServer server = server("mem-listen:here");
    while (server.slot.get() == null) {
      LockSupport.parkNanos(200_000);
    }
    LineHandler handler = (client, line) -> {};
    ServeSettings there =
        ServeSettings.of(
            "till", handler, Map.of(Server.LISTEN, "busy-listen:there"), warning -> {});
    server.configure(there);
    fence(server);
    assertEquals("mem-listen:here", server.slot.get().endpoint().toString());
    // The same values, when the bundle is there again.
    server.configure(there);
    fence(server);
    // What stands in for the kind listens there.
    assertEquals("mem-listen:x", server.slot.get().endpoint().toString());
    server.stop(false);
  }

  /** Waits until all is done that was asked for before. */
  private static void fence(ConfiguredServer server) throws InterruptedException {
    CountDownLatch done = new CountDownLatch(1);
    server.serially(done::countDown);
    assertTrue(done.await(20, TimeUnit.SECONDS));
  }

  @Test
  void failureIsAsOldAsTheFirstTryThatFailedAndIsToldOnce() {
    Busy provider = new Busy();
    providers.add(provider);
    ConfiguredServer server = server("busy-listen:x");
    provider.permits.release();
    FailedHandlerDTO first = failure(server, "try 1");
    assertEquals(SERVICE, first.serviceId());
    while (System.currentTimeMillis() <= first.since()) {
      LockSupport.parkNanos(200_000);
    }
    provider.permits.release();
    FailedHandlerDTO second = failure(server, "try 2");
    assertEquals(first.since(), second.since(), "the age of the failure begins anew");
    provider.permits.release();
    FailedHandlerDTO third = failure(server, "is being updated");
    assertEquals(first.since(), third.since(), "one that could not even be tried");
    assertEquals(Set.of(server), engine.roster());
    assertEquals(Optional.empty(), ((Reporting) server).awaited(), "it is told twice");

    provider.permits.release();
    while (server.describe().isEmpty() || server.failure().isPresent()) {
      LockSupport.parkNanos(200_000);
    }
    assertEquals(Optional.empty(), server.awaited());
    server.slot.get().close();
    FailedHandlerDTO later = failure(server, "the listener was lost");
    assertTrue(later.since() > first.since(), "it was served meanwhile");
    provider.permits.release(Integer.MAX_VALUE / 2);
    server.stop(false);
  }
}
