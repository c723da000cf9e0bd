// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A durable pipe of Penstock, in a file or on servers, as users open it. */
final class PenstockStore implements Store {
  private static final Wait LONG = Wait.upTo(Duration.ofSeconds(90));
  private static final int READ = 256 << 10;

  private final Penstock penstock;
  private final String location;
  private final Channel writer;
  private final ByteBuffer buffer = ByteBuffer.allocate(READ);
  private @Nullable Channel reader;

  /**
   * Opens the writer.
   *
   * @param location such as {@code file:PATH}, without keys
   * @param keys others, such as {@code commit=manual}
   */
  PenstockStore(String location, Sync sync, String keys) throws IOException {
    this.location =
        "durable:"
            + location
            + "?capacity=2GiB&window="
            + WINDOW
            + "&ackTimeout=90s&sync="
            + sync.text()
            + "&"
            + keys
            + "&mode=";
    this.penstock = Penstock.open();
    try {
      this.writer = open("write");
    } catch (IOException | RuntimeException | Error e) {
      penstock.close();
      throw e;
    }
  }

  private Channel open(String mode) throws IOException {
    return penstock
        .channels()
        .open(Endpoint.parse(location + mode), ChannelOptions.defaults(), LONG);
  }

  @Override
  public void append(byte[] record) throws IOException {
    writer.sink().writeFully(ByteBuffer.wrap(record), LONG);
  }

  @Override
  public void flush() throws IOException {
    writer.sink().flush(LONG);
  }

  @Override
  public void read(long bytes, Content content) throws IOException {
    Channel from = reader;
    if (from == null) {
      from = open("read");
      reader = from;
    }
    for (long left = bytes; left > 0; ) {
      int n = from.source().read(buffer.clear().limit((int) Math.min(READ, left)), LONG);
      if (n < 0) {
        throw new EOFException("the pipe has ended, expected " + left + " more bytes");
      }
      content.check(buffer.flip());
      left -= n;
    }
  }

  @Override
  public void close() throws IOException {
    penstock.close();
  }
}
