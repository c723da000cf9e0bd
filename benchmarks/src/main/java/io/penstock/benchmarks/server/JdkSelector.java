// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * One Selector and one direct buffer for all; nothing is kept for a connection but what is there of
 * an incomplete line. It answers at once, and waits until it can only when the socket is full.
 */
final class JdkSelector {
  private static final long ONES = 0x0101010101010101L;
  private static final long TOPS = 0x8080808080808080L;

  private final Selector selector;
  private final Work work;
  private final Lines lines;
  private final ByteBuffer buffer;

  /** The same bytes, with bounds of its own. */
  private final ByteBuffer line;

  private final LentLines lent;
  private final LentLines.Handler answers;

  /** How lines are handed on. */
  enum Lines {
    /** As an array of its own for each. */
    ARRAYS,
    /** Where they lie. */
    IN_PLACE,
    /** By {@link LentLines}. */
    LENT
  }

  private JdkSelector(Selector selector, Work work, Lines lines, int size) {
    this.selector = selector;
    this.work = work;
    this.lines = lines;
    this.buffer = ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN);
    this.line = buffer.duplicate();
    this.lent = new LentLines(buffer);
    this.answers = work == Work.LINES ? new Counts() : new Answers();
  }

  private static final class Connection {
    final @Nullable Tally tally;
    final LentLines.@Nullable Lender lender;
    boolean ended;

    /** An incomplete line, or while the socket is full, what is to be written. */
    @Nullable ByteBuffer rest;

    Connection(@Nullable Tally tally, LentLines.@Nullable Lender lender) {
      this.tally = tally;
      this.lender = lender;
    }
  }

  /**
   * Listens.
   *
   * @param lines how lines are handed on
   */
  static Address listen(Address address, Work work, Lines lines) throws IOException {
    Selector selector = Selector.open();
    ServerSocketChannel listener = ServerSocketChannel.open(address.family());
    listener.bind(address.socketAddress(), 1024);
    listener.configureBlocking(false);
    listener.register(selector, SelectionKey.OP_ACCEPT);
    JdkSelector server = new JdkSelector(selector, work, lines, Loops.buffer(address));
    Loops.start(
        () -> {
          while (true) {
            selector.select(server::ready);
          }
        });
    return address.bound(listener.getLocalAddress());
  }

  private void ready(SelectionKey key) {
    try {
      if (key.isAcceptable()) {
        accept((ServerSocketChannel) key.channel());
      } else if (key.isWritable()) {
        write(key, (SocketChannel) key.channel(), (Connection) key.attachment());
      } else {
        read(key, (SocketChannel) key.channel(), (Connection) key.attachment());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept(ServerSocketChannel listener) throws IOException {
    for (SocketChannel channel; (channel = listener.accept()) != null; ) {
      channel.configureBlocking(false);
      JdkBlocking.noDelay(channel);
      boolean counts = work == Work.COUNT || work == Work.LINES;
      SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
      LentLines.Lender lender = lines == Lines.LENT ? new LentLines.Lender(lent, key) : null;
      key.attach(new Connection(counts ? new Tally() : null, lender));
    }
  }

  private void read(SelectionKey key, SocketChannel channel, Connection connection)
      throws IOException {
    buffer.clear();
    if (connection.rest != null) {
      buffer.put(connection.rest);
      connection.rest = null;
    }
    int n;
    try {
      n = channel.read(buffer);
    } catch (IOException e) {
      // A reset at the end of a run; a server goes on.
      channel.close();
      return;
    }
    if (n < 0) {
      channel.close();
      return;
    }
    buffer.flip();
    switch (work) {
      case COUNT -> {
        if (tally(connection).bytes(n, buffer.get(n - 1))) {
          channel.write(tally(connection).answer(work));
        }
      }
      case LINES -> {
        if (lines(connection, tally(connection))) {
          channel.write(tally(connection).answer(work));
        }
      }
      case REQUESTS -> {
        if (connection.lender != null) {
          lend(connection, connection.lender);
          return;
        }
        int whole = wholeLines();
        int end = buffer.limit();
        answer(key, channel, connection, buffer.limit(whole));
        keep(connection, buffer.limit(end));
      }
      default -> answer(key, channel, connection, buffer);
    }
  }

  private static Tally tally(Connection connection) {
    if (connection.tally == null) {
      throw new IllegalStateException("a connection has no tally, expected one where it counts");
    }
    return connection.tally;
  }

  private boolean lines(Connection connection, Tally tally) throws IOException {
    if (connection.lender != null) {
      connection.ended = false;
      lend(connection, connection.lender);
      return connection.ended;
    }
    boolean ended = false;
    int start = 0;
    int end = buffer.limit();
    for (int feed; (feed = find(start, end)) >= 0; start = feed + 1) {
      int length = feed + 1 - start;
      switch (lines) {
        case ARRAYS -> {
          byte[] array = new byte[length];
          buffer.get(start, array);
          ended = tally.line(array.length, array[0]);
        }
        case IN_PLACE -> {
          line.limit(feed + 1).position(start);
          ended = tally.line(line.remaining(), line.get(start));
        }
        default -> throw new IllegalStateException(lines + " without a lender");
      }
    }
    keep(connection, buffer.limit(end).position(start));
    return ended;
  }

  private void lend(Connection connection, LentLines.Lender lender) throws IOException {
    int rest = lender.lend(buffer.limit(), answers);
    keep(connection, buffer.position(rest));
  }

  /** Counts lines that are lent. */
  private static final class Counts implements LentLines.Handler {
    @Override
    public void data(LentLines.Lender lender, ByteBuffer line) {
      Connection connection = (Connection) lender.key().attachment();
      connection.ended = tally(connection).line(line.remaining(), line.get(line.position()));
    }
  }

  /** Gives back lines that are lent, in a turn to write that other threads could have. */
  private static final class Answers implements LentLines.Handler {
    @Override
    public void data(LentLines.Lender lender, ByteBuffer line) throws IOException {
      SelectionKey key = lender.key();
      Connection connection = (Connection) key.attachment();
      if (connection.rest != null || !lender.beginWrite()) {
        throw new IllegalStateException("a client does not wait, or another thread writes");
      }
      answer(key, (SocketChannel) key.channel(), connection, line);
      lender.endWrite();
    }
  }

  /** How many bytes there are up to the last line feed, that included. */
  private int wholeLines() {
    int whole = 0;
    for (int feed; (feed = find(whole, buffer.limit())) >= 0; whole = feed + 1) {}
    return whole;
  }

  /** Where the next line feed is, eight bytes at a time; -1 if there is none. */
  private int find(int from, int to) {
    int at = from;
    for (; at + 8 <= to; at += 8) {
      long word = buffer.getLong(at) ^ '\n' * ONES;
      long hit = (word - ONES) & ~word & TOPS;
      if (hit != 0) {
        return at + Long.numberOfTrailingZeros(hit) / 8;
      }
    }
    for (; at < to; at++) {
      if (buffer.get(at) == '\n') {
        return at;
      }
    }
    return -1;
  }

  private static void keep(Connection connection, ByteBuffer bytes) {
    if (bytes.hasRemaining()) {
      if (connection.rest != null || bytes.remaining() == bytes.capacity()) {
        throw new IllegalStateException(
            "a line is longer than " + bytes.capacity() + " bytes, or its client does not wait");
      }
      connection.rest = ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
    }
  }

  private static void answer(
      SelectionKey key, SocketChannel channel, Connection connection, ByteBuffer bytes)
      throws IOException {
    channel.write(bytes);
    if (bytes.hasRemaining()) {
      connection.rest = ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
      key.interestOps(SelectionKey.OP_WRITE);
    }
  }

  private static void write(SelectionKey key, SocketChannel channel, Connection connection)
      throws IOException {
    ByteBuffer rest = connection.rest;
    if (rest != null) {
      channel.write(rest);
      if (rest.hasRemaining()) {
        return;
      }
      connection.rest = null;
    }
    key.interestOps(SelectionKey.OP_READ);
  }
}
