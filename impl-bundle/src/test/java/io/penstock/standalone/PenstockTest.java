// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.error.StreamClosedException;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class PenstockTest {
  @Test
  void nameIsTakenUntilItsPipeIsClosed() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      Pipe first = penstock.pipe("lines", PipeOptions.defaults());
      assertEquals("lines", first.name());
      var refusal =
          assertThrows(
              IllegalArgumentException.class, () -> penstock.pipe("lines", PipeOptions.defaults()));
      assertEquals("a pipe named 'lines' is still in use", refusal.getMessage());
      first.close();
      penstock.pipe("lines", PipeOptions.defaults()).sink().writeFully("again", Wait.none());
    }
  }

  @Test
  void closeClosesWhatWasMade() {
    Penstock penstock = Penstock.open();
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults());
    penstock.close();
    penstock.close();
    assertThrows(StreamClosedException.class, () -> pipe.source().read(ByteBuffer.allocate(1)));
    assertThrows(
        IllegalStateException.class, () -> penstock.pipes().create(PipeOptions.defaults()));
  }
}
