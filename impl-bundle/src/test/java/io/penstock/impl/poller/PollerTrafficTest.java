// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.pipe.Pipe;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Everything at once: each stream's bytes arrive complete and in order. */
class PollerTrafficTest {
  private static final int PIPES = 200;
  private static final int SOCKETS = 40;
  private static final int WRITERS = 3;

  /** A stream whose bytes can be foretold from its number and their place. */
  private static final class Stream {
    final int number;
    final ByteSource source;
    final ByteSink sink;
    final int total;
    int sent;
    int received;
    boolean ended;

    Stream(int number, ByteSource source, ByteSink sink, int total) {
      this.number = number;
      this.source = source;
      this.sink = sink;
      this.total = total;
    }

    static byte at(int number, int place) {
      return (byte) (number * 31 + place * 7 + (place >> 8));
    }

    /** Writes a piece. Returns whether that was the last. */
    boolean send(Random random) throws IOException {
      int n = Math.min(total - sent, random.nextInt(random.nextInt(8) == 0 ? 100_000 : 3_000));
      ByteBuffer piece = ByteBuffer.allocate(n);
      for (int i = 0; i < n; i++) {
        piece.put(at(number, sent + i));
      }
      sink.writeFully(piece.flip(), Bench.SOON);
      sent += n;
      if (sent == total) {
        sink.end();
      }
      return sent == total;
    }

    void receive(ByteBuffer frame) {
      while (frame.hasRemaining()) {
        byte b = frame.get();
        if (b != at(number, received)) {
          throw new AssertionError("stream " + number + " differs at byte " + received);
        }
        received++;
      }
    }
  }

  private static Stream stream(Registration registration) {
    return (Stream) Objects.requireNonNull(registration.attachment());
  }

  @ParameterizedTest
  @ValueSource(longs = {20261, 20262})
  void manyPipesAndSocketsAtOnce(long seed) throws Exception {
    Random random = new Random(seed);
    try (Bench bench = new Bench();
        SelectorPoller poller = bench.poller();
        Listener listener = bench.listen()) {
      List<Stream> streams = new ArrayList<>();
      for (int i = 0; i < PIPES; i++) {
        Pipe pipe = bench.pipe("pipe " + i, 1 + random.nextInt(50_000));
        streams.add(new Stream(i, pipe.source(), pipe.sink(), 1 + random.nextInt(200_000)));
      }
      for (int i = 0; i < SOCKETS; i++) {
        Channel client = bench.connect(listener);
        Channel server = listener.accept(Bench.SOON);
        int total = 1 + random.nextInt(1_000_000);
        streams.add(new Stream(PIPES + i, server.source(), client.sink(), total));
      }
      List<Registration> registrations = new ArrayList<>();
      for (Stream stream : streams) {
        registrations.add(poller.register(stream.source, Framing.bytes()).attach(stream));
      }

      List<CompletableFuture<Boolean>> others = new ArrayList<>();
      for (int w = 0; w < WRITERS; w++) {
        List<Stream> mine = new ArrayList<>();
        for (int i = w; i < streams.size(); i += WRITERS) {
          mine.add(streams.get(i));
        }
        Random own = new Random(random.nextLong());
        others.add(
            Bench.start(
                () -> {
                  while (!mine.isEmpty()) {
                    int next = own.nextInt(mine.size());
                    if (mine.get(next).send(own)) {
                      mine.remove(next);
                    }
                  }
                  return true;
                }));
      }
      AtomicBoolean done = new AtomicBoolean();
      Random own = new Random(random.nextLong());
      CompletableFuture<Boolean> nuisance =
          Bench.start(
              () -> {
                while (!done.get()) {
                  Registration one = registrations.get(own.nextInt(registrations.size()));
                  one.pause();
                  poller.wakeup();
                  Thread.yield();
                  one.resume();
                }
                return true;
              });

      int[] ends = new int[1];
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void data(Registration registration, ByteBuffer frame) {
              stream(registration).receive(frame);
            }

            @Override
            public void ended(Registration registration) {
              Stream stream = stream(registration);
              assertEquals(stream.total, stream.received, "stream " + stream.number);
              assertTrue(!stream.ended, "ended twice");
              stream.ended = true;
              ends[0]++;
            }

            @Override
            public void failed(Registration registration, Throwable cause) {
              throw new AssertionError("seed " + seed + ": " + registration, cause);
            }
          };
      while (ends[0] < streams.size()) {
        poller.poll(Bench.SOON, handler);
      }
      done.set(true);
      Bench.get(nuisance);
      for (CompletableFuture<Boolean> other : others) {
        Bench.get(other);
      }
      assertEquals(0, poller.size());
    }
  }

  @Test
  void noByteIsLostWhenSomebodyElseTakesTheSourceOver() throws Exception {
    Random random = new Random(20263);
    try (Bench bench = new Bench();
        SelectorPoller poller = new SelectorPoller(bench.engine, 7)) {
      Pipe pipe = bench.pipe("handed around", 10_000);
      Stream stream = new Stream(1, pipe.source(), pipe.sink(), 3_000_000);
      CompletableFuture<Boolean> writer =
          Bench.start(
              () -> {
                while (!stream.send(random)) {
                  // Until everything was sent.
                }
                return true;
              });
      AtomicBoolean done = new AtomicBoolean();
      AtomicInteger polls = new AtomicInteger();
      CompletableFuture<Boolean> polling =
          Bench.start(
              () -> {
                while (!done.get()) {
                  poller.poll(
                      Wait.forever(),
                      new ChannelHandler() {
                        @Override
                        public void data(Registration registration, ByteBuffer frame) {
                          stream.receive(frame);
                        }
                      });
                  polls.incrementAndGet();
                }
                return true;
              });
      ByteBuffer piece = ByteBuffer.allocate(500);
      boolean ended = false;
      while (!ended) {
        Registration registration = poller.register(pipe.source(), Framing.fixed(13));
        for (int i = random.nextInt(2000); i > 0; i--) {
          Thread.onSpinWait();
        }
        registration.close();
        // Nobody else reads now, but the last event may still be under way: its bytes come first.
        int before = polls.get();
        while (polls.get() == before) {
          poller.wakeup();
          Thread.onSpinWait();
        }
        int n = pipe.source().read(piece.clear(), Bench.SOON);
        ended = n < 0;
        if (!ended) {
          stream.receive(piece.flip());
        }
      }
      done.set(true);
      poller.wakeup();
      Bench.get(writer);
      Bench.get(polling);
      assertEquals(stream.total, stream.received);
    }
  }
}
