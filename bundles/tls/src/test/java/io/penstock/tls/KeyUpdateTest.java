// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * A peer that changes its keys must get an answer, though no caller here reads or writes. The
 * channel below has no selector that would notice that the answer waits.
 */
class KeyUpdateTest {
  private static final int SOON = 5;

  private final ChannelPair pair = Bench.CHANNELS.pair(ChannelOptions.defaults());

  private Channel serve() throws IOException {
    return Bench.CHANNELS.over(pair.right(), Bench.listening(), ChannelOptions.defaults());
  }

  private static void assertAnswers(Channel server, RawPeer peer) throws Exception {
    CompletableFuture<Boolean> answer =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return peer.unwrap();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    assertTrue(answer.get(SOON, TimeUnit.SECONDS));
    server.sink().flush(Wait.upTo(Duration.ofSeconds(SOON)));
  }

  @Test
  void isAnsweredWhileACallerWaitsForBytes() throws Exception {
    try (Channel server = serve();
        RawPeer peer = new RawPeer(pair.left().source(), pair.left().sink(), "TLSv1.3")) {
      server.connected().toCompletableFuture().get(20, TimeUnit.SECONDS);
      server.sink().writeFully("x", Bench.SOON);
      assertEquals(1, peer.read(new byte[1]));
      CompletableFuture<Void> readable = new CompletableFuture<>();
      Thread waiter =
          new Thread(
              () -> {
                try {
                  server.source().awaitReadable(Bench.SOON);
                  readable.complete(null);
                } catch (IOException e) {
                  readable.completeExceptionally(e);
                }
              });
      waiter.start();
      Bench.eventually("it waits", () -> waiter.getState() == Thread.State.TIMED_WAITING);
      peer.send(peer.keyUpdate());
      assertAnswers(server, peer);
      peer.send(peer.record(new byte[] {1}));
      readable.get(20, TimeUnit.SECONDS);
    }
  }

  /** Sends the first record, and keeps the others. */
  private static final class Keeping implements WritableByteChannel {
    private final ByteSink sink;
    private final ByteBuffer kept = ByteBuffer.allocate(64 * 1024);
    private boolean begun;

    Keeping(ByteSink sink) {
      this.sink = sink;
    }

    @Override
    public int write(ByteBuffer src) throws IOException {
      int n = src.remaining();
      if (begun) {
        kept.put(src);
      } else {
        begun = true;
        sink.writeFully(src, Bench.SOON);
      }
      return n;
    }

    void sendRest() throws IOException {
      sink.writeFully(kept.flip(), Bench.SOON);
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() throws IOException {
      sink.close();
    }
  }

  @Test
  void isAnsweredThatCameWithTheEndOfTheHandshake() throws Exception {
    Keeping wire = new Keeping(pair.left().sink());
    try (Channel server = serve();
        RawPeer peer = new RawPeer(pair.left().source(), wire, "TLSv1.3")) {
      peer.send(peer.keyUpdate());
      wire.sendRest();
      server.connected().toCompletableFuture().get(20, TimeUnit.SECONDS);
      // In one read: after it the channel below tells of room.
      ByteBuffer got = ByteBuffer.allocate(64 * 1024);
      assertTrue(pair.left().source().read(got, Bench.SOON) > 0);
      assertEquals(2, records(got.flip()), "a ticket and the answer");
    }
  }

  private static int records(ByteBuffer got) {
    int count = 0;
    while (got.hasRemaining()) {
      int length = got.getShort(got.position() + 3);
      got.position(got.position() + 5 + length);
      count++;
    }
    return count;
  }
}
