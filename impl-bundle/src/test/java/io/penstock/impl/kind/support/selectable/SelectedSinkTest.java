// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.process.ProcessProvider;
import io.penstock.impl.posix.PosixAccess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A sink that takes less than it is asked to, such as that of a file on a disk that is full. */
class SelectedSinkTest {
  private final Peers peers = new Peers(new ProcessProvider(new PosixAccess("none")));
  private Pipe full;

  @BeforeEach
  void fill() throws IOException {
    full = Pipe.open();
    full.source().configureBlocking(false);
    full.sink().configureBlocking(false);
    ByteBuffer zeros = ByteBuffer.allocate(64 * 1024);
    while (full.sink().write(zeros.clear()) > 0) {
      // Until no selector finds room.
    }
  }

  @AfterEach
  void close() throws IOException {
    peers.close();
    full.sink().close();
    full.source().close();
  }

  private SelectedSink sink(boolean selectable) {
    return new SelectedSink(peers.context("short"), full.sink(), "it is broken", selectable) {
      @Override
      protected int move(ByteBuffer src) {
        int n = src.remaining() - 1;
        src.position(src.position() + n);
        return n;
      }

      @Override
      public void end() {
        throw new AssertionError("not in this test");
      }

      @Override
      public void close() {
        // The test closes the pipe.
      }
    };
  }

  @Test
  void whatCanBeSelectedHasNoRoomAfterAShortWrite() throws IOException {
    SelectedSink sink = sink(true);
    assertTrue(sink.ready());
    assertEquals(9, sink.write(ByteBuffer.allocate(10)));
    assertFalse(sink.ready());
  }

  @Test
  void aFileIsReadyAlsoAfterAShortWrite() throws IOException {
    SelectedSink sink = sink(false);
    assertEquals(9, sink.write(ByteBuffer.allocate(10)));
    assertTrue(sink.ready(), "nothing would ever tell that there is room again");
  }
}
