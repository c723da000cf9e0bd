// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.EndOfStreamException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import io.penstock.testing.FaultScript;
import io.penstock.testing.FaultyChannel;
import io.penstock.testing.InjectedFaultException;
import io.penstock.testing.contract.Case;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Subject;
import io.penstock.testing.contract.Trait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Nested;

/** A channel that fails as it is told to. */
class FaultyChannelTest {
  private static final FaultScript NONE = FaultScript.none();
  private static final Wait SHORT = Wait.upTo(Duration.ofMillis(50));
  private static final String TEXT = "0123456789".repeat(20);

  /** A faulty channel and its peer. */
  private record Two(FaultyChannel faulty, Channel peer) implements AutoCloseable {
    static Two of(FaultScript reading, FaultScript writing) throws IOException {
      ChannelPair pair = Bench.PENSTOCK.channels().pair(ChannelOptions.defaults());
      return new Two(
          FaultyChannel.over(Bench.PENSTOCK.channels(), pair.left(), reading, writing),
          pair.right());
    }

    static Two reading(String script) throws IOException {
      return of(FaultScript.parse(script), NONE);
    }

    static Two writing(String script) throws IOException {
      return of(NONE, FaultScript.parse(script));
    }

    void send(String text) throws IOException {
      peer.sink().writeFully(text, Bench.SOON);
    }

    String receive(int count) throws IOException {
      ByteBuffer buffer = ByteBuffer.allocate(count);
      peer.source().readFully(buffer, Bench.SOON);
      return new String(buffer.array(), java.nio.charset.StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
      faulty.abort(new IOException("the case is over"));
      peer.abort(new IOException("the case is over"));
    }
  }

  /** Reads to the end or the failure; remembers how many bytes each read had. */
  private static Throwable drain(Channel channel, List<Integer> sizes) {
    try {
      while (true) {
        int n = channel.source().read(ByteBuffer.allocate(1000), Bench.SOON);
        if (n < 0) {
          throw new java.io.EOFException("an early end");
        }
        sizes.add(n);
      }
    } catch (IOException e) {
      return e;
    }
  }

  private static int sum(List<Integer> sizes) {
    return sizes.stream().mapToInt(Integer::intValue).sum();
  }

  // ---- at the reader and at the writer

  @Case
  void readsAndWritesComeShort() throws IOException {
    try (Two two = Two.of(FaultScript.parse("pieces=7"), FaultScript.parse("pieces=5"))) {
      two.send(TEXT);
      two.peer().sink().end();
      List<Integer> sizes = new ArrayList<>();
      assertInstanceOf(java.io.EOFException.class, drain(two.faulty(), sizes));
      assertEquals(TEXT.length(), sum(sizes));
      assertTrue(sizes.stream().allMatch(n -> n <= 7), sizes::toString);
      int written = two.faulty().sink().write(ByteBuffer.wrap(new byte[100]), Bench.SOON);
      assertTrue(written > 0 && written <= 5, () -> "written at once: " + written);
      two.faulty().sink().writeFully(TEXT, Bench.SOON);
      assertTrue(two.receive(written + TEXT.length()).endsWith(TEXT));
    }
  }

  @Case
  void triesAreRefusedThoughThereAreBytesAndRoom() throws IOException {
    FaultScript script = FaultScript.parse("seed=3,refusals=3,pieces=10");
    try (Two two = Two.of(script, script)) {
      two.send(TEXT);
      int refused = 0;
      ByteBuffer got = ByteBuffer.allocate(TEXT.length());
      while (got.hasRemaining()) {
        if (two.faulty().source().read(got, Wait.none()) == 0) {
          refused++;
          two.faulty().source().readWait(Bench.SOON);
          two.faulty().source().read(got, Bench.SOON);
        }
      }
      assertTrue(refused > 0);
      two.faulty().sink().writeFully(TEXT, Bench.SOON);
      assertEquals(TEXT, two.receive(TEXT.length()));
      assertTrue(
          two.faulty().faults().stream().anyMatch(line -> line.matches("writing, .*: refused")));
    }
  }

  @Case
  void writeTakesTheRoomThatWasPromised() throws IOException {
    for (String script :
        List.of(
            "pieces=16",
            "refusals=3",
            "reset=900",
            "seed=1,pieces=64,refusals=3,delay=1ms",
            "seed=2,pieces=64,refusals=3,delay=1ms")) {
      try (Two two = Two.writing(script)) {
        for (int i = 0; i < 20; i++) {
          two.faulty().sink().awaitWritable(Bench.SOON);
          int promised = (int) Math.min(two.faulty().sink().room(), 40);
          assertTrue(promised > 0, script);
          int took = two.faulty().sink().write(ByteBuffer.allocate(promised), Wait.none());
          assertEquals(promised, took, script);
        }
      }
    }
  }

