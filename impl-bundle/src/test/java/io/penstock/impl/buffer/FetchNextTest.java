// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** To fetch what comes next changes nothing, however the pipe stands. */
class FetchNextTest {
  private static ByteBuffer bytes(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length);
    for (int value : values) {
      bytes.put((byte) value);
    }
    return bytes.flip();
  }

  private static void fetchAndRead(MemorySource source, int expected) throws IOException {
    source.fetchNext();
    ByteBuffer one = ByteBuffer.allocate(1);
    assertEquals(1, source.read(one));
    assertEquals(expected, one.get(0));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void changesNothing(boolean direct) throws IOException {
    MemoryPipe pipe = new MemoryPipe(64, direct);
    MemorySource source = (MemorySource) pipe.source();
    MemorySink sink = (MemorySink) pipe.sink();
    source.fetchNext();
    sink.write(bytes(1, 2));
    fetchAndRead(source, 1);
    assertTrue(sink.give(bytes(3, 4), null));
    fetchAndRead(source, 2);
    fetchAndRead(source, 3);
    sink.write(bytes(5));
    fetchAndRead(source, 4);
    fetchAndRead(source, 5);
    source.fetchNext();
    assertEquals(0, source.read(ByteBuffer.allocate(1)));
    sink.write(bytes(6));
    assertEquals(0, pipe.foreseen, "nothing was there to be seen");
    source.fetchNext();
    assertEquals(6, pipe.foreseen);
    assertEquals(1, source.read(ByteBuffer.allocate(1)));
    // Around the ring.
    for (int n = 0; n < 2 * 4096; n++) {
      sink.write(bytes(n % 100));
      source.fetchNext();
      assertEquals(n % 100, pipe.foreseen);
      fetchAndRead(source, n % 100);
    }
    sink.write(bytes(7));
    source.close();
    source.fetchNext();
    assertEquals(0, pipe.foreseen, "the memory is gone");
  }
}
