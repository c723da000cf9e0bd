// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.WouldBlockException;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.FrameSource;
import io.penstock.stream.Framer;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every framing under random chunking, against a reference that knows the frames because it made
 * them, and encodes them in the plainest way.
 */
class FramesModelTest {
  private static final int MAX = 40;
  private static final int ROUNDS = 40;
  private static final byte[] MARK = {'a', 'b', 'a'};

  /** A framing, and how it is written down by hand. */
  enum Kind {
    LINES(Framing.lines(MAX)),
    BARE_LINES(Framing.lines(MAX).withoutDelimiter()),
    MARKED(Framing.delimited(ByteSequence.of(MARK), MAX)),
    BARE_MARKED(Framing.delimited(ByteSequence.of(MARK), MAX).withoutDelimiter()),
    FIXED(Framing.fixed(7)),
    ONE(Framing.lengthPrefixed(1, MAX)),
    TWO(Framing.lengthPrefixed(2, MAX)),
    TWO_LITTLE(Framing.lengthPrefixed(2, ByteOrder.LITTLE_ENDIAN, MAX)),
    FOUR(Framing.lengthPrefixed(4, MAX)),
    FOUR_LITTLE(Framing.lengthPrefixed(4, ByteOrder.LITTLE_ENDIAN, MAX)),
    EIGHT(Framing.lengthPrefixed(8, MAX)),
    EIGHT_LITTLE(Framing.lengthPrefixed(8, ByteOrder.LITTLE_ENDIAN, MAX)),
    VARINT(Framing.varintPrefixed(MAX)),
    LONG_VARINT(Framing.varintPrefixed(300)),
    OWN(Framing.custom(MAX + 1, Own::new, Own::encode));

    private final Framing framing;

    Kind(Framing framing) {
      this.framing = framing;
    }

    private boolean skips() {
      return this != FIXED && this != OWN;
    }

    private int most() {
      return this == LONG_VARINT ? 300 : MAX;
    }

    /** A frame as it is delivered; one that is too long if that is wanted. */
    private byte[] frame(Random random, boolean tooLong) {
      byte[] end = end();
      int body = tooLong ? most() + 1 + random.nextInt(3 * MAX) : random.nextInt(most() + 1);
      if (this == FIXED) {
        body = 7;
      } else if (end.length > 0 && !tooLong) {
        body = Math.max(0, body - end.length);
      }
      byte[] bytes = new byte[body];
      for (int i = 0; i < body; i++) {
        // So few values that beginnings of delimiters are common; no body has a whole one.
        bytes[i] =
            (byte) (end.length == 1 ? 'a' + random.nextInt(3) : "bbc".charAt(random.nextInt(3)));
      }
      return kept() ? join(bytes, end) : bytes;
    }

    private boolean kept() {
      return this == LINES || this == MARKED;
    }

    private byte[] end() {
      return switch (this) {
        case LINES, BARE_LINES -> new byte[] {'\n'};
        case MARKED, BARE_MARKED -> MARK;
        default -> new byte[0];
      };
    }

    /** How it goes on the wire. */
    private byte[] wire(byte[] frame) {
      return switch (this) {
        case LINES, MARKED, FIXED -> frame;
        case BARE_LINES, BARE_MARKED -> join(frame, end());
        case ONE -> join(number(frame.length, 1, false), frame);
        case TWO -> join(number(frame.length, 2, false), frame);
        case TWO_LITTLE -> join(number(frame.length, 2, true), frame);
        case FOUR -> join(number(frame.length, 4, false), frame);
        case FOUR_LITTLE -> join(number(frame.length, 4, true), frame);
        case EIGHT -> join(number(frame.length, 8, false), frame);
        case EIGHT_LITTLE -> join(number(frame.length, 8, true), frame);
        case VARINT, LONG_VARINT ->
            join(
                frame.length < 128
                    ? new byte[] {(byte) frame.length}
                    : new byte[] {(byte) (frame.length % 128 + 128), (byte) (frame.length / 128)},
                frame);
        case OWN -> join(new byte[] {(byte) ('0' + frame.length)}, frame);
      };
    }
  }

