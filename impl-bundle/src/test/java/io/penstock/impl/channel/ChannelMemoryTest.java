// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.ProcessFacet;
import io.penstock.error.MemoryLimitException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.buffer.Contents;
import io.penstock.impl.engine.Budgets;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Floods;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.BuiltIn;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.kind.memory.MemoryPair;
import io.penstock.impl.pipe.NamedPipes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelDriver;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What channels keep in memory of ours is counted, and given back. */
class ChannelMemoryTest {
  private static final int KB = 1024;

  private final PosixAccess posix = new PosixAccess("none");
  private final Engine engine = new Engine();
  private final Budgets budgets = engine.budgets();
  private final Scope scope = Scope.quiet();
  private final Channels channels;

  ChannelMemoryTest() {
    Providers providers = new Providers();
    BuiltIn.providers(new NamedPipes()::open, new Contents(), posix).forEach(providers::add);
    channels =
        new Channels(
            engine, providers, scope, this::pair, new Natives(posix, new ReceivedHandles()));
  }

  private List<ChannelDriver> pair(ChannelOptions options) {
    MemoryPair pair = MemoryPair.create("pair", options);
    return List.of(pair.left(), pair.right());
  }

  @AfterEach
  void nothingIsLeft() {
    scope.close();
    engine.close();
    assertEquals(0, budgets.container().held());
    assertEquals(0, budgets.heap().held());
  }

  @Test
  void aPairThatHasEndedHoldsNothingBeforeItIsClosed() throws Exception {
    ChannelPair pair = channels.pair(ChannelOptions.defaults());
    pair.left().sink().writeFully(ByteBuffer.allocate(32 * KB), Peers.LIMIT);
    pair.right().sink().writeFully(ByteBuffer.allocate(4 * KB), Peers.LIMIT);
    assertEquals(36 * KB, budgets.container().held());
    pair.left().sink().end();
    pair.right().sink().end();
    assertEquals(36 * KB, budgets.container().held(), "it is still to be read");
    assertEquals(32 * KB, pair.right().source().readAll(KB * KB, Peers.LIMIT).remaining());
    assertEquals(4 * KB, pair.left().source().readAll(KB * KB, Peers.LIMIT).remaining());
    assertEquals(0, budgets.container().held());
    assertTrue(pair.left().isOpen());
    assertTrue(pair.right().isOpen());
  }

  @Test
  void aFloodTakesFourTimesTheCapacityWhereThatIsAmple() throws Exception {
    assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "it takes two processors");
    ChannelPair pair = channels.pair(ChannelOptions.defaults());
    Floods.assertTakeWhatIsAmple(engine, pair.left().sink(), pair.right().source());
  }

  @Test
  void anAbortLetsTheMemoryGo() throws Exception {
    Channel echo = open("echo:", ChannelOptions.defaults());
    echo.sink().writeFully(ByteBuffer.allocate(32 * KB), Peers.LIMIT);
    assertEquals(32 * KB, budgets.container().held());
    echo.abort(new IOException("cut"));
    assertEquals(0, budgets.container().held());
    assertThrows(IOException.class, () -> echo.source().read(ByteBuffer.allocate(1)));
  }

  private Channel open(String endpoint, ChannelOptions options) throws IOException {
    return channels.open(Endpoint.parse(endpoint), options, Peers.LIMIT);
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void whatIsReadAheadOfAChildIsCountedWhileItWaits() throws Exception {
    Channel child = open("shell:head -c 200000 /dev/zero >&2; echo out; cat", ahead());
    assertEquals(4, child.source().read(ByteBuffer.allocate(10), Peers.LIMIT));
    assertThrows(
        StreamTimeoutException.class,
        () -> child.source().read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofMillis(100))));
    ByteSource errors = errors(child);
    long there = errors.available();
    assertTrue(budgets.heap().held() >= there, "of " + there);
    assertTrue(errors.available() > 64 * KB);
    ByteBuffer all = ByteBuffer.allocate(200_000);
    while (all.hasRemaining()) {
      assertTrue(errors.read(all, Peers.LIMIT) > 0);
    }
    assertEquals(0, budgets.heap().held(), "nothing waits any more");
    child.close();
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aChildIsCutThatHoldsTooMuchForTooLong() throws Exception {
    budgets.container().limit(64 * KB);
    Channel child = open("shell:head -c 200000 /dev/zero >&2; cat", ahead());
    MemoryLimitException cause =
        assertThrows(
            MemoryLimitException.class,
            () -> child.source().read(ByteBuffer.allocate(1), Peers.LIMIT));
    assertEquals(child.name(), cause.stream());
    assertThrows(MemoryLimitException.class, () -> errors(child).readAll(KB * KB, Peers.LIMIT));
    Peers.eventually("it holds nothing any more", () -> budgets.container().held() == 0);
  }

  private static ChannelOptions ahead() {
    return ChannelOptions.defaults().with("stderr", "pipe").with("readAhead", "1MiB");
  }

  private static ByteSource errors(Channel child) {
    return child.facet(ProcessFacet.class).orElseThrow().errorSource().orElseThrow();
  }
}
