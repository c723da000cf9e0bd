// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.error.EndOfStreamException;
import io.penstock.error.FrameTooLongException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.FrameSink;
import io.penstock.stream.FrameSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** An end as a stream of frames. */
abstract class FrameCases extends FlowCases {
  private static final Wait IN_TIME = Wait.upTo(LONG);

  private static List<Framing> framings(int max) {
    return List.of(
        Framing.lines(max),
        Framing.lengthPrefixed(4, ByteOrder.LITTLE_ENDIAN, max),
        Framing.varintPrefixed(max));
  }

  @Case
  void framesComeAsTheyWereWritten() throws Exception {
    Random random = new Random(17);
    for (Framing framing : framings(5000)) {
      List<ByteBuffer> frames = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        byte[] frame = new byte[1 + random.nextInt(i % 5 == 0 ? 4000 : 30)];
        for (int j = 0; j < frame.length - 1; j++) {
          frame[j] = (byte) ('a' + random.nextInt(26));
        }
        frame[frame.length - 1] = '\n';
        frames.add(ByteBuffer.wrap(frame));
      }
      FrameSink out = sink().frames(framing);
      Task<Void> writer =
          asyncRun(
              () -> {
                for (ByteBuffer frame : frames) {
                  out.write(frame, IN_TIME);
                }
              });
      FrameSource in = source().frames(framing);
      for (ByteBuffer frame : frames) {
        assertEquals(frame, in.next(IN_TIME), framing::toString);
      }
      writer.get();
    }
  }

  @Case
  void framesLeaveWhatFollowsOnTheSource() throws Exception {
    FrameSource lines = source().frames(Framing.lines(8));
    send("a\nbc");
    assertEquals(bytes("a\n"), lines.next(IN_TIME));
    assertThrows(WouldBlockException.class, () -> lines.next(NONE));
    assertEquals("b", receive(1));
    send("\n0123456789\nd");
    sink().end();
    assertEquals(bytes("c\n"), lines.next(IN_TIME));
    assertThrows(FrameTooLongException.class, () -> lines.next(IN_TIME));
    FrameSource skipping = source().frames(Framing.lines(8).skippingTooLong());
    assertEquals(bytes("d"), skipping.next(IN_TIME));
    assertEquals(1, skipping.skipped());
    assertNull(skipping.next(IN_TIME));
  }

  @Case
  void framesThatMustBeWholeFailAtTheEnd() throws IOException {
    send("abcde");
    sink().end();
    FrameSource frames = source().frames(Framing.fixed(3));
    assertEquals(bytes("abc"), frames.next(IN_TIME));
    EndOfStreamException e = assertThrows(EndOfStreamException.class, () -> frames.next(IN_TIME));
    assertEquals(2, e.count());
    assertEquals("de", receive(2));
    assertNull(frames.next(IN_TIME));
  }
}