  /** A digit that is not always a digit, and so many bytes. */
  private static final class Own implements Framer {
    @Override
    public int frame(ByteBuffer bytes) {
      int size = 1 + bytes.get(bytes.position()) - '0';
      return bytes.remaining() < size ? 0 : size;
    }

    @Override
    public void strip(ByteBuffer frame) {
      frame.get();
    }

    static ByteBuffer encode(ByteBuffer payload) {
      return ByteBuffer.allocate(payload.remaining() + 1)
          .put((byte) ('0' + payload.remaining()))
          .put(payload)
          .flip();
    }
  }

  private static byte[] join(byte[] one, byte[] two) {
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(one);
    both.writeBytes(two);
    return both.toByteArray();
  }

  private static byte[] number(int value, int size, boolean little) {
    byte[] bytes = new byte[size];
    byte[] plain = BigInteger.valueOf(value).toByteArray();
    for (int i = 0; i < plain.length && i < size; i++) {
      byte digit = plain[plain.length - 1 - i];
      bytes[little ? i : size - 1 - i] = digit;
    }
    return bytes;
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.ISO_8859_1.decode(bytes).toString();
  }

  /** One stream: what goes in, in pieces, and what must come out. */
  private static final class Traffic {
    final List<String> frames = new ArrayList<>();
    final List<byte[]> pieces = new ArrayList<>();
    final Framing framing;
    int skipped;

    Traffic(Kind kind, Random random, boolean skipping) {
      framing = skipping ? kind.framing.skippingTooLong() : kind.framing;
      ByteArrayOutputStream wire = new ByteArrayOutputStream();
      int count = random.nextInt(20);
      for (int i = 0; i < count; i++) {
        boolean tooLong = skipping && random.nextInt(4) == 0;
        byte[] frame = kind.frame(random, tooLong);
        byte[] written = kind.wire(frame);
        wire.writeBytes(written);
        if (tooLong) {
          skipped++;
          continue;
        }
        frames.add(new String(frame, StandardCharsets.ISO_8859_1));
        ByteBuffer encoded = framing.encode(ByteBuffer.wrap(frame));
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        assertArrayEquals(
            written, bytes, () -> framing + " encodes " + text(ByteBuffer.wrap(frame)));
      }
      byte[] all = wire.toByteArray();
      for (int at = 0; at < all.length; ) {
        int n = Math.min(all.length - at, 1 + random.nextInt(random.nextBoolean() ? 4 : 200));
        pieces.add(Arrays.copyOfRange(all, at, at + n));
        at += n;
      }
    }
  }

  /** Runs a case with many seeds, and names the one that fails. */
  private static void seeds(Kind kind, Case body) {
    long first = Long.getLong("penstock.proof.seed", 1_000);
    try (Penstock penstock = Penstock.open()) {
      for (long seed = first; seed < first + ROUNDS; seed++) {
        Random random = new Random(seed);
        Traffic traffic = new Traffic(kind, random, kind.skips() && random.nextBoolean());
        try (Pipe pipe =
            penstock.pipes().create(PipeOptions.defaults().withCapacity(1 + random.nextInt(100)))) {
          body.run(penstock, pipe, traffic, random);
        } catch (Exception | AssertionError e) {
          throw new AssertionError(traffic.framing + ", seed " + seed, e);
        }
      }
    }
  }

  private interface Case {
    void run(Penstock penstock, Pipe pipe, Traffic traffic, Random random) throws Exception;
  }

  /** Writes as much of the pieces as there is room for; ends the stream after the last. */
  private static boolean feed(Pipe pipe, List<ByteBuffer> left) throws IOException {
    boolean moved = false;
    if (!left.isEmpty()) {
      moved = pipe.sink().write(left.get(0), Wait.none()) > 0;
      if (!left.get(0).hasRemaining()) {
        left.remove(0);
        if (left.isEmpty()) {
          pipe.sink().end();
        }
      }
    }
    return moved;
  }

  private static List<ByteBuffer> pieces(Traffic traffic, Pipe pipe) throws IOException {
    List<ByteBuffer> left = new ArrayList<>();
    traffic.pieces.forEach(piece -> left.add(ByteBuffer.wrap(piece)));
    if (left.isEmpty()) {
      pipe.sink().end();
    }
    return left;
  }

