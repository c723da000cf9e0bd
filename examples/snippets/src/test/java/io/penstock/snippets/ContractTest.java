// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The loop of the page on the contract, and each way to end it. */
class ContractTest {
  private final StringBuilder seen = new StringBuilder();

  private void use(ByteBuffer bytes) {
    seen.append(StandardCharsets.UTF_8.decode(bytes));
  }

  private void readAll(ByteSource source) throws IOException {
    // snippet: contract.read
    ByteBuffer bytes = ByteBuffer.allocate(8192);
    while (source.read(bytes, Wait.millis(500)) >= 0) {
      use(bytes.flip());
      bytes.clear();
    }
    // end of snippet
  }

  @Test
  void loopEndsWithTheStreamByALimitOrByAClose() throws Exception {
    try (Penstock penstock = Penstock.open();
        Pipe ended = penstock.pipes().create(PipeOptions.defaults());
        Pipe silent = penstock.pipes().create(PipeOptions.defaults())) {
      ended.sink().writeFully("tea");
      ended.sink().end();
      readAll(ended.source());
      silent.sink().writeFully("!");
      assertThrows(StreamTimeoutException.class, () -> readAll(silent.source()));
      assertEquals("tea!", seen.toString());
      // Nothing is lost by the limit.
      assertEquals(0, silent.source().read(ByteBuffer.allocate(1), Wait.none()));
      silent.source().close();
      assertThrows(StreamClosedException.class, () -> readAll(silent.source()));
    }
  }
}