  @Case
  void roomIsZeroWhileAWriteIsRefused() throws IOException {
    try (Two two = Two.writing("delay=1h")) {
      assertEquals(0, two.faulty().sink().room());
      assertEquals(0, two.faulty().sink().write(ByteBuffer.allocate(9), Wait.none()));
      assertEquals(0, two.faulty().sink().room());
      assertThrows(StreamTimeoutException.class, () -> two.faulty().sink().awaitWritable(SHORT));
    }
  }

  @Case
  void delayHoldsBytesUpAndLosesNone() throws IOException {
    FaultScript slow = NONE.withDelay(Duration.ofMillis(20)).withPieces(50).withSeed(1);
    try (Two two = Two.of(slow, slow)) {
      two.send(TEXT);
      assertEquals(0, two.faulty().source().read(ByteBuffer.allocate(9), Wait.none()));
      ByteBuffer got = ByteBuffer.allocate(TEXT.length());
      two.faulty().source().readFully(got, Bench.SOON);
      two.faulty().sink().writeFully(TEXT, Bench.SOON);
      assertEquals(TEXT, two.receive(TEXT.length()));
    }
  }

  @Case
  void errorOfAnOperationIsOfItsType() throws IOException {
    try (Two two = Two.reading("pieces=1,error=4")) {
      two.send("abcdef");
      List<Integer> sizes = new ArrayList<>();
      Throwable failed = drain(two.faulty(), sizes);
      assertMeans(InjectedFaultException.class, failed);
      assertTrue(String.valueOf(failed.getMessage()).contains("read 4"), failed::toString);
      assertEquals(3, sum(sizes));
      assertMeans(InjectedFaultException.class, drain(two.faulty(), sizes));
    }
    try (Two two = Two.writing("pieces=1,error=3")) {
      assertMeans(
          InjectedFaultException.class,
          assertThrows(IOException.class, () -> two.faulty().sink().writeFully("abc", Bench.SOON)));
      assertEquals("ab", two.receive(2));
    }
  }

  @Case
  void errorOfAReadComesWithTheBytesAndNotBefore() throws IOException {
    try (Two two = Two.reading("error=1")) {
      assertFalse(two.faulty().source().readable().isSet());
      assertEquals(0, two.faulty().source().read(ByteBuffer.allocate(9), Wait.none()));
      assertEquals(List.of(), two.faulty().faults());
      two.send("a");
      assertMeans(InjectedFaultException.class, drain(two.faulty(), new ArrayList<>()));
      assertMeans(InjectedFaultException.class, drain(two.faulty(), new ArrayList<>()));
    }
    try (Two two = Two.reading("error=1")) {
      two.peer().sink().end();
      assertInstanceOf(java.io.EOFException.class, drain(two.faulty(), new ArrayList<>()));
    }
  }

  @Case
  void resetIsOfItsTypeAndReachesThePeer() throws IOException {
    try (Two two = Two.reading("reset=3")) {
      two.send("abcdef");
      List<Integer> sizes = new ArrayList<>();
      assertInstanceOf(ConnectionResetException.class, drain(two.faulty(), sizes));
      assertEquals(3, sum(sizes));
      assertThrows(
          BrokenPipeException.class, () -> two.faulty().sink().writeFully("x", Bench.SOON));
      assertThrows(
          IOException.class, () -> two.peer().source().read(ByteBuffer.allocate(1), Bench.SOON));
    }
    try (Two two = Two.writing("reset=3")) {
      assertThrows(
          BrokenPipeException.class, () -> two.faulty().sink().writeFully("abcdef", Bench.SOON));
      assertInstanceOf(ConnectionResetException.class, drain(two.faulty(), new ArrayList<>()));
    }
  }

  @Case
  void resetOfWriterWakesAReader() throws Exception {
    try (Two two = Two.writing("reset=0")) {
      CompletableFuture<Throwable> reader =
          CompletableFuture.supplyAsync(() -> drain(two.faulty(), new ArrayList<>()));
      assertThrows(
          BrokenPipeException.class, () -> two.faulty().sink().writeFully("a", Bench.SOON));
      assertInstanceOf(ConnectionResetException.class, reader.get(20, TimeUnit.SECONDS));
    }
  }

