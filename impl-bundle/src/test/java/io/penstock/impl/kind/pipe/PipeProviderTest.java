// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.channel.DrivenChannel;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.impl.pipe.NamedPipes;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.spi.ChannelDriver;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PipeProviderTest {
  private static final ChannelOptions INPUT =
      ChannelOptions.defaults().withDirection(Direction.INPUT);
  private static final ChannelOptions OUTPUT =
      ChannelOptions.defaults().withDirection(Direction.OUTPUT);

  private static final ChannelOptions BOTH = ChannelOptions.defaults();

  private final Engine engine = new Engine();
  private final NamedPipes pipes = new NamedPipes();
  private final Peers peers = new Peers(new PipeProvider(pipes::open));

  @AfterEach
  void close() throws IOException {
    peers.close();
    engine.close();
  }

  private Pipe pipe(String name) {
    Pipe pipe = new DrivenPipe(PipeOptions.defaults().withName(name).withCapacity(1000), engine);
    pipes.put(name, pipe);
    return pipe;
  }

  @Test
  void oneWayByDirection() throws IOException {
    Pipe pipe = pipe("a");
    Peer out = peers.connect("pipe:a", OUTPUT);
    Peer in = peers.connect("pipe:a", INPUT);
    out.write("hello");
    assertEquals("hello", in.read(5));
    out.sink().end();
    assertEquals(-1, in.readOnce());
    assertTrue(pipe.sink().ended());
    assertThrows(NotSupportedException.class, out::readOnce);
    assertThrows(NotSupportedException.class, () -> in.write("x"));
  }

  @Test
  void bothWaysByName() throws IOException {
    Pipe a = pipe("a");
    Pipe b = pipe("b");
    Peer both = peers.connect("pipe:?read=a&write=b");
    a.sink().writeFully("in", Peers.LIMIT);
    assertEquals("in", both.read(2));
    both.write("out");
    assertEquals(3, b.source().read(ByteBuffer.allocate(9), Peers.LIMIT));
    peers.connect("pipe:?read=a");
    peers.connect("pipe:?write=b");
  }

  @Test
  void directionsAndNamesAreAskedFor() {
    pipe("a");
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> peers.connect("pipe:a"));
    assertTrue(e.getMessage().contains("pipe:?read=a"), e.getMessage());
    AddressException none =
        assertThrows(AddressException.class, () -> peers.connect("pipe:none", INPUT));
    assertEquals(AddressException.Kind.NOT_FOUND, none.kind());
    for (String bad : new String[] {"pipe:", "pipe:a?read=a"}) {
      AddressException invalid =
          assertThrows(AddressException.class, () -> peers.connect(bad, INPUT));
      assertEquals(AddressException.Kind.INVALID, invalid.kind());
    }
  }

  @Test
  void lettingGoOfAPipeDoesNotCloseIt() throws IOException {
    Pipe pipe = pipe("a");
    Peer first = peers.connect("pipe:a", INPUT);
    pipe.sink().writeFully("1", Peers.LIMIT);
    assertEquals("1", first.read(1));
    first.close();
    assertTrue(pipe.source().isOpen());
    pipe.sink().writeFully("2", Peers.LIMIT);
    assertEquals("2", peers.connect("pipe:a", INPUT).read(1));
  }

  @Test
  void anAbortCutsThePipe() throws IOException {
    Pipe pipe = pipe("a");
    Peer out = peers.connect("pipe:a", OUTPUT);
    out.write("part");
    out.driver().abort(new ConnectionResetException("writer", "cut", 0));
    assertEquals(4, pipe.source().read(ByteBuffer.allocate(9), Peers.LIMIT));
    assertThrows(
        ConnectionResetException.class,
        () -> pipe.source().read(ByteBuffer.allocate(9), Peers.LIMIT));
  }

  @Test
  void manyBytesPassThroughALittlePipe() throws IOException {
    pipe("a");
    Peer out = peers.connect("pipe:a", OUTPUT);
    Peer in = peers.connect("pipe:a", INPUT);
    CompletableFuture<Void> writing =
        CompletableFuture.runAsync(
            () -> {
              try {
                out.writeZeros(2_000_000);
                out.sink().end();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    assertEquals(2_000_000, in.readAll().length());
    Peers.get(writing);
  }

  @Test
  void twoReadersOfOnePipeMissNoWakeUp() throws IOException {
    Pipe pipe = pipe("a");
    Peer one = peers.connect("pipe:a", INPUT);
    Peer two = peers.connect("pipe:a", INPUT);
    CompletableFuture<Integer> first = CompletableFuture.supplyAsync(() -> readAll(one));
    CompletableFuture<Integer> second = CompletableFuture.supplyAsync(() -> readAll(two));
    for (int i = 0; i < 20_000; i++) {
      pipe.sink().writeFully(ByteBuffer.allocate(1 + i % 700), Peers.LIMIT);
    }
    pipe.sink().end();
    int expected = 0;
    for (int i = 0; i < 20_000; i++) {
      expected += 1 + i % 700;
    }
    assertEquals(expected, Peers.get(first) + Peers.get(second));
    assertFalse(pipe.source().read(ByteBuffer.allocate(1), Wait.none()) > 0);
  }

  @Test
  void whoComesAfterTheEndWaitsForTheNextPipe() throws Exception {
    DrivenPipe spent = renewed("a");
    spent.sink().writeFully("x", Peers.LIMIT);
    spent.sink().end();
    CompletableFuture<ChannelDriver> writer = connecting(OUTPUT);
    assertFalse(writer.isDone());
    assertEquals("x", peers.connect("pipe:a", INPUT).read(1));
    CompletableFuture<ChannelDriver> reader = connecting(INPUT);
    CompletableFuture<ChannelDriver> impatient = connecting(INPUT);
    assertFalse(reader.isDone());
    impatient.cancel(true);
    assertFalse(reader.isDone());

    Pipe next = renewed("a");
    next.sink().writeFully("y", Peers.LIMIT);
    ByteBuffer got = ByteBuffer.allocate(9);
    assertEquals(1, Peers.get(reader).source().read(got));
    assertEquals('y', got.get(0));
    assertEquals(1, Peers.get(writer).sink().write(ByteBuffer.allocate(1)));
    assertTrue(connecting(OUTPUT).isDone());
  }

  /** What it has read from was let go of by the close, and belongs to others. */
  @Test
  void aCloseThatDropsOutputCutsThatPipeOnly() throws Exception {
    Pipe read = pipe("read");
    Pipe written = pipe("written");
    Endpoint endpoint = Endpoint.parse("pipe:?read=read&write=written");
    ChannelOptions brief =
        ChannelOptions.defaults().withCloseTimeout(Duration.ofMillis(50)).withAll(endpoint);
    DrivenChannel channel = new DrivenChannel(endpoint, brief, engine);
    channel.connect(new PipeProvider(pipes::open).connect(endpoint, brief, channel.context()));
    CompletionStage<Void> stuck = channel.sink().writeAsync(ByteBuffer.allocate(5000));
    Peers.eventually("it is full", () -> written.source().available() == 1000);
    channel.close();
    assertThrows(
        ExecutionException.class, () -> stuck.toCompletableFuture().get(20, TimeUnit.SECONDS));
    assertThrows(IOException.class, () -> written.source().readAll(5000, Peers.LIMIT));
    read.sink().writeFully("on", Peers.LIMIT);
    assertEquals("on", peers.connect("pipe:read", INPUT).read(2));
  }

  @Test
  void whoGivesUpWaitingForTheNextPipeIsForgotten() throws Exception {
    DrivenPipe spent = renewed("a");
    spent.sink().end();
    spent.abort(new IOException("cut on purpose"));
    List<WeakReference<DrivenChannel>> all =
        List.of(givenUp("pipe:a", OUTPUT), givenUp("pipe:?read=a&write=a", BOTH));
    for (WeakReference<DrivenChannel> each : all) {
      Peers.eventually(
          "it is kept by nobody",
          () -> {
            System.gc();
            return each.get() == null;
          });
    }
    assertTrue(spent.isSpent());
    CompletableFuture<ChannelDriver> patient = connecting(OUTPUT);
    assertFalse(patient.isDone());
    Pipe unused = renewed("a");
    assertEquals(1, Peers.get(patient).sink().write(ByteBuffer.allocate(1)));
  }

  /** A channel that was aborted while it was connected. */
  private WeakReference<DrivenChannel> givenUp(String text, ChannelOptions options)
      throws IOException {
    Endpoint endpoint = Endpoint.parse(text);
    ChannelOptions all = options.withAll(endpoint);
    DrivenChannel channel = new DrivenChannel(endpoint, all, engine);
    channel.connect(new PipeProvider(pipes::open).connect(endpoint, all, channel.context()));
    channel.abort(new IOException("given up on purpose"));
    return new WeakReference<>(channel);
  }

  @Test
  void whoComesAfterAnAbortWaitsUntilTheNameIsGivenUp() throws Exception {
    DrivenPipe cut = renewed("a");
    cut.abort(new IOException("cut on purpose"));
    CompletableFuture<ChannelDriver> reader = connecting(INPUT);
    assertFalse(reader.isDone());
    pipes.remove("a", cut);
    ExecutionException e =
        assertThrows(ExecutionException.class, () -> reader.get(20, TimeUnit.SECONDS));
    AddressException none = assertInstanceOf(AddressException.class, e.getCause());
    assertEquals(AddressException.Kind.NOT_FOUND, none.kind());
    assertTrue(none.getMessage().contains("no pipe named 'a'"), none.getMessage());
  }

  @Test
  void aPipeThatNobodyRenewsShowsItsEnd() throws IOException {
    pipe("a").sink().end();
    assertEquals(-1, peers.connect("pipe:a", INPUT).readOnce());
  }

  private DrivenPipe renewed(String name) {
    DrivenPipe pipe = new DrivenPipe(PipeOptions.defaults().withName(name), engine);
    pipes.putRenewed(name, pipe);
    return pipe;
  }

  private CompletableFuture<ChannelDriver> connecting(ChannelOptions options) throws IOException {
    return new PipeProvider(pipes::open)
        .connect(Endpoint.parse("pipe:a"), options, peers.context("a"))
        .toCompletableFuture()
        .thenApply(driver -> driver);
  }

  private static int readAll(Peer peer) {
    int total = 0;
    try {
      for (int n = peer.readOnce(); n >= 0; n = peer.readOnce()) {
        total += n;
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return total;
  }
}
