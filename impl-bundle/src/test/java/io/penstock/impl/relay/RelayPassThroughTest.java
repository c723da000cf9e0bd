// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.ProgramRequest;
import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.CallerFacet;
import io.penstock.channel.facet.ProgramFacet;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.ExitException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.kind.Peers;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes across beside the bytes, between a peer that wants a program and a program. */
class RelayPassThroughTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final int MUCH = 1_000_000;

  private final Penstock penstock = Penstock.open();
  private final ChannelPair callersBytes = pair();
  private final ChannelPair callersErrors = pair();
  private final ChannelPair programsBytes = pair();
  private final ChannelPair programsErrors = pair();
  private final CompletableFuture<Void> callerGone = new CompletableFuture<>();
  private final CompletableFuture<Void> programGone = new CompletableFuture<>();
  private final Caller caller = new Caller();
  private final Program program = new Program();

  /** What the caller has, seen from its other end. */
  private final Channel far = callersBytes.left();

  /** What the program reads and writes. */
  private final Channel inside = programsBytes.left();

  private ChannelPair pair() {
    return penstock.channels().pair(ChannelOptions.defaults());
  }

  @AfterEach
  void close() {
    penstock.close();
  }

  /** A peer that wants a program. */
  private final class Caller implements CallerFacet {
    final LinkedBlockingQueue<ExitException> told = new LinkedBlockingQueue<>();
    final CompletableFuture<Consumer<TerminalSize>> sizes = new CompletableFuture<>();
    final CompletableFuture<Consumer<String>> signals = new CompletableFuture<>();
    volatile ProgramRequest request =
        ProgramRequest.of(ProgramRequest.Kind.COMMAND, "x".getBytes(UTF_8))
            .withTerminal("xterm", TerminalSize.of(80, 24));

    @Override
    public ProgramRequest request() {
      return request;
    }

    @Override
    public ByteSink errorSink() {
      return callersErrors.right().sink();
    }

    @Override
    public void exited(ExitException how) {
      told.add(how);
    }

    @Override
    public void onResize(Consumer<TerminalSize> observer) {
      sizes.complete(observer);
    }

    @Override
    public void onSignal(Consumer<String> observer) {
      signals.complete(observer);
    }
  }

  /** A program. */
  private final class Program implements ProgramFacet, TerminalFacet {
    final LinkedBlockingQueue<Object> told = new LinkedBlockingQueue<>();
    final CompletableFuture<Void> slow = new CompletableFuture<>();

    @Override
    public Optional<ByteSource> errorSource() {
      return Optional.of(programsErrors.right().source());
    }

    @Override
    public Optional<TerminalFacet> terminal() {
      return Optional.of(this);
    }

    @Override
    public TerminalSize size() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void resize(TerminalSize size) {
      told.add(size);
    }

    @Override
    public void signal(String name) throws IOException {
      told.add(name);
      if (name.equals("SLOW")) {
        slow.join();
      }
      if (name.equals("BAD")) {
        throw new IOException("no such signal");
      }
    }
  }

  /** A channel of a kind of its own, above one in memory. */
  private static Channel kind(
      Channel below, CompletableFuture<Void> gone, Object facet, Capability... more) {
    Set<Capability> capabilities = new HashSet<>(below.capabilities());
    capabilities.addAll(List.of(more));
    return (Channel)
        Proxy.newProxyInstance(
            Channel.class.getClassLoader(),
            new Class<?>[] {Channel.class},
            (proxy, method, args) -> {
              switch (method.getName()) {
                case "facet":
                  Class<?> type = (Class<?>) args[0];
                  return type.isInstance(facet) ? Optional.of(facet) : Optional.empty();
                case "gone":
                  return gone;
                case "capabilities":
                  return capabilities;
                default:
                  try {
                    return method.invoke(below, args);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
              }
            });
  }

  private Relay relay(boolean callerFirst, RelayOptions options) {
    Channel one = kind(callersBytes.right(), callerGone, caller);
    Channel two = kind(programsBytes.right(), programGone, program, Capability.VERDICT);
    Relay relay =
        penstock.relays().create(callerFirst ? one : two, callerFirst ? two : one, options);
    relay.start();
    return relay;
  }

  private static String all(ByteSource source) throws IOException {
    return UTF_8.decode(source.readAll(1 << 20, SOON)).toString();
  }

  private static void finish(Relay relay) throws Exception {
    relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static RelayException failure(Relay relay) {
    CompletionException failed =
        assertThrows(
            CompletionException.class,
            () -> relay.completed().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join());
    return assertInstanceOf(RelayException.class, failed.getCause());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void statusReachesTheCallerAfterBothStreams(boolean callerFirst) throws Exception {
    Relay relay = relay(callerFirst, RelayOptions.defaults());
    far.sink().writeFully("in", SOON);
    far.sink().end();
    assertEquals("in", all(inside.source()));
    inside.sink().writeFully("out", SOON);
    inside.sink().end();
    // The end of the output is no secret: how it ended comes apart.
    assertEquals("out", all(far.source()));
    programGone.completeExceptionally(new ExitException("program", 7, "exited with status 7"));
    programsErrors.left().sink().writeFully("err", SOON);
    assertTrue(caller.told.isEmpty(), "told before standard error was there");
    programsErrors.left().sink().end();
    assertEquals("err", all(callersErrors.left().source()));
    ExitException told = caller.told.poll(20, TimeUnit.SECONDS);
    assertEquals(7, told.status());
    finish(relay);
    assertEquals(5 + 3, relay.forwarded() + relay.returned());
    assertTrue(caller.told.isEmpty());
  }

  @Test
  void successIsToldToo() throws Exception {
    Relay relay = relay(true, RelayOptions.defaults());
    programGone.complete(null);
    programsErrors.left().sink().end();
    inside.sink().end();
    assertEquals("", all(far.source()));
    finish(relay);
    assertEquals(0, caller.told.remove().status());
    assertTrue(caller.told.isEmpty());
  }

  @Test
  void programOfWhichNothingIsKnownCutsTheCaller() throws Exception {
    Relay relay = relay(true, RelayOptions.defaults());
    inside.sink().writeFully("part", SOON);
    programGone.completeExceptionally(ExitException.unstated("program", "no status"));
    programsErrors.left().sink().end();
    inside.sink().end();
    assertThrows(IOException.class, () -> all(far.source()));
    assertFalse(assertInstanceOf(ExitException.class, failure(relay).getCause()).stated());
    assertTrue(caller.told.isEmpty());
  }

  @Test
  void signalsAndSizesReachTheProgram() throws Exception {
    Relay relay = relay(true, RelayOptions.defaults());
    assertEquals(TerminalSize.of(80, 24), program.told.poll(20, TimeUnit.SECONDS));
    TerminalSize large = new TerminalSize(132, 43, 800, 600);
    caller.request = caller.request.withTerminal("xterm", large);
    caller.sizes.get(20, TimeUnit.SECONDS).accept(large);
    assertEquals(large, program.told.poll(20, TimeUnit.SECONDS));
    // One that cannot be sent is not the end.
    for (String name : List.of("BAD", "INT")) {
      caller.signals.get(20, TimeUnit.SECONDS).accept(name);
      assertEquals(name, program.told.poll(20, TimeUnit.SECONDS));
    }
    relay.close();
  }

  @Test
  void callerWhoSaysMoreThanTheProgramTakesFillsNoMemory() throws Exception {
    Relay relay = relay(true, RelayOptions.defaults());
    assertEquals(TerminalSize.of(80, 24), program.told.poll(20, TimeUnit.SECONDS));
    Consumer<String> signals = caller.signals.get(20, TimeUnit.SECONDS);
    Consumer<TerminalSize> sizes = caller.sizes.get(20, TimeUnit.SECONDS);
    signals.accept("SLOW");
    assertEquals("SLOW", program.told.poll(20, TimeUnit.SECONDS));
    for (int i = 1; i <= 1000; i++) {
      TerminalSize size = TerminalSize.of(i, 24);
      caller.request = caller.request.withTerminal("xterm", size);
      sizes.accept(size);
      signals.accept("INT");
    }
    program.slow.complete(null);
    // One size, the last, and the signals that a bound lets wait.
    assertEquals(TerminalSize.of(1000, 24), program.told.poll(20, TimeUnit.SECONDS));
    for (int i = 0; i < 16; i++) {
      assertEquals("INT", program.told.poll(20, TimeUnit.SECONDS));
    }
    signals.accept("TERM");
    assertEquals("TERM", program.told.poll(20, TimeUnit.SECONDS));
    relay.close();
  }

  @Test
  void callerWhoHasGoneEndsTheProgram() {
    Relay relay = relay(true, RelayOptions.defaults());
    callerGone.complete(null);
    assertInstanceOf(ConnectionResetException.class, failure(relay).getCause());
    assertThrows(IOException.class, () -> all(inside.source()));
  }

  @Test
  void standardErrorThatCannotBeReadIsTheProgramsFailure() {
    Relay relay = relay(true, RelayOptions.defaults());
    programsErrors.left().abort(new ConnectionResetException("program", "cut", 0));
    RelayException failed = failure(relay);
    assertTrue(failed.getMessage().contains("standard error"), failed.getMessage());
    assertThrows(IOException.class, () -> all(far.source()));
  }

  @Test
  void standardErrorIsHeldAndCountedLikeOutput() throws Exception {
    DrivenRelay relay = (DrivenRelay) relay(true, RelayOptions.defaults());
    ByteSink errors = programsErrors.left().sink();
    ByteSource got = callersErrors.left().source();
    errors.writeFully("one", SOON);
    got.readFully(ByteBuffer.allocate(3), SOON);
    relay.hold();
    errors.writeFully("two", SOON);
    errors.writeFully("three", SOON);
    assertThrows(
        StreamTimeoutException.class,
        () -> got.read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofMillis(300))));
    relay.release();
    got.readFully(ByteBuffer.allocate(8), SOON);
    assertTrue(
        relay.standing().stream()
            .anyMatch(each -> each.source() == programsErrors.right().source()));
    // The reader may be quicker than the counter.
    Peers.eventually("all is counted", () -> relay.returned() == 11);
    programsErrors.left().abort(new ConnectionResetException("program", "cut", 0));
    assertEquals(11, failure(relay).count());
  }

  @Test
  void standardErrorIsNoFasterThanOutput() throws Exception {
    Relay relay = relay(true, RelayOptions.defaults().withRate(10_000));
    long begun = System.nanoTime();
    programsErrors.left().sink().writeFully(ByteBuffer.allocate(5_000), SOON);
    callersErrors.left().source().readFully(ByteBuffer.allocate(5_000), SOON);
    long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    assertTrue(took >= 350, "500 ms worth of bytes came in " + took + " ms");
    relay.close();
  }

  @Test
  void oneWayLeavesStandardErrorOut() throws Exception {
    Relay relay = relay(true, RelayOptions.defaults().withOneWay(true));
    // The source is closed some time after the start.
    assertThrows(
        BrokenPipeException.class,
        () -> {
          while (true) {
            programsErrors.left().sink().writeFully("x".repeat(100_000), SOON);
          }
        });
    relay.close();
  }

  @Test
  void lingerDoesNotSayThatAProgramHasSucceeded() throws Exception {
    Relay relay = relay(true, RelayOptions.defaults().withLinger(Wait.upTo(Duration.ofMillis(20))));
    far.sink().end();
    finish(relay);
    assertThrows(IOException.class, () -> all(far.source()));
  }

  /** One way from a program to a sink; it has gone, and most of its output was not read yet. */
  private Relay goneBeforeItsOutput(Runnable goes) throws Exception {
    Channel from = kind(programsBytes.right(), programGone, null, Capability.VERDICT);
    Relay relay =
        penstock
            .relays()
            .create(
                from,
                callersBytes.right(),
                RelayOptions.defaults()
                    .withOneWay(true)
                    .withLinger(Wait.upTo(Duration.ofMillis(20))));
    relay.start();
    CompletableFuture<Void> writing =
        CompletableFuture.runAsync(
            () -> {
              try {
                inside.sink().writeFully(ByteBuffer.allocate(MUCH), SOON);
                inside.sink().end();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    far.source().readFully(ByteBuffer.allocate(1), SOON);
    goes.run();
    assertThrows(
        TimeoutException.class,
        () -> relay.completed().toCompletableFuture().get(300, TimeUnit.MILLISECONDS));
    far.source().readFully(ByteBuffer.allocate(MUCH - 1), SOON);
    writing.get(20, TimeUnit.SECONDS);
    return relay;
  }

  @Test
  void noWayBackIsNoneThatHasEnded() throws Exception {
    Relay relay = goneBeforeItsOutput(() -> programGone.complete(null));
    assertEquals("", all(far.source()));
    finish(relay);
  }

  @Test
  void programThatFailedIsReadToItsEndBeforeThat() throws Exception {
    Relay relay =
        goneBeforeItsOutput(
            () ->
                programGone.completeExceptionally(
                    new ExitException("program", 7, "exited with status 7")));
    assertEquals(7, assertInstanceOf(ExitException.class, failure(relay).getCause()).status());
  }

  @Test
  void onlyVariablesOfTheListAreHandedOn() {
    caller.request =
        caller.request.withEnvironment(
            Map.of(
                "LANG",
                "C",
                "LC_ALL",
                "C",
                "LD_PRELOAD",
                "x",
                "PENSTOCK_COMMAND",
                "x",
                "A B",
                "x",
                "XLANG",
                "x",
                "LC",
                "x"));
    Channel channel = kind(callersBytes.right(), callerGone, caller);
    assertEquals(
        Set.of("LANG", "LC_ALL"),
        PassThrough.request(channel, RelayOptions.defaults()).environment().keySet());
    assertEquals(
        Set.of("LANG", "LC_ALL", "LD_PRELOAD", "XLANG", "LC"),
        PassThrough.request(channel, RelayOptions.defaults().withVariables(List.of("*")))
            .environment()
            .keySet());
    assertEquals(
        Set.of("LC"),
        PassThrough.request(channel, RelayOptions.defaults().withVariables(List.of("L?")))
            .environment()
            .keySet());
    assertEquals(
        Set.of(),
        PassThrough.request(channel, RelayOptions.defaults().withVariables(List.of()))
            .environment()
            .keySet());
    assertThrows(
        IllegalArgumentException.class,
        () -> RelayOptions.defaults().withVariables(List.of("a=b")));
  }
}