  @Case
  void truncationIsOfItsTypeAndAnEarlyEndIsAnEnd() throws IOException {
    try (Two two = Two.reading("truncate=3")) {
      two.send("abcdef");
      List<Integer> sizes = new ArrayList<>();
      assertInstanceOf(StreamTruncatedException.class, drain(two.faulty(), sizes));
      assertEquals(3, sum(sizes));
    }
    try (Two two = Two.reading("end=3")) {
      two.send("abcdef");
      assertThrows(
          EndOfStreamException.class,
          () -> two.faulty().source().readFully(ByteBuffer.allocate(6), Bench.SOON));
    }
    for (String script : List.of("truncate=3", "end=3")) {
      try (Two two = Two.writing(script)) {
        two.faulty().sink().writeFully("abcdef", Bench.SOON);
        ByteBuffer all = two.peer().source().readAll(99, Bench.SOON);
        assertEquals(3, all.remaining());
        two.faulty().sink().writeFully("lost", Bench.SOON);
        two.faulty().sink().end();
      }
    }
  }

  @Case
  void stalledPeerNeitherSendsNorTakesUntilItGoesOn() throws IOException {
    FaultScript script = FaultScript.parse("stall=3");
    try (Two two = Two.of(script, script)) {
      two.send("abcdef");
      ByteBuffer got = ByteBuffer.allocate(6);
      two.faulty().source().readFully(got.slice(0, 3), Bench.SOON);
      got.position(3);
      assertThrows(StreamTimeoutException.class, () -> two.faulty().source().read(got, SHORT));
      assertFalse(two.faulty().source().readable().isSet());
      StreamTimeoutException full =
          assertThrows(
              StreamTimeoutException.class, () -> two.faulty().sink().writeFully("abcdef", SHORT));
      assertEquals(3, full.count());
      assertEquals(
          List.of("reading, byte 3: stalled", "writing, byte 3: stalled"), two.faulty().faults());
      two.faulty().resume();
      two.faulty().source().readFully(got, Bench.SOON);
      two.faulty().sink().writeFully("def", Bench.SOON);
      assertEquals("abcdef", two.receive(6));
    }
  }

  @Case
  void delayLastsThoughAPeerGoesOn() throws IOException {
    try (Two two = Two.writing("delay=1h,stall=5")) {
      assertEquals(0, two.faulty().sink().write(ByteBuffer.allocate(3), Wait.none()));
      two.faulty().resume();
      assertThrows(
          StreamTimeoutException.class,
          () -> two.faulty().sink().write(ByteBuffer.allocate(3), SHORT));
    }
  }

  @Case
  void stalledReaderIsWokenWhenThePeerGoesOn() throws Exception {
    try (Two two = Two.reading("stall=0")) {
      two.send("abc");
      CompletableFuture<Integer> reader = new CompletableFuture<>();
      Thread thread =
          new Thread(
              () -> {
                try {
                  reader.complete(two.faulty().source().read(ByteBuffer.allocate(9), Bench.SOON));
                } catch (IOException e) {
                  reader.completeExceptionally(e);
                }
              });
      thread.start();
      assertThrows(
          java.util.concurrent.TimeoutException.class, () -> reader.get(30, TimeUnit.MILLISECONDS));
      two.faulty().resume();
      assertEquals(3, reader.get(20, TimeUnit.SECONDS));
      thread.join();
    }
  }

  // ---- at a poller

  private static Throwable polled(Two two, StringBuilder got) throws IOException {
    try (Poller poller = Bench.SERVICES.pollers().get()) {
      poller.register(two.faulty().source(), Framing.bytes());
      while (true) {
        for (PollEvent event : poller.poll(Bench.SOON)) {
          if (event instanceof PollEvent.Data data) {
            got.append(java.nio.charset.StandardCharsets.UTF_8.decode(data.bytes()));
          } else if (event instanceof PollEvent.Failed failed) {
            return failed.cause();
          } else if (event instanceof PollEvent.Ended) {
            return new java.io.EOFException("ended");
          }
        }
      }
    }
  }

  @Case
  void pollerMeetsEachFault() throws IOException {
    for (String harmless : List.of("pieces=3", "refusals=3,pieces=9", "delay=3ms,pieces=50")) {
      try (Two two = Two.reading(harmless)) {
        two.send(TEXT);
        two.peer().sink().end();
        StringBuilder got = new StringBuilder();
        assertInstanceOf(java.io.EOFException.class, polled(two, got));
        assertEquals(TEXT, got.toString());
      }
    }
    assertPolled(InjectedFaultException.class, "pieces=1,error=4", "012");
    assertPolled(ConnectionResetException.class, "reset=5", "01234");
    assertPolled(StreamTruncatedException.class, "truncate=6", "012345");
    assertPolled(java.io.EOFException.class, "end=2", "01");
  }

