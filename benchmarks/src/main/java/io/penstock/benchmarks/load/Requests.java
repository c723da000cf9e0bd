// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penstock.benchmarks.server.Address;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Connections over which lines of 64 B go to a server that gives each back. All on one thread,
 * which never waits for a server: it asks the selector again and again.
 */
final class Requests implements AutoCloseable {
  /** Bytes of a request, and of its answer. */
  static final int MESSAGE = 64;

  private static final int BUFFER = 64 * 1024;

  /** By then an answer was lost. */
  private static final long LIMIT = 20_000_000_000L;

  private final Selector selector = Selector.open();
  private final List<Connection> connections = new ArrayList<>();
  private final ByteBuffer messages = ByteBuffer.allocateDirect(BUFFER);
  private final ByteBuffer answers = ByteBuffer.allocateDirect(BUFFER);
  private Latencies latencies = new Latencies();
  private boolean again;
  private long asked;
  private long answered;

  private final class Connection {
    final SocketChannel channel;

    /** When those that were not answered yet were due. */
    final ArrayDeque<Long> due = new ArrayDeque<>();

    /** Bytes that the socket had no room for. */
    long owed;

    /** Bytes that were sent, and that were got. */
    long sent;

    long got;

    Connection(SocketChannel channel) {
      this.channel = channel;
    }

    void ask(long when) throws IOException {
      due.add(when);
      owed += MESSAGE;
      asked++;
      flush();
    }

    void flush() throws IOException {
      int from = (int) (sent % MESSAGE);
      messages.limit((int) Math.min(BUFFER, from + owed)).position(from);
      int n = channel.write(messages);
      sent += n;
      owed -= n;
    }

    void read() throws IOException {
      answers.clear();
      int n = channel.read(answers);
      if (n < 0) {
        throw new IOException("the server has closed an active connection");
      }
      long now = System.nanoTime();
      for (long end = (got / MESSAGE + 1) * MESSAGE; end <= got + n; end += MESSAGE) {
        if (answers.get((int) (end - got) - 1) != '\n') {
          throw new IOException("an answer does not end with a line feed, as what was sent does");
        }
        Long when = due.poll();
        if (when == null) {
          throw new IOException("the server has answered what nobody asked");
        }
        latencies.add(when, now);
        answered++;
        if (again) {
          ask(System.nanoTime());
        }
      }
      got += n;
    }
  }

  Requests(Address address, int count) throws IOException {
    byte[] message = "x".repeat(MESSAGE - 1).concat("\n").getBytes(US_ASCII);
    while (messages.hasRemaining()) {
      messages.put(message);
    }
    for (int i = 0; i < count; i++) {
      SocketChannel channel = SocketChannel.open(address.socketAddress());
      if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      }
      channel.configureBlocking(false);
      Connection connection = new Connection(channel);
      channel.register(selector, SelectionKey.OP_READ, connection);
      connections.add(connection);
    }
  }

  private void turn() throws IOException {
    selector.selectNow(
        key -> {
          try {
            ((Connection) key.attachment()).read();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    if (asked > answered) {
      for (Connection connection : connections) {
        if (connection.owed > 0) {
          connection.flush();
        }
      }
    }
  }

  private void begin() {
    latencies = new Latencies();
    asked = 0;
    answered = 0;
  }

  private void finish() throws IOException {
    long limit = System.nanoTime() + LIMIT;
    while (answered < asked) {
      turn();
      if (System.nanoTime() > limit) {
        throw new IOException(
            (asked - answered) + " requests were not answered within 20 s of the last");
      }
    }
  }

  /**
   * Each connection asks again when it was answered.
   *
   * @return how many were answered and how many a second, then as {@link Latencies#text()}
   */
  String closed(long nanos) throws IOException {
    begin();
    again = true;
    long start = System.nanoTime();
    for (Connection connection : connections) {
      connection.ask(System.nanoTime());
    }
    long now;
    do {
      turn();
      now = System.nanoTime();
    } while (now - start < nanos);
    double rate = answered * 1e9 / (now - start);
    again = false;
    finish();
    return answered + " " + rate + " " + latencies.text();
  }

  /**
   * A request is due at fixed intervals, whether those before it were answered or not; the
   * connections take turns.
   *
   * @param perSecond how many
   * @return as {@link Latencies#text()}, then percentile 99, in ns, of how late this side was
   */
  String open(double perSecond, long nanos) throws IOException {
    begin();
    Latencies late = new Latencies();
    double interval = 1e9 / perSecond;
    long total = Math.max(1, (long) (nanos / interval));
    long start = System.nanoTime();
    for (long next = 0; next < total; ) {
      long now = System.nanoTime();
      long due = start + (long) (next * interval);
      // Reads in between, for what arrives while many are due is to be seen in time, too.
      for (int i = 0; i < connections.size() && next < total && due <= now; i++) {
        late.add(due, System.nanoTime());
        connections.get((int) (next % connections.size())).ask(due);
        due = start + (long) (++next * interval);
      }
      turn();
    }
    finish();
    return latencies.text() + " " + late.percentile(99);
  }

  /** Of what was answered last. */
  Latencies latencies() {
    return latencies;
  }

  @Override
  public void close() throws IOException {
    for (Connection connection : connections) {
      // So that no port is kept from the next connections.
      connection.channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      connection.channel.close();
    }
    selector.close();
  }
}
