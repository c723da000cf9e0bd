// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penstock.benchmarks.server.Address;
import io.penstock.benchmarks.server.PenstockPoller;
import io.penstock.benchmarks.server.Work;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;

/**
 * A flood of lines, which a poller cuts. Its peer is the JDK's, so that nothing else is the
 * product.
 */
final class Lines implements Load {
  private static final int LINE = 100;
  private static final int PIECE = 640;
  private static final int BATCH = 16;

  private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE * LINE);
  private final SocketChannel into;
  private long sent;

  Lines() throws IOException {
    byte[] line = ("x".repeat(LINE - 1) + "\n").getBytes(US_ASCII);
    while (piece.hasRemaining()) {
      piece.put(line);
    }
    Address poller =
        PenstockPoller.listen(
            Penstock.open(), new Address("unix:" + Sockets.fresh("lines")), Work.LINES);
    into = SocketChannel.open(poller.socketAddress());
  }

  @Override
  public int batch() throws IOException {
    for (int i = 0; i < BATCH; i++) {
      write(piece.clear());
    }
    sent += (long) BATCH * PIECE;
    return BATCH * PIECE;
  }

  private void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      into.write(bytes);
    }
  }

  @Override
  public void end() throws IOException {
    // An empty line is the last, and counts.
    write(US_ASCII.encode("\n"));
    String expected = (sent + 1) + " " + (sent * LINE + 1) + " " + (sent * 'x' + '\n') + "\n";
    byte[] answer = Channels.newInputStream(into).readNBytes(expected.length());
    into.close();
    String told = new String(answer, US_ASCII);
    if (!told.equals(expected)) {
      throw new IllegalStateException(
          "the poller counted '" + told.strip() + "', expected '" + expected.strip() + "'");
    }
    // What serves ends with the JVM, as it does in a process of its own.
  }
}