  private static void assertPolled(Class<?> type, String script, String before) throws IOException {
    try (Two two = Two.reading(script)) {
      two.send(TEXT);
      StringBuilder got = new StringBuilder();
      assertMeans(type, polled(two, got));
      assertEquals(before, got.toString());
    }
  }

  @Case
  void pollerWaitsForAStalledPeer() throws IOException {
    try (Two two = Two.reading("stall=4");
        Poller poller = Bench.SERVICES.pollers().get()) {
      two.send("one\ntwo\n");
      poller.register(two.faulty().source(), Framing.lines(99));
      assertEquals(1, poller.poll(Bench.SOON).size());
      assertEquals(List.of(), poller.poll(SHORT));
      two.faulty().resume();
      assertEquals(1, poller.poll(Bench.SOON).size());
    }
  }

  // ---- at a relay

  /** What comes out of a relay from a faulty channel, and how it ended. */
  private static String relayed(String script, List<Throwable> failures) throws Exception {
    try (Two two = Two.reading(script)) {
      ChannelPair out = Bench.PENSTOCK.channels().pair(ChannelOptions.defaults());
      try (Relay relay =
          Bench.PENSTOCK.relays().create(two.faulty(), out.left(), RelayOptions.defaults())) {
        relay.start();
        two.send(TEXT);
        two.peer().sink().end();
        out.right().sink().end();
        ByteBuffer got = ByteBuffer.allocate(1000);
        try {
          while (out.right().source().read(got, Bench.SOON) >= 0) {
            // More may come.
          }
        } catch (IOException e) {
          failures.add(e);
        }
        try {
          relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
          failures.add(e.getCause());
        }
        return new String(got.array(), 0, got.position(), java.nio.charset.StandardCharsets.UTF_8);
      } finally {
        out.right().abort(new IOException("the case is over"));
      }
    }
  }

  @Case
  void relayMeetsEachFault() throws Exception {
    for (String harmless : List.of("pieces=3", "refusals=3,pieces=9", "delay=3ms,pieces=50")) {
      List<Throwable> failures = new ArrayList<>();
      assertEquals(TEXT, relayed(harmless, failures));
      assertEquals(List.of(), failures);
    }
    assertRelayFails(InjectedFaultException.class, "pieces=1,error=4", "012");
    assertRelayFails(ConnectionResetException.class, "reset=5", "01234");
    assertRelayFails(StreamTruncatedException.class, "truncate=6", "012345");
    List<Throwable> failures = new ArrayList<>();
    assertEquals("01", relayed("end=2", failures));
    assertEquals(List.of(), failures);
  }

  private static void assertRelayFails(Class<?> type, String script, String before)
      throws Exception {
    List<Throwable> failures = new ArrayList<>();
    assertEquals(before, relayed(script, failures));
    assertTrue(failures.size() > 0, script);
    Throwable last = failures.get(failures.size() - 1);
    assertInstanceOf(RelayException.class, last);
    assertMeans(type, last);
  }

  /** An error that is not of Penstock's types comes as the cause of a plain one. */
  private static void assertMeans(Class<?> type, Throwable failure) {
    Throwable cause = failure;
    while (cause != null && !type.isInstance(cause)) {
      cause = cause.getCause();
    }
    assertInstanceOf(type, cause, failure::toString);
  }

  @Case
  void relayWaitsForAStalledPeer() throws Exception {
    try (Two two = Two.writing("stall=3")) {
      ChannelPair in = Bench.PENSTOCK.channels().pair(ChannelOptions.defaults());
      try (Relay relay =
          Bench.PENSTOCK.relays().create(in.left(), two.faulty(), RelayOptions.defaults())) {
        relay.start();
        in.right().sink().writeFully("abcdef", Bench.SOON);
        assertEquals("abc", two.receive(3));
        assertThrows(
            StreamTimeoutException.class,
            () -> two.peer().source().read(ByteBuffer.allocate(1), SHORT));
        two.faulty().resume();
        assertEquals("def", two.receive(3));
      } finally {
        in.right().abort(new IOException("the case is over"));
      }
    }
  }

  // ---- above other kinds

