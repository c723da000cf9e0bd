// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Handle;
import io.penstock.channel.HandlePair;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.posix.FaultyPosix.Fault;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayObserver;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.standalone.Standalone;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each native call of each kind fails in turn, at each place of a conversation, until a
 * conversation passes no fault any more. Nothing may hang, no byte may be lost or wrong without an
 * exception, no descriptor may be left, and the next conversation must go well. Standard streams
 * are one for a process, so {@code proofs/torture} has them.
 */
class FaultyCallsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(5));
  private static final ChannelOptions DEFAULTS = ChannelOptions.defaults();
  private static final byte[] BYTES = new byte[100_000];

  /** Where bytes are moved these cost nothing: a peer must not notice. */
  private static final Set<Fault> HARMLESS = Set.of(Fault.EINTR, Fault.EAGAIN, Fault.SHORT);

  private static final Set<String> MOVERS =
      Set.of("recv", "send", "splice", "recvmsg", "sendmsg", "accept4", "poll");

  static {
    new Random(1).nextBytes(BYTES);
  }

  enum Kind {
    ABSTRACT,
    RELAY,
    RELAY_TCP,
    FIFO,
    PIPE,
    HANDLES,
    PTY
  }

  /** What one conversation did. */
  private interface Conversation {
    void hold() throws Exception;
  }

  @TempDir Path folder;

  private final FaultyPosix posix = new FaultyPosix();
  private final Penstock penstock = Standalone.by(posix.access());
  private final List<AutoCloseable> kept = new ArrayList<>();
  private int numbers;

  private final AtomicLong toldOf = new AtomicLong();
  private final RelayObserver observer =
      new RelayObserver() {
        @Override
        public void parted(@Nullable Channel from, @Nullable RelayException failure) {
          if (failure != null) {
            toldOf.incrementAndGet();
          }
        }
      };

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : kept) {
      one.close();
    }
    penstock.close();
  }

  @ParameterizedTest
  @EnumSource
  void whateverFailsIsToldAndTheNextGoesWell(Kind kind) throws Exception {
    Conversation conversation = conversation(kind);
    for (int i = 0; i < 3; i++) {
      conversation.hold();
    }
    posix.count();
    List<String> calls = List.of();
    // A relay looks for a way without copies on another thread: on a loaded machine a conversation
    // may be over before it has one.
    for (int i = 0; i < 20 && calls.isEmpty(); i++) {
      conversation.hold();
      calls = posix.made();
    }
    assertTrue(!calls.isEmpty(), "native calls are made");
    List<String> wrong = new ArrayList<>();
    int delivered = 0;
    for (String call : calls) {
      for (Fault fault : Fault.values()) {
        if (!fits(kind, call, fault)) {
          continue;
        }
        // Farther and farther on: what is done hundreds of times is the same each time.
        for (int nth = 1; attempt(conversation, call, fault, nth, wrong); nth += nth) {
          delivered++;
        }
      }
    }
    assertTrue(delivered > 0, "faults were delivered");
    assertEquals(List.of(), wrong, delivered + " faults");
  }

  private static boolean fits(Kind kind, String call, Fault fault) {
    if (kind == Kind.PTY && fault == Fault.EIO) {
      // A child for each takes its time.
      return false;
    }
    return switch (fault) {
      case EAGAIN, SHORT -> MOVERS.contains(call);
      case EMFILE -> !MOVERS.contains(call) && !call.equals("close");
      case ENOMEM -> !call.equals("close");
      case EINTR, EIO -> true;
    };
  }

  /** Whether the fault was delivered. */
  private boolean attempt(
      Conversation conversation, String call, Fault fault, int nth, List<String> wrong)
      throws Exception {
    String name = call + " " + fault + " at " + nth + ": ";
    long before = Peers.descriptors();
    posix.arm(call, fault, nth);
    Exception told = null;
    try {
      conversation.hold();
    } catch (IOException | ExecutionException e) {
      told = e;
    } catch (AssertionError | TimeoutException | RuntimeException e) {
      wrong.add(name + e);
    }
    if (!posix.disarm()) {
      return false;
    }
    if (told instanceof StreamTimeoutException) {
      wrong.add(name + "hangs: " + told);
    } else if (told != null && HARMLESS.contains(fault) && MOVERS.contains(call)) {
      wrong.add(name + "costs the connection: " + told);
    }
    leaveNobodyWaiting();
    try {
      conversation.hold();
    } catch (Exception | AssertionError e) {
      wrong.add(name + "and then the next fails: " + e);
    }
    if (settled(before) > 0 && leaks(conversation, call, fault, nth)) {
      wrong.add(name + "descriptors are left each time");
    }
    return wrong.size() < 20;
  }

  /** How many more descriptors there are, once what was closed in the background has gone. */
  private static long settled(long before) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
    while (Peers.descriptors() > before && System.nanoTime() < end) {
      LockSupport.parkNanos(1_000_000);
    }
    return Peers.descriptors() - before;
  }

  /** Tells a leak from a selector that was made for the first time: it comes again each time. */
  private boolean leaks(Conversation conversation, String call, Fault fault, int nth)
      throws Exception {
    long before = Peers.descriptors();
    for (int i = 0; i < 3; i++) {
      posix.arm(call, fault, nth);
      try {
        conversation.hold();
      } catch (IOException | ExecutionException | AssertionError | TimeoutException e) {
        // What it costs was looked at already.
        assertTrue(posix.disarm());
      }
      posix.disarm();
      leaveNobodyWaiting();
    }
    return settled(before) >= 3;
  }

  /** Accepts the peers of a conversation that has failed, so that the next does not meet them. */
  private void leaveNobodyWaiting() throws IOException {
    for (AutoCloseable one : kept) {
      if (one instanceof Listener listener) {
        try {
          while (true) {
            listener.accept(Wait.upTo(Duration.ofMillis(20))).close();
          }
        } catch (StreamTimeoutException e) {
          // Nobody is there any more.
          assertTrue(listener.isOpen());
        }
      }
    }
  }

  private static Endpoint peerOf(Listener listener) {
    return Endpoint.parse(listener.endpoint().toString().replace("-listen", ""));
  }

  private Conversation relayed(String before, String behind) throws IOException {
    Listener listener = keep(listen(behind));
    Relay relay =
        keep(
            penstock
                .relays()
                .create(
                    Endpoint.parse(before),
                    peerOf(listener),
                    RelayOptions.defaults().withFork(true).withObserver(observer)));
    relay.start();
    Endpoint from = peerOf(relay.listeners().get(0));
    return () -> {
      // Before anything can fail: a wait for more may fail right after the last byte is there.
      long told = toldOf.get();
      try (Channel near = penstock.channels().open(from, DEFAULTS, SOON);
          Channel far = accepted(listener, near)) {
        // So many that the relay looks for a way without copies.
        for (int i = 0; i < 45; i++) {
          near.sink().writeFully(ByteBuffer.wrap(BYTES), SOON);
          ByteBuffer there = ByteBuffer.allocate(BYTES.length);
          far.source().readFully(there, SOON);
          assertEquals(ByteBuffer.wrap(BYTES), there.flip(), "bytes");
        }
        try {
          exchange(near, far);
        } catch (AssertionError e) {
          // A Unix socket has no reset where nothing is unread: then the observer has the failure.
          Peers.eventually("the relay tells of its failure", () -> toldOf.get() > told);
        }
      }
    };
  }

  private Conversation conversation(Kind kind) throws IOException {
    return switch (kind) {
      case ABSTRACT -> {
        Listener listener = keep(listen("unix-listen:@faulty-" + System.nanoTime()));
        Endpoint there = Endpoint.parse("unix:" + listener.endpoint().address());
        yield () -> {
          try (Channel near = penstock.channels().open(there, DEFAULTS, SOON);
              Channel far = accepted(listener, near)) {
            exchange(near, far);
          }
        };
      }
      case RELAY ->
          relayed(
              "unix-listen:" + folder.resolve("before"), "unix-listen:" + folder.resolve("behind"));
      case RELAY_TCP -> relayed("tcp-listen://127.0.0.1:0", "tcp-listen://127.0.0.1:0");
      case FIFO ->
          () -> {
            Path path = folder.resolve("fifo" + numbers++);
            Endpoint reading = Endpoint.parse("fifo:" + path + "?mode=read&create=0600");
            Endpoint writing = Endpoint.parse("fifo:" + path + "?mode=write");
            try (Channel in = penstock.channels().connect(reading, DEFAULTS)) {
              Peers.eventually("made or failed", () -> Files.exists(path) || !in.isOpen());
              try (Channel out = penstock.channels().connect(writing, DEFAULTS)) {
                oneWay(out, in);
              }
            } finally {
              Files.deleteIfExists(path);
            }
          };
      case PIPE ->
          () -> {
            HandlePair pipe = penstock.channels().handles().pipe();
            try (Handle source = pipe.source();
                Handle sink = pipe.sink();
                Channel in = source.channel(DEFAULTS);
                Channel out = sink.channel(DEFAULTS)) {
              oneWay(out, in);
            }
          };
      case HANDLES -> {
        Path path = folder.resolve("handles");
        Listener listener = keep(listen("unix-listen:" + path + "?handles=true"));
        Listener server = keep(listen("tcp-listen://127.0.0.1:0"));
        Endpoint carrier = Endpoint.parse("unix:" + path + "?handles=true");
        Endpoint there = Endpoint.parse(server.endpoint().toString().replace("-listen", ""));
        yield () -> {
          try (Channel near = penstock.channels().open(carrier, DEFAULTS, SOON);
              Channel far = accepted(listener, near);
              Channel client = penstock.channels().open(there, DEFAULTS, SOON);
              Channel served = accepted(server, client);
              Handle given = client.facet(DescriptorFacet.class).orElseThrow().release()) {
            HandleFacet facet = near.facet(HandleFacet.class).orElseThrow();
            facet.send(ByteBuffer.wrap(new byte[] {1}), SOON, given);
            assertEquals(1, far.source().read(ByteBuffer.allocate(10), SOON));
            try (Handle taken =
                    far.facet(HandleFacet.class)
                        .orElseThrow()
                        .take()
                        .orElseThrow(() -> new IOException("no handle came"));
                Channel adopted = taken.channel(DEFAULTS)) {
              exchange(adopted, served);
            }
          }
        };
      }
      case PTY ->
          () -> {
            Endpoint shell = Endpoint.parse("shell:stty raw -echo; echo READY; exec cat");
            ChannelOptions options = DEFAULTS.with("pty", "true");
            try (Channel child = penstock.channels().open(shell, options, SOON)) {
              ByteBuffer greeting = ByteBuffer.allocate("READY\n".length());
              child.source().readFully(greeting, SOON);
              child.sink().writeFully(ByteBuffer.wrap(BYTES, 0, 3000), SOON);
              ByteBuffer back = ByteBuffer.allocate(3000);
              child.source().readFully(back, SOON);
              assertEquals(ByteBuffer.wrap(BYTES, 0, 3000), back.flip(), "what comes back");
            }
          };
    };
  }

  /** The peer of a channel, or an exception where it was cut, which the log tells of. */
  private static Channel accepted(Listener listener, Channel near) throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
    do {
      try {
        return listener.accept(Wait.upTo(Duration.ofMillis(100)));
      } catch (StreamTimeoutException e) {
        // Nobody has written to it yet: what can be read is the cut.
        if (isCut(near)) {
          throw new IOException("the peer was not accepted", e);
        }
      }
    } while (System.nanoTime() < end);
    throw new IOException("the peer was not accepted");
  }

  private static boolean isCut(Channel channel) {
    try {
      return channel.source().read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofMillis(1))) < 0;
    } catch (StreamTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  private Listener listen(String endpoint) throws IOException {
    return penstock.channels().listen(Endpoint.parse(endpoint), DEFAULTS);
  }

  private <T extends AutoCloseable> T keep(T opened) {
    kept.add(opened);
    return opened;
  }

  private void exchange(Channel near, Channel far) throws Exception {
    CompletableFuture<ByteBuffer> there = reading(far, near);
    CompletableFuture<ByteBuffer> here = reading(near, far);
    CompletableFuture<Void> up = writing(near, far);
    CompletableFuture<Void> down = writing(far, near);
    check(List.of(up, down), List.of(there, here));
  }

  private void oneWay(Channel out, Channel in) throws Exception {
    CompletableFuture<ByteBuffer> there = reading(in, out);
    check(List.of(writing(out, in)), List.of(there));
  }

  private static CompletableFuture<ByteBuffer> reading(Channel channel, Channel peer) {
    return later(() -> channel.source().readAll(1 << 20, SOON), channel, peer);
  }

  private static CompletableFuture<Void> writing(Channel channel, Channel peer) {
    return later(
        () -> {
          channel.sink().writeFully(ByteBuffer.wrap(BYTES), SOON);
          channel.sink().end();
          return null;
        },
        channel,
        peer);
  }

  /** A side that fails ends the conversation, unless it fails by waiting for too long. */
  private static <T> CompletableFuture<T> later(Callable<T> task, Channel channel, Channel peer) {
    CompletableFuture<T> done = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                done.complete(task.call());
              } catch (Exception | Error e) {
                done.completeExceptionally(e);
                channel.abort(e);
                peer.abort(e);
              }
            },
            "faulty-conversation");
    thread.setDaemon(true);
    thread.start();
    return done;
  }

  /** The first failure is thrown; without one every byte must be there. */
  private static void check(
      List<CompletableFuture<Void>> writers, List<CompletableFuture<ByteBuffer>> readers)
      throws Exception {
    List<CompletableFuture<?>> all = new ArrayList<>(readers);
    all.addAll(writers);
    IOException failure = null;
    for (CompletableFuture<?> one : all) {
      try {
        one.get(15, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof StreamTimeoutException late) {
          throw late;
        }
        failure = e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
      }
    }
    for (CompletableFuture<ByteBuffer> reader : readers) {
      if (!reader.isCompletedExceptionally()) {
        ByteBuffer got = reader.get();
        int common = Math.min(got.remaining(), BYTES.length);
        if (failure == null) {
          assertEquals(BYTES.length, got.remaining(), "all of it, or an exception");
        }
        assertEquals(ByteBuffer.wrap(BYTES, 0, common), got.slice(got.position(), common), "bytes");
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