  @ParameterizedTest
  @EnumSource
  void nextTakesFrameByFrame(Kind kind) {
    seeds(
        kind,
        (penstock, pipe, traffic, random) -> {
          List<ByteBuffer> left = pieces(traffic, pipe);
          FrameSource frames = pipe.source().frames(traffic.framing);
          List<String> got = new ArrayList<>();
          while (true) {
            boolean moved = feed(pipe, left);
            try {
              ByteBuffer frame = frames.next(Wait.none());
              if (frame == null) {
                break;
              }
              got.add(text(frame));
            } catch (WouldBlockException nothingYet) {
              assertTrue(moved || !left.isEmpty(), "there is nothing more to come");
            }
          }
          assertEquals(traffic.frames, got);
          assertEquals(traffic.skipped, frames.skipped());
        });
  }

  @ParameterizedTest
  @EnumSource
  void aStreamWaitsForEachFrame(Kind kind) {
    seeds(
        kind,
        (penstock, pipe, traffic, random) -> {
          CompletableFuture<Void> writer =
              CompletableFuture.runAsync(() -> writeAll(pipe, traffic));
          FrameSource frames =
              pipe.source().frames(traffic.framing.withFrameTimeout(Duration.ofMinutes(1)));
          assertEquals(traffic.frames, frames.stream().map(FramesModelTest::text).toList());
          assertEquals(traffic.skipped, frames.skipped());
          writer.get(20, TimeUnit.SECONDS);
        });
  }

  @ParameterizedTest
  @EnumSource
  void aPublisherDeliversEachFrame(Kind kind) {
    seeds(
        kind,
        (penstock, pipe, traffic, random) -> {
          Asking asking = new Asking();
          FrameSource frames = pipe.source().frames(traffic.framing);
          frames.publisher().subscribe(asking);
          writeAll(pipe, traffic);
          assertEquals(traffic.frames, asking.done.get(20, TimeUnit.SECONDS));
          assertEquals(traffic.skipped, frames.skipped());
        });
  }

  @ParameterizedTest
  @EnumSource
  void whatASinkOfFramesWritesAPollerCuts(Kind kind) {
    seeds(
        kind,
        (penstock, pipe, traffic, random) -> {
          List<String> got = new ArrayList<>();
          try (Poller poller = penstock.poller()) {
            Registration registration = poller.register(pipe.source(), traffic.framing);
            boolean[] ended = new boolean[1];
            ChannelHandler handler =
                new ChannelHandler() {
                  @Override
                  public void data(Registration from, ByteBuffer frame) {
                    got.add(text(frame));
                  }

                  @Override
                  public void ended(Registration from) {
                    ended[0] = true;
                  }

                  @Override
                  public void failed(Registration from, Throwable cause) {
                    throw new AssertionError(cause);
                  }
                };
            List<ByteBuffer> left = pieces(traffic, pipe);
            while (!ended[0]) {
              boolean unused = feed(pipe, left);
              int events = poller.poll(Wait.none(), handler);
              assertTrue(events >= 0);
            }
            assertEquals(traffic.skipped, registration.skipped());
          }
          assertEquals(traffic.frames, got);
        });
  }

  private static void writeAll(Pipe pipe, Traffic traffic) {
    try {
      for (byte[] piece : traffic.pieces) {
        pipe.sink().writeFully(ByteBuffer.wrap(piece), Wait.millis(20_000));
      }
      pipe.sink().end();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Asks for one frame after the other. */
  private static final class Asking implements Flow.Subscriber<ByteBuffer> {
    private final List<String> got = new ArrayList<>();
    private final CompletableFuture<List<String>> done = new CompletableFuture<>();
    private Flow.Subscription subscription;

    @Override
    public void onSubscribe(Flow.Subscription to) {
      subscription = to;
      to.request(1);
    }

    @Override
    public void onNext(ByteBuffer frame) {
      got.add(text(frame));
      subscription.request(1);
    }

    @Override
    public void onError(Throwable cause) {
      done.completeExceptionally(cause);
    }

    @Override
    public void onComplete() {
      done.complete(got);
    }
  }
}
