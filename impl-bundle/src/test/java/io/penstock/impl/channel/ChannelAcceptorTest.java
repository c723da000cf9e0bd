// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.core.ListenerEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.memory.MemoryPair;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ChannelAcceptorTest {
  private final Engine engine = new Engine();
  private final Scope scope = Scope.quiet();
  private final Driver driver = new Driver();
  private final List<Channel> accepted = new ArrayList<>();
  private ChannelOptions options = ChannelOptions.defaults();

  /** Remembers what it was lent, and gives out what it was told to. */
  private static final class Driver implements ListenerDriver {
    final List<ProviderContext> lent = new ArrayList<>();
    @Nullable ChannelDriver peer;
    @Nullable ByteSource further;
    boolean closed;

    @Override
    public @Nullable ChannelDriver accept(ProviderContext context) throws IOException {
      lent.add(context);
      ChannelDriver now = peer;
      peer = null;
      if (now != null) {
        further = context.source("further", new MemoryPipe(64, false).source());
      }
      return now;
    }

    @Override
    public Endpoint endpoint() {
      return Endpoint.parse("mem-listen:x");
    }

    @Override
    public boolean ready() {
      return peer != null;
    }

    @Override
    public void onReady(Runnable ready) {
      // Nobody comes while it is waited.
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  @AfterEach
  void stop() {
    scope.close();
    engine.close();
  }

  private ListenerEnd listen() {
    return ChannelAcceptor.listen(
        new Origin(driver.endpoint(), engine, null, Keeping.in(scope)),
        driver,
        options,
        () -> options,
        accepted::add);
  }

  private void peerComes() {
    driver.peer = MemoryPair.create("x", options).left();
  }

  @Test
  void whereNobodyIsNothingIsMade() throws IOException {
    ListenerEnd listener = listen();
    assertNull(listener.acceptNow());
    assertNull(listener.acceptNow());
    peerComes();
    Channel channel = listener.accept(Wait.none());
    assertEquals(List.of(channel), accepted);
    assertSame(driver.lent.get(0), driver.lent.get(1));
    assertSame(driver.lent.get(0), driver.lent.get(2));
    assertNull(listener.acceptNow());
    assertNotSame(driver.lent.get(0), driver.lent.get(3), "the channel has it");
  }

  @Test
  void whoComesAfterAChangeHasTheNewOptions() throws IOException {
    ListenerEnd listener = listen();
    assertNull(listener.acceptNow());
    options = options.withName("renamed");
    peerComes();
    assertEquals("renamed", listener.accept(Wait.none()).name());
    assertEquals("renamed", driver.lent.get(1).name());
  }

  @Test
  void endsThatWereMadeBeforeTheChannelAreClosedWithIt() throws IOException {
    ListenerEnd listener = listen();
    peerComes();
    Channel channel = listener.accept(Wait.none());
    ByteSource further = driver.further;
    channel.abort(new IOException("over"));
    assertThrows(IOException.class, () -> further.readAll(10, Wait.none()));
    assertEquals(1, scope.size(), "the listener alone is left");
  }

  @Test
  void theAddressIsFreeWhereTheMakerIsClosed() {
    scope.close();
    assertThrows(IllegalStateException.class, this::listen);
    assertEquals(true, driver.closed);
  }

  @Test
  void whoeverIsAcceptedTooLateIsCut() throws IOException {
    ListenerEnd listener = listen();
    peerComes();
    // Without the listener, which the scope would close.
    scope.remove(listener);
    scope.close();
    assertThrows(StreamClosedException.class, () -> listener.accept(Wait.none()));
    assertEquals(List.of(), accepted);
    assertFalse(driver.closed);
    listener.close();
  }
}
