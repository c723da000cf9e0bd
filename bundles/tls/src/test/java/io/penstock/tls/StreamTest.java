// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.TlsFacet;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.HandshakeException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.error.WouldBlockException;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.stream.Framing;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How bytes and ends go through TLS, against ourselves and against a peer that cuts records. */
class StreamTest {
  private static final int MUCH = 3 << 20;

  private static byte[] random(int seed, int size) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] all(Channel channel) throws IOException {
    ByteBuffer all = channel.source().readAll(Integer.MAX_VALUE, Bench.SOON);
    byte[] bytes = new byte[all.remaining()];
    all.get(bytes);
    return bytes;
  }

  private static <T> CompletableFuture<T> async(Callable<T> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(call.call());
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return result;
  }

  private static Throwable failure(CompletableFuture<?> task) {
    return assertThrows(
            CompletionException.class, () -> task.orTimeout(20, TimeUnit.SECONDS).join())
        .getCause();
  }

  /** Both roles: a side that has ended its output still gets everything. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void muchEachWayAfterAHalfClose(boolean clientEnds) throws Exception {
    try (Bench.Both both = Bench.meet()) {
      Channel first = clientEnds ? both.client() : both.server();
      Channel second = clientEnds ? both.server() : both.client();
      byte[] there = random(1, MUCH);
      byte[] back = random(2, MUCH);
      CompletableFuture<Void> writer =
          async(
              () -> {
                first.sink().writeFully(ByteBuffer.wrap(there), Bench.SOON);
                first.sink().end();
                return null;
              });
      assertArrayEquals(there, all(second));
      writer.join();
      CompletableFuture<Void> answer =
          async(
              () -> {
                second.sink().writeFully(ByteBuffer.wrap(back), Bench.SOON);
                second.sink().end();
                return null;
              });
      assertArrayEquals(back, all(first));
      answer.join();
      assertTrue(first.isOpen() && second.isOpen());
    }
  }

  @Test
  void bothDirectionsAtOnce() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      byte[] there = random(3, MUCH);
      byte[] back = random(4, MUCH);
      CompletableFuture<Void> one = async(() -> send(both.client(), there));
      CompletableFuture<Void> two = async(() -> send(both.server(), back));
      CompletableFuture<byte[]> got = async(() -> all(both.server()));
      assertArrayEquals(back, all(both.client()));
      assertArrayEquals(there, got.join());
      one.join();
      two.join();
    }
  }

  private static Void send(Channel channel, byte[] bytes) throws IOException {
    channel.sink().writeFully(ByteBuffer.wrap(bytes), Bench.SOON);
    channel.sink().end();
    return null;
  }

  /** What a reader did not take in time waits in the product, and goes when nobody writes. */
  @Test
  void whatFoundNoRoomGoesWhileNobodyWrites() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      long written = 0;
      ByteBuffer piece = ByteBuffer.allocate(64 * 1024);
      while (true) {
        int n = both.client().sink().write(piece.clear(), Wait.none());
        written += n;
        if (n == 0) {
          break;
        }
      }
      both.client().sink().end();
      assertEquals(written, all(both.server()).length);
    }
  }

  // ---- a peer that decides where its bytes are cut

  private record Rig(Listener listener, RawPeer peer, Channel server) implements AutoCloseable {
    static Rig open(String... options) throws IOException {
      Listener listener = Bench.listen(options);
      String address = listener.endpoint().address();
      int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
      RawPeer peer = new RawPeer(port, options.length == 0 ? "TLSv1.3" : "TLSv1.2");
      return new Rig(listener, peer, listener.accept(Bench.SOON));
    }

    @Override
    public void close() throws IOException {
      peer.close();
      server.abort(new IOException("the test is over"));
      listener.close();
    }
  }

  @Test
  void anEndOfTheTransportBetweenRecordsIsNoEndOfTheStream() throws Exception {
    try (Rig rig = Rig.open()) {
      rig.peer().send(rig.peer().record("whole".getBytes(StandardCharsets.UTF_8)));
      rig.peer().cut();
      ByteBuffer got = ByteBuffer.allocate(5);
      rig.server().source().readFully(got, Bench.SOON);
      assertEquals("whole", StandardCharsets.UTF_8.decode(got.flip()).toString());
      for (int i = 0; i < 2; i++) {
        StreamTruncatedException cut =
            assertThrows(
                StreamTruncatedException.class,
                () -> rig.server().source().read(ByteBuffer.allocate(1), Bench.SOON));
        assertEquals(5, cut.count());
        assertEquals(rig.server().name(), cut.stream());
      }
    }
  }

  @Test
  void anEndOfTheTransportWithinARecordIsNoEndOfTheStream() throws Exception {
    try (Rig rig = Rig.open()) {
      ByteBuffer record = rig.peer().record(random(5, 1000));
      rig.peer().send(record.limit(500));
      rig.peer().cut();
      assertThrows(
          StreamTruncatedException.class,
          () -> rig.server().source().read(ByteBuffer.allocate(1), Bench.SOON));
    }
  }

  @Test
  void aRecordLongerThanAnyIsAFailureOfTheStream() throws Exception {
    try (Rig rig = Rig.open()) {
      ByteBuffer endless = ByteBuffer.allocate(20_000);
      endless.put(new byte[] {23, 3, 3, 0x60, 0}).clear();
      rig.peer().send(endless);
      for (int i = 0; i < 2; i++) {
        IOException why =
            assertThrows(
                IOException.class,
                () -> rig.server().source().read(ByteBuffer.allocate(1), Bench.SOON));
        assertFalse(why instanceof StreamTimeoutException, why.toString());
      }
    }
  }

  @Test
  void dataAndTheEndInOneSegment() throws Exception {
    try (Rig rig = Rig.open()) {
      byte[] bytes = random(6, 1000);
      ByteBuffer data = rig.peer().record(bytes);
      rig.peer().send(RawPeer.joined(data, rig.peer().closeNotify()));
      rig.peer().cut();
      assertArrayEquals(bytes, all(rig.server()));
      assertTrue(rig.server().source().ended());
      assertEquals(-1, rig.server().source().read(ByteBuffer.allocate(1), Wait.none()));
    }
  }

  /** Answers after the peer's end, which arrived together with its data. */
  @Test
  void anAnswerAfterThePeersEnd() throws Exception {
    try (Rig rig = Rig.open()) {
      ByteBuffer data = rig.peer().record("question".getBytes(StandardCharsets.UTF_8));
      rig.peer().send(RawPeer.joined(data, rig.peer().closeNotify()));
      assertEquals("question", new String(all(rig.server()), StandardCharsets.UTF_8));
      rig.server().sink().writeFully("answer", Bench.SOON);
      byte[] answer = new byte[6];
      assertEquals(6, rig.peer().read(answer));
      assertEquals("answer", new String(answer, StandardCharsets.UTF_8));
    }
  }

  @Test
  void aRecordReadByteByByte() throws Exception {
    try (Rig rig = Rig.open()) {
      byte[] bytes = random(7, 16 * 1024);
      // In one record and a rest, however the engine cuts it.
      ByteBuffer rest = ByteBuffer.wrap(bytes);
      while (rest.hasRemaining()) {
        rig.peer().send(rig.peer().record(rest));
      }
      for (int i = 0; i < bytes.length; i++) {
        ByteBuffer one = ByteBuffer.allocate(1);
        assertEquals(1, rig.server().source().read(one, Bench.SOON));
        assertEquals(bytes[i], one.get(0), "byte " + i);
      }
      assertEquals(0, rig.server().source().read(ByteBuffer.allocate(1), Wait.none()));
    }
  }

  @Test
  void awaitReadableSeesWhatIsDecryptedAlready() throws Exception {
    try (Rig rig = Rig.open()) {
      rig.peer().send(rig.peer().record("ab".getBytes(StandardCharsets.UTF_8)));
      for (char expected : new char[] {'a', 'b'}) {
        rig.server().source().awaitReadable(Bench.SOON);
        assertTrue(rig.server().source().readable().isSet());
        ByteBuffer one = ByteBuffer.allocate(1);
        assertEquals(1, rig.server().source().read(one, Wait.none()));
        assertEquals(expected, (char) one.get(0));
      }
      assertFalse(rig.server().source().readable().isSet());
    }
  }

  /**
   * No selector tells of what is decrypted, or read and not decrypted yet: the poller must know.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 4096})
  void threeRecordsInOneSegmentAreDrainedThroughThePollerWithoutSpinOrStall(int frame)
      throws Exception {
    try (Rig rig = Rig.open();
        Poller poller = Bench.PENSTOCK.poller()) {
      int size = 3 * 4096;
      byte[] bytes = random(8, size);
      ByteBuffer[] records = new ByteBuffer[3];
      for (int i = 0; i < 3; i++) {
        records[i] = rig.peer().record(ByteBuffer.wrap(bytes, i * 4096, 4096));
      }
      ByteBuffer got = ByteBuffer.allocate(size);
      poller.register(
          rig.server().source(), size % frame == 0 ? Framing.fixed(frame) : Framing.bytes());
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void data(Registration from, ByteBuffer lent) {
              got.put(lent);
            }
          };
      rig.peer().send(RawPeer.joined(records));
      long events = 0;
      int rounds = 0;
      while (got.hasRemaining()) {
        int now = poller.poll(Wait.upTo(Duration.ofSeconds(10)), handler);
        assertTrue(now > 0, "stalled after " + got.position() + " bytes");
        events += now;
        rounds++;
      }
      assertArrayEquals(bytes, got.array());
      assertTrue(events <= size, "events: " + events);
      assertTrue(rounds <= size / Math.min(frame, 4096) + 64, "rounds: " + rounds);
      assertEquals(0, poller.poll(Wait.upTo(Duration.ofMillis(100)), handler));
      // A wake-up may be late; a poll that spins asks ten thousand times in this moment.
      assertTrue(selects(poller) <= rounds + 40, "asked the system " + selects(poller) + " times");
    }
  }

  /** How often a poller has asked the system, which is nobody else's business. */
  private static long selects(Poller poller) throws ReflectiveOperationException {
    Method selects = poller.getClass().getDeclaredMethod("selects");
    selects.setAccessible(true);
    return (long) selects.invoke(poller);
  }

  /** However many there are, the last ones do not stay behind in what was read from the system. */
  @Test
  void anyNumberOfFullRecordsIsDrainedThroughThePoller() throws Exception {
    try (Rig rig = Rig.open();
        Poller poller = Bench.PENSTOCK.poller()) {
      poller.register(rig.server().source(), Framing.bytes());
      long[] got = new long[1];
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void data(Registration from, ByteBuffer lent) {
              got[0] += lent.remaining();
              lent.position(lent.limit());
            }
          };
      for (int records = 1; records <= 24; records++) {
        ByteBuffer[] all = new ByteBuffer[records];
        for (int i = 0; i < records; i++) {
          all[i] = rig.peer().record(random(i, 16000));
        }
        got[0] = 0;
        rig.peer().send(RawPeer.joined(all));
        while (got[0] < records * 16000L) {
          assertTrue(
              poller.poll(Wait.upTo(Duration.ofSeconds(10)), handler) > 0,
              "stalled after " + got[0] + " bytes of " + records + " records");
        }
      }
    }
  }

  /** A partial record is no data: a caller that waits sleeps, and does not try over and over. */
  @Test
  void aRecordThatComesInPiecesWakesNobodyForNothing() throws Exception {
    try (Rig rig = Rig.open();
        Poller poller = Bench.PENSTOCK.poller()) {
      poller.register(rig.server().source(), Framing.bytes());
      ChannelHandler none = new ChannelHandler() {};
      ByteBuffer record = rig.peer().record(random(9, 1000));
      int whole = record.limit();
      rig.peer().send(record.limit(600));
      ThreadMXBean times = ManagementFactory.getThreadMXBean();
      long before = times.getCurrentThreadCpuTime();
      assertEquals(0, poller.poll(Wait.upTo(Duration.ofMillis(500)), none));
      long spent = TimeUnit.NANOSECONDS.toMillis(times.getCurrentThreadCpuTime() - before);
      assertTrue(spent < 200, "500 ms of waiting took " + spent + " ms of processor time");
      rig.peer().send(record.limit(whole));
      assertEquals(1, poller.poll(Bench.SOON, none));
    }
  }

  // ---- while another thread waits

  private static CompletableFuture<Integer> waitingReader(Channel channel) throws Exception {
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    CompletableFuture<Integer> read =
        async(
            () -> {
              thread.complete(Thread.currentThread());
              return channel.source().read(ByteBuffer.allocate(1), Wait.forever());
            });
    awaitWaiting(thread.get(20, TimeUnit.SECONDS));
    return read;
  }

  /** Returns once a thread is really waiting, seen three times in a row. */
  private static void awaitWaiting(Thread thread) {
    long begun = System.nanoTime();
    int seen = 0;
    while (seen < 3) {
      seen = waits(thread) ? seen + 1 : 0;
      assertTrue(
          System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(20),
          () -> "the reader is " + thread.getState() + " instead of waiting");
      LockSupport.parkNanos(200_000);
    }
  }

  private static boolean waits(Thread thread) {
    return switch (thread.getState()) {
      case WAITING, TIMED_WAITING -> true;
      case RUNNABLE -> selects(thread);
      default -> false;
    };
  }

  /** A thread that waits in a selector counts as running. */
  private static boolean selects(Thread thread) {
    StackTraceElement[] stack = thread.getStackTrace();
    return stack.length > 0
        && stack[0].isNativeMethod()
        && stack[0].getClassName().startsWith("sun.nio.ch.");
  }

  @Test
  void closeWhileAnotherThreadWaitsInARead() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      CompletableFuture<Integer> reader = waitingReader(both.client());
      both.client().close();
      assertInstanceOf(StreamClosedWhileWaitingException.class, failure(reader));
      assertEquals(0, all(both.server()).length, "the peer sees a clean end");
    }
  }

  @Test
  void halfCloseWhileAnotherThreadWaitsInARead() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      CompletableFuture<Integer> reader = waitingReader(both.client());
      both.client().sink().end();
      assertEquals(0, all(both.server()).length);
      assertFalse(reader.isDone(), "the other direction goes on");
      both.server().sink().writeFully("x", Bench.SOON);
      assertEquals(1, reader.get(20, TimeUnit.SECONDS));
    }
  }

  // ---- TLS 1.2

  @Test
  void olderVersionStatesThatItHasNoHalfClose() throws Exception {
    try (Bench.Both both = Bench.meet("protocols=TLSv1.2")) {
      assertFalse(both.client().capabilities().contains(Capability.HALF_CLOSE));
      assertEquals("TLSv1.2", both.client().facet(TlsFacet.class).orElseThrow().protocol());
      both.client().sink().end();
      assertEquals(0, all(both.server()).length);
      BrokenPipeException closed =
          assertThrows(
              BrokenPipeException.class, () -> both.server().sink().writeFully("x", Bench.SOON));
      assertTrue(closed.getMessage().contains("closed"), closed::getMessage);
    }
    try (Bench.Both both = Bench.meet("protocols=TLSv1.2,TLSv1.3")) {
      assertTrue(both.client().capabilities().contains(Capability.HALF_CLOSE));
      assertEquals("TLSv1.3", both.server().facet(TlsFacet.class).orElseThrow().protocol());
    }
  }

  @Test
  void aSecondHandshakeIsRefused() throws Exception {
    try (Rig rig = Rig.open("protocols=TLSv1.2")) {
      rig.peer().send(rig.peer().renegotiation());
      HandshakeException refused =
          assertThrows(
              HandshakeException.class,
              () -> rig.server().source().read(ByteBuffer.allocate(1), Bench.SOON));
      assertTrue(refused.getMessage().contains("second handshake"), refused::getMessage);
      assertThrows(
          BrokenPipeException.class, () -> rig.server().sink().writeFully("x", Bench.SOON));
    }
  }

  // ---- above other channels

  @Test
  void goesAboveAChannelThatHasSpokenAlready() throws Exception {
    ChannelPair pair = Bench.CHANNELS.pair(ChannelOptions.defaults());
    pair.left().sink().writeFully("STARTTLS\n", Bench.SOON);
    assertEquals(
        "STARTTLS",
        pair.right().source().readLine(StandardCharsets.UTF_8, 100, Terminator.STRIP, Bench.SOON));
    try (Bench.Both both = Bench.over(pair.left(), pair.right())) {
      both.client().sink().writeFully("secret", Bench.SOON);
      both.client().sink().end();
      assertEquals("secret", new String(all(both.server()), StandardCharsets.UTF_8));
      both.server().close();
      both.client().close();
      pair.left().closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
      pair.right().closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
  }

  private static Channel open(String endpoint) throws IOException {
    return Bench.CHANNELS.open(Endpoint.parse(endpoint), ChannelOptions.defaults(), Bench.SOON);
  }

  private static void carriesBothWays(Channel near, Channel far) throws Exception {
    try (Bench.Both both = Bench.over(near, far)) {
      byte[] much = random(5, MUCH);
      CompletableFuture<byte[]> there = async(() -> all(both.server()));
      both.client().sink().writeFully(ByteBuffer.wrap(much), Bench.SOON);
      both.client().sink().end();
      assertArrayEquals(much, there.get(20, TimeUnit.SECONDS));
      CompletableFuture<byte[]> back = async(() -> all(both.client()));
      both.server().sink().writeFully(ByteBuffer.wrap(much), Bench.SOON);
      both.server().sink().end();
      assertArrayEquals(much, back.get(20, TimeUnit.SECONDS));
      both.server().close();
      both.client().close();
      near.closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
      far.closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void goesAboveAUnixSocket(@TempDir Path folder) throws Exception {
    try (Listener listener =
        Bench.CHANNELS.listen(
            Endpoint.parse("unix-listen:" + folder.resolve("s")), ChannelOptions.defaults())) {
      Channel near = open("unix:" + folder.resolve("s"));
      carriesBothWays(near, listener.accept(Bench.SOON));
    }
  }

  /** Two processes, each of which hands on what it reads over a FIFO to the other. */
  @Test
  void goesAboveAProcess(@TempDir Path folder) throws Exception {
    Path there = folder.resolve("there");
    Path back = folder.resolve("back");
    assertEquals(
        0, new ProcessBuilder("mkfifo", there.toString(), back.toString()).start().waitFor());
    Channel near = process("cat " + back + " & exec cat > " + there);
    carriesBothWays(near, process("cat " + there + " & exec cat > " + back));
  }

  private static Channel process(String script) throws IOException {
    return Bench.CHANNELS.open(
        Endpoint.exec(List.of("/bin/sh", "-c", script)), ChannelOptions.defaults(), Bench.SOON);
  }

  /** Where no selector tells, bytes below are no data before they are a whole record. */
  @Test
  void partOfARecordBelowIsNothingToRead() throws Exception {
    ChannelPair near = Bench.CHANNELS.pair(ChannelOptions.defaults());
    ChannelPair far = Bench.CHANNELS.pair(ChannelOptions.defaults());
    CompletableFuture<Bench.Both> meeting = async(() -> Bench.over(near.left(), far.right()));
    long begun = System.nanoTime();
    while (!meeting.isDone()) {
      assertTrue(System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(20), "no handshake");
      pass(near.right(), far.left());
      pass(far.left(), near.right());
      LockSupport.parkNanos(100_000);
    }
    try (Bench.Both both = meeting.join()) {
      pass(far.left(), near.right());
      both.client().sink().writeFully("whole", Bench.SOON);
      ByteBuffer record = near.right().source().drain();
      assertTrue(record.remaining() > 10);
      far.left().sink().writeFully(record.slice(record.position(), 10), Bench.SOON);
      assertFalse(both.server().source().readable().isSet());
      assertThrows(
          WouldBlockException.class, () -> both.server().source().awaitReadable(Wait.none()));
      far.left().sink().writeFully(record.position(record.position() + 10), Bench.SOON);
      both.server().source().awaitReadable(Bench.SOON);
      assertTrue(both.server().source().readable().isSet());
    }
  }

  private static void pass(Channel from, Channel to) throws IOException {
    ByteBuffer bytes = from.source().drain();
    to.sink().writeFully(bytes, Bench.SOON);
  }

  @Test
  void goesAboveItself() throws Exception {
    try (Bench.Both outer = Bench.meet();
        Bench.Both inner = Bench.over(outer.client(), outer.server())) {
      byte[] there = random(10, MUCH / 3);
      CompletableFuture<Void> writer = async(() -> send(inner.client(), there));
      assertArrayEquals(there, all(inner.server()));
      writer.join();
      byte[] back = random(11, MUCH / 3);
      CompletableFuture<Void> answer = async(() -> send(inner.server(), back));
      assertArrayEquals(back, all(inner.client()));
      answer.join();
    }
  }

  // ---- the handshake's limit

  @Test
  void silentPeerIsCutAndKeepsNobodyWaiting() throws Exception {
    try (Listener listener = Bench.listen("handshakeTimeout=3s")) {
      String address = listener.endpoint().address();
      Channel silent =
          Bench.CHANNELS.open(
              io.penstock.channel.Endpoint.parse("tcp:" + address),
              ChannelOptions.defaults(),
              Bench.SOON);
      // Others are served meanwhile.
      try (Channel client = Bench.connect(listener);
          Channel server = listener.accept(Bench.SOON)) {
        assertEquals(client.local(), server.peer());
      }
      assertThrows(IOException.class, () -> silent.source().readAll(99, Bench.SOON));
      assertThrows(
          StreamTimeoutException.class, () -> listener.accept(Wait.upTo(Duration.ofMillis(50))));
      silent.close();
    }
  }

  @Test
  void silentServerIsGivenUp() throws Exception {
    try (Listener tcp =
        Bench.CHANNELS.listen(
            io.penstock.channel.Endpoint.parse("tcp-listen://127.0.0.1:0"),
            ChannelOptions.defaults())) {
      StreamTimeoutException late =
          assertThrows(
              StreamTimeoutException.class, () -> Bench.connect(tcp, "handshakeTimeout=200ms"));
      assertTrue(late.getMessage().contains("handshake"), late::getMessage);
    }
  }
}
