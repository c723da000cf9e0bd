// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import tlschannel.BufferAllocator;
import tlschannel.impl.TlsChannelImpl;

/**
 * Buffers that connections borrow while they have something in them, so that an idle one holds
 * none. A buffer that is not borrowed again soon is not kept: each size has a few in stock at most.
 *
 * <p>Peers that read nothing may not use up the memory outside the heap: without any, every read of
 * every connection waits for the garbage collector. TLS has a share of it. Beyond that share,
 * buffers are in the heap, and {@link #scarce} tells their borrowers to take few bytes at once.
 */
final class BufferStock implements BufferAllocator {
  private static final Logger LOG = Messages.log("tls");

  /** Room for one record, whatever its protocol version. */
  static final int RECORD = 17 * 1024;

  /**
   * What the library has first of each of its buffers. It doubles one that is too small, but keeps
   * that of plain bytes for good, which most connections only need for their handshake. No power of
   * two: a size that was doubled must not be the one that the library asks for first.
   */
  private static final int FIRST = 300;

  /** Room for the records of one system call. */
  static final int BATCH = 272 * 1024;

  private static final int STOCK = 16;

  /** The part of the largest heap that TLS has outside the heap. */
  private static final int SHARE = 8;

  private final IntFunction<ByteBuffer> outside;
  private final AtomicLong direct = new AtomicLong();
  private final AtomicLong most;

  // For system calls: the JDK would copy a heap buffer once more.
  private final ArrayBlockingQueue<ByteBuffer> small = new ArrayBlockingQueue<>(STOCK);
  private final ArrayBlockingQueue<ByteBuffer> large = new ArrayBlockingQueue<>(STOCK);
  // For ciphers, which work on arrays.
  private final ArrayBlockingQueue<ByteBuffer> records = new ArrayBlockingQueue<>(2 * STOCK);

  BufferStock() {
    this(ByteBuffer::allocateDirect, Runtime.getRuntime().maxMemory() / SHARE);
  }

  BufferStock(IntFunction<ByteBuffer> outside, long share) {
    this.outside = outside;
    this.most = new AtomicLong(share);
  }

  /** Whether what is borrowed now should be small. */
  boolean scarce() {
    return direct.get() + BATCH > most.get();
  }

  /** A buffer with at least so much room, for the transport: a direct one, unless it is scarce. */
  ByteBuffer transport(int size) {
    if (size > BATCH) {
      return allocateDirect(size, size);
    }
    boolean few = size <= 2 * RECORD;
    ByteBuffer stocked = (few ? small : large).poll();
    return stocked != null ? stocked : allocateDirect(few ? 2 * RECORD : BATCH, size);
  }

  private ByteBuffer allocateDirect(int size, int needed) {
    if (direct.addAndGet(size) > most.get()) {
      direct.addAndGet(-size);
      return ByteBuffer.allocate(needed);
    }
    try {
      return outside.apply(size);
    } catch (OutOfMemoryError e) {
      // Other code has the memory. Each further attempt would take half a second.
      long left = direct.addAndGet(-size);
      most.accumulateAndGet(left / 2, Math::min);
      LOG.log(Level.DEBUG, "no memory outside the heap is left for TLS", e);
      return ByteBuffer.allocate(needed);
    }
  }

  /** A buffer for one decrypted record. */
  ByteBuffer record() {
    ByteBuffer stocked = records.poll();
    return stocked != null ? stocked : ByteBuffer.allocate(RECORD);
  }

  /** Asked by the library for what it encrypts to and decrypts from. */
  @Override
  public ByteBuffer allocate(int size) {
    if (size == RECORD) {
      return record();
    }
    return ByteBuffer.allocate(size == TlsChannelImpl.buffersInitialSize ? FIRST : size);
  }

  /** Takes a buffer back; its former user must not touch it again. */
  @Override
  public void free(ByteBuffer buffer) {
    buffer.clear();
    ArrayBlockingQueue<ByteBuffer> home =
        switch (buffer.capacity()) {
          case RECORD -> buffer.isDirect() ? null : records;
          case 2 * RECORD -> buffer.isDirect() ? small : null;
          case BATCH -> buffer.isDirect() ? large : null;
          default -> null;
        };
    // If enough of them are in stock, the garbage collector takes the buffer.
    boolean kept = home != null && home.offer(buffer);
    if (!kept && buffer.isDirect()) {
      direct.addAndGet(-buffer.capacity());
    }
  }
}
