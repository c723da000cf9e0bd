// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.Splices;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.runtime.Tap;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/** Between sockets a relay has the system hand memory over, once that pays. */
@ParameterizedClass
@CsvSource({
  "none,unix,unix",
  "none,tcp,tcp",
  "jna,unix,unix",
  "jna,tcp,tcp",
  "jna,unix,tcp",
  "jna,tcp,unix",
  "foreign,unix,unix",
  "foreign,tcp,tcp"
})
class ShortcutTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions PLAIN = ChannelOptions.defaults();
  private static final int CHUNK = 8 * 1024;
  private static final int WARM = 12 << 20;

  @TempDir Path folder;

  private final String mode;
  private final Penstock penstock;
  private final String leftKind;
  private final String rightKind;

  /** How many ends of pipes there are for each way, once it has gone on for a while. */
  private final int there;

  private final int back;
  private int sockets;
  private Set<String> pipesBefore = Set.of();
  private Channel left;
  private Channel right;
  private Channel inner;
  private Channel outer;
  private Relay relay;

  ShortcutTest(String mode, String left, String right) {
    assumeTrue(!mode.equals("foreign") || Modes.hasForeign(), "this Java is too old");
    this.mode = mode;
    this.penstock = Modes.open(mode);
    this.leftKind = left;
    this.rightKind = right;
    this.there = pipes(mode, left, right);
    this.back = pipes(mode, right, left);
  }

  private static int pipes(String mode, String from, String to) {
    return mode.equals("none") || (from.equals("unix") && to.equals("tcp")) ? 0 : 2;
  }

  @AfterEach
  void close() {
    penstock.close();
  }

  private Channel[] connected(String kind) throws IOException {
    Endpoint at =
        Endpoint.parse(
            kind.equals("tcp")
                ? "tcp-listen://127.0.0.1:0"
                : "unix-listen:" + folder.resolve("s" + sockets++));
    try (Listener listener = penstock.channels().listen(at, PLAIN)) {
      Endpoint here = Endpoint.parse(listener.endpoint().toString().replace("-listen", ""));
      Channel client = penstock.channels().open(here, PLAIN, SOON);
      return new Channel[] {client, listener.accept(SOON)};
    }
  }

  /** Two peers that talk through a relay. */
  private void relayed(RelayOptions options) throws IOException {
    Channel[] first = connected(leftKind);
    Channel[] second = connected(rightKind);
    left = first[0];
    inner = first[1];
    outer = second[0];
    right = second[1];
    // So that the reactor has its selector, and the pipe that shows whether selectors work. On a
    // busy machine a shorter wait is over before it is one in the selector.
    assertThrows(
        StreamTimeoutException.class,
        () -> left.source().read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofMillis(300))));
    // Selectors and what natives need for good is there now; and of others some may still go.
    pipesBefore = Set.copyOf(pipes());
    relay = penstock.relays().create(inner, outer, options);
    relay.start();
  }

  @Test
  void looksAgainOnlyBetweenUnixSocketsAndOneWay() throws IOException {
    SourceEnd source = (SourceEnd) connected(leftKind)[0].source();
    SinkEnd sink = (SinkEnd) connected(rightKind)[0].sink();
    try (Shortcut made = Shortcut.find(source, sink, new PosixAccess(mode), 0, source.engine())) {
      if (made == null) {
        assertEquals(0, there, "bytes are copied");
        return;
      }
      long now = 5_000_000_000L;
      boolean unix = leftKind.equals("unix") && rightKind.equals("unix");
      assertEquals(unix, made.looksAgain(now, 0), "the other direction has never moved much");
      assertFalse(made.looksAgain(now, now), "it just has");
    }
  }

  /** Each end of a pipe, by the name of the pipe. */
  private static List<String> pipes() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.map(ShortcutTest::target).filter(name -> name.startsWith("pipe:")).toList();
    }
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return "closed";
    }
  }

  private void awaitPipes(int more) {
    Peers.eventually(more + " ends of pipes more", () -> ends() == more);
  }

  private long ends() {
    try {
      return pipes().stream().filter(each -> !pipesBefore.contains(each)).count();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Sends, and returns the check sum of what arrives. */
  private static void pass(Channel from, Channel to, int total, int chunk) throws Exception {
    CRC32 sent = new CRC32();
    CompletableFuture<Void> sending =
        CompletableFuture.runAsync(
            () -> {
              Random random = new Random(7);
              byte[] bytes = new byte[chunk];
              try {
                for (int left = total; left > 0; left -= chunk) {
                  random.nextBytes(bytes);
                  int n = Math.min(left, chunk);
                  sent.update(bytes, 0, n);
                  from.sink().writeFully(ByteBuffer.wrap(bytes, 0, n), SOON);
                }
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    CRC32 got = new CRC32();
    ByteBuffer buffer = ByteBuffer.allocate(100_000);
    for (int left = total; left > 0; ) {
      buffer.clear().limit(Math.min(left, buffer.capacity()));
      left -= to.source().read(buffer, SOON);
      got.update(buffer.flip());
    }
    sending.get(20, TimeUnit.SECONDS);
    assertEquals(sent.getValue(), got.getValue());
  }

  private void warmUp() throws Exception {
    warmUp(RelayOptions.defaults());
  }

  private void warmUp(RelayOptions options) throws Exception {
    relayed(options);
    inSteps(left, right);
    awaitPipes(there);
  }

  /** Each part is a move by itself, so that it is known how large they are. */
  private static void inSteps(Channel from, Channel to) throws IOException {
    byte[] bytes = new byte[CHUNK];
    for (int moved = 0; moved < WARM; moved += CHUNK) {
      from.sink().writeFully(ByteBuffer.wrap(bytes), SOON);
      to.source().readFully(ByteBuffer.allocate(CHUNK), SOON);
    }
  }

  private void over() throws Exception {
    left.sink().end();
    assertEquals(0, right.source().readAll(9, SOON).remaining());
    right.close();
    left.close();
    relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
    awaitPipes(0);
  }

  @Test
  void bytesArriveUnchangedBothWaysAndNothingIsLeft() throws Exception {
    warmUp();
    inSteps(right, left);
    awaitPipes(there + back);
    for (int chunk : new int[] {CHUNK, 64 * 1024, 300_000, 1, 100}) {
      pass(left, right, chunk < 1000 ? chunk * 1000 : 16 << 20, chunk);
    }
    pass(right, left, WARM, CHUNK);
    long there = WARM + 1000 + 100_000 + 3L * (16 << 20);
    // The reader may be quicker than the counter.
    Peers.eventually("all is counted there", () -> relay.forwarded() == there);
    Peers.eventually("all is counted back", () -> relay.returned() == 2L * WARM);
    over();
  }

  private int pipe() {
    return penstock.runtime().runtime().relays().get(0).forwardBuffers().splicePipe();
  }

  @Test
  void thePipeHasNoMoreRoomThanTheBound() throws Exception {
    warmUp(RelayOptions.defaults().withSendBufferLimit(20_000));
    Peers.eventually("the pipe is told of", () -> pipe() == (there > 0 ? 16 * 1024 : 0));
    pass(left, right, WARM, CHUNK);
    over();
  }

  @Test
  void largePiecesPayOnlyWhereTheSinkTakesThemWhole() {
    for (boolean whole : new boolean[] {true, false}) {
      assertFalse(Shortcut.pays(4095, whole));
      assertTrue(Shortcut.pays(4096, whole));
      assertTrue(Shortcut.pays(128 * 1024, whole));
      assertEquals(whole, Shortcut.pays(128 * 1024 + 1, whole));
    }
  }

  @Test
  void whatIsTappedIsCopiedAndTheShortcutComesBackAfterwards() throws Exception {
    warmUp();
    Tap tap = penstock.control().tap(inner.name(), 16 << 20);
    pass(left, right, WARM, CHUNK);
    awaitPipes(0);
    // Nothing but what was on the way already is left out.
    Peers.eventually(
        "all is copied", () -> tap.read().available() + tap.dropped() >= WARM - (64 << 10));
    assertTrue(tap.dropped() < 1 << 20, tap.dropped() + " are not shown");
    tap.close();
    inSteps(left, right);
    awaitPipes(there);
    over();
  }

  @Test
  void smallPartsAreCopiedAgain() throws Exception {
    warmUp();
    byte[] part = new byte[500];
    // Each is a move by itself, and some of the first still share a trial with larger ones.
    for (int i = 0; i < 600; i++) {
      left.sink().writeFully(ByteBuffer.wrap(part), SOON);
      right.source().readFully(ByteBuffer.allocate(part.length), SOON);
    }
    awaitPipes(0);
    pass(left, right, WARM, CHUNK);
    over();
  }

  /** A reader that asks for the end looks ahead; what it found stays before what comes later. */
  @Test
  void whatSomebodyHasLookedAtStaysInOrder() throws Exception {
    warmUp();
    CompletableFuture<Void> writing =
        CompletableFuture.runAsync(
            () -> {
              try {
                for (int i = 0; i < 20_000; i++) {
                  left.sink().writeFully(ByteBuffer.allocate(4).putInt(0, i), SOON);
                }
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    CompletableFuture<Void> looking =
        CompletableFuture.runAsync(
            () -> {
              while (!writing.isDone()) {
                assertTrue(!inner.source().ended());
              }
            });
    ByteBuffer four = ByteBuffer.allocate(4);
    for (int i = 0; i < 20_000; i++) {
      right.source().readFully(four.clear(), SOON);
      assertEquals(i, four.getInt(0));
    }
    writing.get(20, TimeUnit.SECONDS);
    looking.get(20, TimeUnit.SECONDS);
    over();
  }

  @Test
  void aReaderWhoGoesIsABrokenPipeAndNothingIsLeft() throws Exception {
    warmUp();
    // More than fits on the way, so that some of it waits in the pipe.
    CompletableFuture<Void> writing =
        CompletableFuture.runAsync(
            () ->
                assertThrows(
                    BrokenPipeException.class,
                    () -> left.sink().writeFully(ByteBuffer.allocate(64 << 20), SOON)));
    right.source().readFully(ByteBuffer.allocate(WARM), SOON);
    right.close();
    ExecutionException failure =
        assertThrows(
            ExecutionException.class,
            () -> relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS));
    RelayException why = (RelayException) failure.getCause();
    // The system tells the reset to whichever asks first, a write or the read of the way back.
    String failed = outer.endpoint().name() + " failed while being";
    assertTrue(why.getMessage().contains(failed), why.getMessage());
    writing.get(20, TimeUnit.SECONDS);
    awaitPipes(0);
  }

  @Test
  void aSourceThatCutsTheConnectionIsNoEnd() throws Exception {
    warmUp();
    left.abort(new IOException("cut by the test"));
    if (leftKind.equals("tcp")) {
      assertThrows(
          ExecutionException.class,
          () -> relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS));
    } else {
      // A Unix socket has no reset.
      assertEquals(-1, right.source().read(ByteBuffer.allocate(1), SOON));
      right.close();
    }
    if (rightKind.equals("tcp") && leftKind.equals("tcp")) {
      assertThrows(
          IOException.class, () -> right.source().read(ByteBuffer.allocate(1), SOON), "no end");
    }
    awaitPipes(0);
  }

  /** Takes all places there are, as others that have last moved at a time. */
  private List<Splices.Holder> others(Splices splices, long lastMoved) {
    List<Splices.Holder> all = new ArrayList<>();
    while (true) {
      Splices.Holder other =
          new Splices.Holder() {
            @Override
            public boolean isLoaded() {
              return false;
            }

            @Override
            public long lastMoved() {
              return lastMoved;
            }

            @Override
            public void giveBack() {
              splices.release(this);
            }
          };
      if (!splices.take(other, lastMoved)) {
        return all;
      }
      all.add(other);
    }
  }

  private Splices splices() {
    return ((Channels) penstock.channels()).posix().splices();
  }

  @Test
  void whileOthersAreBusyBytesAreCopied() throws Exception {
    List<Splices.Holder> others = others(splices(), System.nanoTime() + 3_600_000_000_000L);
    relayed(RelayOptions.defaults());
    inSteps(left, right);
    pass(left, right, WARM, CHUNK);
    awaitPipes(0);
    others.forEach(splices()::release);
    inSteps(left, right);
    awaitPipes(there);
    over();
  }

  @Test
  void anIdleOneMakesRoom() throws Exception {
    List<Splices.Holder> unused = others(splices(), System.nanoTime() - 3_600_000_000_000L);
    relayed(RelayOptions.defaults());
    inSteps(left, right);
    awaitPipes(there);
    over();
  }

  @Test
  void oneThatIsAskedForItsPlaceGoesOnCopyingAndComesBack() throws Exception {
    warmUp();
    Splices splices = splices();
    List<Splices.Holder> others = others(splices, System.nanoTime() + 3_600_000_000_000L);
    long later = System.nanoTime() + 3_600_000_000_000L;
    // Asked again, as by a direction that has copied 4 MiB more: the first time it may be at work.
    Peers.eventually("gives way", () -> !splices.take(others.get(0), later) && ends() == 0);
    left.sink().writeFully(ByteBuffer.wrap(new byte[CHUNK]), SOON);
    right.source().readFully(ByteBuffer.allocate(CHUNK), SOON);
    others.forEach(splices::release);
    inSteps(left, right);
    awaitPipes(there);
    over();
  }

  /** While the way to the other side is full, nothing else would let the connection go. */
  @Test
  void whatItsOwnerAbortsIsGoneAtOnce() throws Exception {
    warmUp();
    CompletableFuture<Void> writing =
        CompletableFuture.runAsync(
            () ->
                assertThrows(
                    IOException.class,
                    () -> left.sink().writeFully(ByteBuffer.allocate(64 << 20), SOON)));
    long[] before = {-1};
    Peers.eventually(
        "it stands still",
        () -> {
          long now = relay.forwarded();
          boolean still = now > WARM && now == before[0];
          before[0] = now;
          return still;
        });
    inner.abort(new IOException("by its owner"));
    writing.get(20, TimeUnit.SECONDS);
    relay.close();
    awaitPipes(0);
  }

  private interface Talk {
    void with(Socket peer, byte[] bytes) throws IOException;
  }

  /** Has a peer that can send urgent data go on once a relay has warmed up. */
  private void urgently(Talk talk) throws Exception {
    Endpoint at = Endpoint.parse("tcp-listen://127.0.0.1:0");
    Channel[] second = connected(rightKind);
    try (Listener listener = penstock.channels().listen(at, PLAIN);
        Socket peer = new Socket()) {
      String[] where = listener.endpoint().address().split(":", -1);
      peer.connect(new InetSocketAddress("127.0.0.1", Integer.parseInt(where[where.length - 1])));
      inner = listener.accept(SOON);
      outer = second[0];
      right = second[1];
      relay = penstock.relays().create(inner, outer, RelayOptions.defaults());
      relay.start();
      byte[] bytes = new byte[CHUNK];
      for (int moved = 0; moved < WARM; moved += CHUNK) {
        peer.getOutputStream().write(bytes);
        right.source().readFully(ByteBuffer.allocate(CHUNK), SOON);
      }
      talk.with(peer, bytes);
    }
    relay.close();
  }

  /** Which the system would tell of over and over. */
  @Test
  void urgentDataHoldsNothingUp() throws Exception {
    urgently(
        (peer, bytes) -> {
          peer.sendUrgentData(1);
          peer.getOutputStream().write(bytes);
          right.source().readFully(ByteBuffer.allocate(CHUNK), SOON);
          peer.shutdownOutput();
          assertEquals(0, right.source().readAll(9, SOON).remaining());
        });
  }

  /** Once the end has come as well, the system calls the mark of urgent data the end. */
  @Test
  void urgentDataIsNotTakenForTheEnd() throws Exception {
    urgently(
        (peer, bytes) -> {
          ((DrivenRelay) relay).hold();
          peer.sendUrgentData(1);
          for (int i = 0; i < 3; i++) {
            peer.getOutputStream().write(bytes);
          }
          peer.shutdownOutput();
          Peers.eventually("the end has arrived", () -> hasGotTheEnd(peer));
          ((DrivenRelay) relay).release();
          assertEquals(3 * CHUNK, right.source().readAll(4 * CHUNK, SOON).remaining());
        });
  }

  /** Whether the system has got the end that a peer has sent. */
  private static boolean hasGotTheEnd(Socket peer) {
    String closeWait =
        String.format("(?i).*:%04X [0-9A-F]+:%04X 08 .*", peer.getPort(), peer.getLocalPort());
    try {
      return Stream.of("/proc/net/tcp", "/proc/net/tcp6")
          .map(Path::of)
          .filter(Files::exists)
          .flatMap(ShortcutTest::lines)
          .anyMatch(line -> line.matches(closeWait));
    } catch (UncheckedIOException e) {
      throw new AssertionError(e);
    }
  }

  private static Stream<String> lines(Path file) {
    try {
      return Files.readAllLines(file).stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aRelayThatIsClosedLeavesNothing() throws Exception {
    warmUp();
    relay.close();
    awaitPipes(0);
  }
}
