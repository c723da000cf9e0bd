// SPDX-License-Identifier: Apache-2.0
package io.penstock.example;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One direction: records go through an operating system's pipe "encrypted", under a credit that the
 * reader's consumption gives back. Without a pipe they go through memory alone.
 */
final class Wire {
  // What a POSIX pipe takes whole or not at all, so that no record is ever torn.
  private static final int RECORD = 4096;
  private static final int HEADER = 2;
  // So much fits into the system's pipe even in records of one byte each.
  private static final int SURE = 16 * 1024;
  private static final byte KEY = 0x5a;

  private final String name;
  private final int window;
  private final @Nullable Pipe pipe;
  private final Source source = new Source();
  private final Sink sink = new Sink();

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock, as is everything below.
  private final ByteBuffer raw;
  private final ByteBuffer hidden;
  private long sent;
  private long arrived;
  private long consumed;
  private long dropped;
  private long reads;
  private boolean ended;
  private boolean readerGone;
  private boolean blocked;
  private @Nullable Throwable cut;
  private volatile Runnable readerReady = () -> {};
  private volatile Runnable writerReady = () -> {};

  Wire(String name, int window, boolean selectable) throws IOException {
    this.name = name;
    this.window = window;
    this.raw = ByteBuffer.allocate(2 * RECORD);
    this.hidden = ByteBuffer.allocate(window).flip();
    if (selectable) {
      pipe = Pipe.open();
      pipe.source().configureBlocking(false);
      pipe.sink().configureBlocking(false);
    } else {
      pipe = null;
    }
  }

  SourceDriver source() {
    return source;
  }

  SinkDriver sink() {
    return sink;
  }

  /** What was sent is still delivered, then the reader gets the cause; the writer gets it now. */
  void cut(Throwable cause) {
    lock.lock();
    try {
      if (cut == null && !(ended && consumed == sent)) {
        cut = cause;
      }
    } finally {
      lock.unlock();
    }
    readerReady.run();
    writerReady.run();
  }

  boolean ended() {
    lock.lock();
    try {
      return ended || readerGone || cut != null;
    } finally {
      lock.unlock();
    }
  }

  private static IOException failure(Throwable cause) {
    return cause instanceof IOException io ? io : new IOException(cause.getMessage(), cause);
  }

  private final class Sink implements SinkDriver {
    @Override
    public int write(ByteBuffer src) throws IOException {
      int total = 0;
      lock.lock();
      try {
        if (cut != null) {
          throw failure(cut);
        }
        if (readerGone) {
          throw new BrokenPipeException(name, "the reader has closed its side", dropped);
        }
        while (src.hasRemaining()) {
          int n = (int) Math.min(src.remaining(), window - (sent - consumed));
          n = Math.min(n, RECORD - HEADER);
          if (n == 0 || !pass(src.slice(src.position(), n))) {
            break;
          }
          src.position(src.position() + n);
          sent += n;
          total += n;
        }
      } finally {
        lock.unlock();
      }
      if (total > 0 && pipe == null) {
        readerReady.run();
      }
      return total;
    }

    private boolean pass(ByteBuffer payload) throws IOException {
      if (pipe == null) {
        int length = payload.remaining();
        hidden.compact().put(payload).flip();
        arrived += length;
        return true;
      }
      ByteBuffer record = ByteBuffer.allocate(HEADER + payload.remaining());
      record.putShort((short) payload.remaining());
      while (payload.hasRemaining()) {
        record.put((byte) (payload.get() ^ KEY));
      }
      int written = pipe.sink().write(record.flip());
      if (written > 0 && record.hasRemaining()) {
        throw new IOException(
            name + ": the system tore a record of " + record.limit() + " bytes at " + written);
      }
      blocked = written == 0;
      return !blocked;
    }

    @Override
    public void end() {
      lock.lock();
      try {
        ended = true;
      } finally {
        lock.unlock();
      }
      readerReady.run();
    }

    @Override
    public long room() {
      lock.lock();
      try {
        if (readerGone || cut != null || sent - consumed == window) {
          return 0;
        }
        // A full pipe of the system's is the selector's to watch, so that we cannot tell then.
        return blocked || window > SURE ? -1 : window - (sent - consumed);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long pending() {
      lock.lock();
      try {
        return readerGone ? 0 : sent - consumed;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long dropped() {
      lock.lock();
      try {
        return dropped;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long reads() {
      lock.lock();
      try {
        return readerGone ? Long.MAX_VALUE : reads;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public boolean ready() {
      lock.lock();
      try {
        return readerGone || cut != null || (!blocked && sent - consumed < window);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void onReady(Runnable ready) {
      writerReady = ready;
    }

    @Override
    public @Nullable SelectableChannel selectable() {
      lock.lock();
      try {
        // Credit comes back by a call; only a full pipe is the selector's business.
        return blocked && pipe != null ? pipe.sink() : null;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public int interest() {
      return SelectionKey.OP_WRITE;
    }

    @Override
    public void close() throws IOException {
      lock.lock();
      try {
        if (!ended && cut == null) {
          cut = new ConnectionResetException(name, "closed without an end", 0);
        }
      } finally {
        lock.unlock();
      }
      if (pipe != null) {
        pipe.sink().close();
      }
      readerReady.run();
    }
  }

  private final class Source implements SourceDriver {
    @Override
    public int read(ByteBuffer dst) throws IOException {
      int n;
      lock.lock();
      try {
        reads++;
        if (readerGone) {
          return -1;
        }
        if (!hidden.hasRemaining()) {
          decrypt();
        }
        n = Math.min(dst.remaining(), hidden.remaining());
        if (n > 0) {
          dst.put(hidden.slice(hidden.position(), n));
          hidden.position(hidden.position() + n);
          consumed += n;
        } else if (arrived == sent && cut != null) {
          throw failure(cut);
        } else if (arrived == sent && ended) {
          n = -1;
        }
      } finally {
        lock.unlock();
      }
      // Credit for the consumed bytes; the writer also learns that there is a reader.
      writerReady.run();
      return n;
    }

    /** Decrypts all records that have arrived: from here on no selector sees them. */
    private void decrypt() throws IOException {
      if (pipe == null) {
        return;
      }
      while (arrived < sent && pipe.source().read(raw) > 0) {
        raw.flip();
        hidden.compact();
        while (raw.remaining() >= HEADER
            && raw.remaining() >= HEADER + raw.getShort(raw.position())) {
          int length = raw.getShort();
          for (int i = 0; i < length; i++) {
            hidden.put((byte) (raw.get() ^ KEY));
          }
          arrived += length;
        }
        hidden.flip();
        raw.compact();
      }
    }

    @Override
    public long available() {
      lock.lock();
      try {
        return readerGone ? 0 : hidden.remaining();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long capacity() {
      return window;
    }

    @Override
    public boolean ready() {
      lock.lock();
      try {
        return hidden.hasRemaining() || (arrived == sent && (ended || cut != null));
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void onReady(Runnable ready) {
      readerReady = ready;
    }

    @Override
    public @Nullable SelectableChannel selectable() {
      return pipe == null ? null : pipe.source();
    }

    @Override
    public int interest() {
      return pipe == null ? 0 : SelectionKey.OP_READ;
    }

    @Override
    public void close() throws IOException {
      lock.lock();
      try {
        if (!readerGone) {
          readerGone = true;
          dropped = sent - consumed;
        }
      } finally {
        lock.unlock();
      }
      if (pipe != null) {
        pipe.source().close();
      }
      writerReady.run();
    }
  }
}
