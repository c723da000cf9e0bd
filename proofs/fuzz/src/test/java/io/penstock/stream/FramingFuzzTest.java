// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.error.EndOfStreamException;
import io.penstock.error.FrameTooLongException;
import io.penstock.error.WouldBlockException;
import io.penstock.fuzz.Fuzz;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Every framing, through a pipe and a poller, in pieces of any size, against a plain reference. The
 * first five bytes say which framing, its maximum, its delimiter, the pipe's size and the pieces.
 */
class FramingFuzzTest {
  private static final Penstock PENSTOCK = Penstock.open();
  private static final int HEAD = 5;
  private static final int LONGEST = 512;

  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    if (data.length < HEAD) {
      return;
    }
    Case wanted =
        new Case(
            data[0] & 3, 1 + (data[1] & 63), data[2], Arrays.copyOfRange(data, HEAD, end(data)));
    List<String> frames = new ArrayList<>();
    String outcome = wanted.reference(frames);
    List<String> found = new ArrayList<>();
    Fuzz.same(outcome, wanted.run(1 + (data[3] & 127), data[4], found), "outcome");
    Fuzz.same(frames, found, "frames");
  }

  private static int end(byte[] data) {
    return Math.min(data.length, HEAD + LONGEST);
  }

  /** One stream and how it is cut. */
  private record Case(int kind, int max, int shape, byte[] bytes) {
    private static final int LINES = 0;
    private static final int DELIMITED = 1;
    private static final int PREFIXED = 2;

    private byte[] delimiter() {
      byte[] all = {'a', 'b', 'a'};
      return kind == LINES ? new byte[] {'\n'} : Arrays.copyOf(all, 1 + (shape & 127) % 3);
    }

    private int prefix() {
      return 1 << (shape & 127) % 3;
    }

    private int most() {
      return kind == DELIMITED ? Math.max(max, delimiter().length) : max;
    }

    private Framing framing() {
      return switch (kind) {
        case LINES -> Framing.lines(max);
        case DELIMITED -> Framing.delimited(ByteSequence.of(delimiter()), most());
        case PREFIXED -> Framing.lengthPrefixed(prefix(), max);
        default -> Framing.fixed(max);
      };
    }

    /** As the documentation has it, in the simplest way. */
    String reference(List<String> frames) {
      int at = 0;
      while (at < bytes.length) {
        int head = kind == PREFIXED ? prefix() : 0;
        long length;
        if (kind == PREFIXED) {
          if (bytes.length - at < head) {
            return EndOfStreamException.class.getSimpleName();
          }
          length = 0;
          for (int i = 0; i < head; i++) {
            length = length << 8 | bytes[at + i] & 255;
          }
          if (length > max) {
            return FrameTooLongException.class.getSimpleName();
          }
        } else if (kind == LINES || kind == DELIMITED) {
          int found = indexOf(at);
          length = found < 0 ? bytes.length - at : found - at;
          if (found < 0 ? length >= most() : length > most()) {
            return FrameTooLongException.class.getSimpleName();
          }
        } else {
          length = max;
        }
        if (bytes.length - at - head < length) {
          return EndOfStreamException.class.getSimpleName();
        }
        at += head;
        frames.add(Arrays.toString(Arrays.copyOfRange(bytes, at, at + (int) length)));
        at += (int) length;
      }
      return "ended";
    }

    private int indexOf(int from) {
      byte[] delimiter = delimiter();
      for (int end = from + delimiter.length; end <= bytes.length; end++) {
        if (Arrays.equals(bytes, end - delimiter.length, end, delimiter, 0, delimiter.length)) {
          return end;
        }
      }
      return -1;
    }

    String run(int capacity, byte pieces, List<String> frames) {
      Gathering handler = new Gathering(frames);
      try (Pipe pipe = PENSTOCK.pipes().create(PipeOptions.defaults().withCapacity(capacity));
          Poller poller = PENSTOCK.poller()) {
        poller.register(pipe.source(), framing());
        int at = 0;
        int piece = 1;
        boolean ended = false;
        // Each round moves something, or is one of the few that only look.
        for (int round = 0; handler.outcome == null; round++) {
          Fuzz.holds(round < 10 * (bytes.length + 10), "nothing happens any more");
          if (at < bytes.length) {
            piece = 1 + (piece * 31 + pieces & 127) % 40;
            int length = Math.min(bytes.length - at, piece);
            try {
              at += pipe.sink().write(ByteBuffer.wrap(bytes, at, length), Wait.none());
            } catch (WouldBlockException e) {
              Fuzz.holds(e.getMessage() != null, "no message");
            }
          } else if (!ended) {
            pipe.sink().end();
            ended = true;
          }
          int unused = poller.poll(Wait.none(), handler);
        }
        return handler.outcome;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static final class Gathering implements ChannelHandler {
    private final List<String> frames;
    private String outcome;

    Gathering(List<String> frames) {
      this.frames = frames;
    }

    @Override
    public void data(Registration registration, ByteBuffer frame) {
      byte[] bytes = new byte[frame.remaining()];
      frame.get(bytes);
      frames.add(Arrays.toString(bytes));
    }

    @Override
    public void ended(Registration registration) {
      outcome = "ended";
    }

    @Override
    public void failed(Registration registration, Throwable cause) {
      outcome = cause.getClass().getSimpleName();
    }
  }
}