  @Case
  void goesAboveASocket() throws IOException {
    FaultScript script = FaultScript.seeded(5).withDelay(Duration.ofMillis(2));
    try (Listener listener =
        Bench.PENSTOCK
            .channels()
            .listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), ChannelOptions.defaults())) {
      Channel client = Bench.open(Bench.connecting(listener.endpoint()).toString());
      Channel server = listener.accept(Bench.SOON);
      try (Two two =
          new Two(FaultyChannel.over(Bench.PENSTOCK.channels(), client, script), server)) {
        two.faulty().sink().writeFully(TEXT, Bench.SOON);
        assertEquals(TEXT, two.receive(TEXT.length()));
        CompletableFuture<Throwable> sent = new CompletableFuture<>();
        StringBuilder got = new StringBuilder();
        two.send(TEXT);
        two.peer().sink().end();
        sent.complete(polled(two, got));
        assertEquals(TEXT, got.toString());
      }
    }
    try (Listener listener =
        Bench.PENSTOCK
            .channels()
            .listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), ChannelOptions.defaults())) {
      Channel client = Bench.open(Bench.connecting(listener.endpoint()).toString());
      Channel server = listener.accept(Bench.SOON);
      FaultScript reset = NONE.withResetAt(3);
      try (Two two =
          new Two(FaultyChannel.over(Bench.PENSTOCK.channels(), client, NONE, reset), server)) {
        assertThrows(
            BrokenPipeException.class, () -> two.faulty().sink().writeFully("abcdef", Bench.SOON));
        assertInstanceOf(ConnectionResetException.class, drain(server, new ArrayList<>()));
      }
    }
  }

  // ---- scripts

  private static List<String> faults(FaultScript script) throws IOException {
    try (Two two = Two.of(script, script)) {
      two.send(TEXT);
      two.faulty().source().readFully(ByteBuffer.allocate(TEXT.length()), Bench.SOON);
      two.faulty().sink().writeFully(TEXT, Bench.SOON);
      return two.faulty().faults();
    }
  }

  @Case
  void sameSeedGivesTheSameFaults() throws IOException {
    List<String> first = faults(FaultScript.seeded(7));
    assertTrue(first.size() > 10, first::toString);
    for (int i = 0; i < 5; i++) {
      assertEquals(first, faults(FaultScript.seeded(7)));
    }
    assertNotEquals(first, faults(FaultScript.seeded(8)));
  }

  @Case
  void scriptsAreReadAsTheyAreWritten() {
    FaultScript all =
        FaultScript.seeded()
            .withErrorAt(2)
            .withResetAt(3)
            .withTruncationAt(4)
            .withEndAt(5)
            .withStallAt(0);
    assertEquals(all, FaultScript.parse(all.toString()));
    assertTrue(all.toString().startsWith("seed="), all::toString);
    assertEquals(NONE, FaultScript.parse(NONE.toString()));
    for (String wrong :
        List.of("resett=1", "reset", "reset=x", "reset=-1", "error=0", "end=1,end=2")) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> FaultScript.parse(wrong));
      assertTrue(
          String.valueOf(refused.getMessage()).contains(wrong.split("=", 2)[0]), refused::toString);
    }
    assertThrows(IllegalArgumentException.class, () -> NONE.withDelay(Duration.ofDays(1)));
  }

  @Case
  void kindOnlyGoesAboveOthers() {
    NotSupportedException refused =
        assertThrows(NotSupportedException.class, () -> Bench.open("faulty:"));
    assertTrue(refused.cure().contains("FaultyChannel.over"), refused::toString);
  }

  // ---- without faults

  private static Kind faulty(boolean reverse) {
    return Kind.of(
            reverse ? "faulty-back" : "faulty",
            () -> {
              Two two = Two.of(NONE, NONE);
              return reverse
                  ? Subject.of(two.peer(), two.faulty())
                  : Subject.of(two.faulty(), two.peer());
            })
        .without(Trait.LISTENS, "it goes above a channel")
        .without(Trait.CONNECT_REFUSED, "it goes above a channel")
        .without(Trait.CLOSE_DRAINS, "a writer whose reader has gone is told")
        .without(Trait.IMMEDIATE, "bytes of the channel below are not counted")
        .without(Trait.COUNTED, "bytes of the channel below are not counted")
        .without(Trait.BY_REFERENCE, "what is read comes out of the channel below as a copy")
        .without(Trait.FLUSH_SEES_READER, "bytes that a long read has gathered are not counted")
        .without(Trait.COUNTS_GATHERED, "its driver is only asked to read")
        .without(Trait.READS_SEEN, "the reader is at another channel")
        .without(Trait.VERDICT, "the peer is a channel and no program");
  }

  @Nested
  class Written extends ContractSuite {
    @Override
    protected Kind kind() {
      return faulty(false);
    }
  }

  @Nested
  class Read extends ContractSuite {
    @Override
    protected Kind kind() {
      return faulty(true);
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return faulty(false);
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }
}
