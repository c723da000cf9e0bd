// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A channel in memory whose peer is the test: {@link #put} supplies what the code under test reads,
 * {@link #get} fetches what it wrote. Its ends are the product's, so that pollers and relays take
 * it like any other channel.
 *
 * <p>What is written is collected as it comes, however much it is, so that the code under test
 * never waits for the test; {@link #stall} makes it wait. Safe for use by any thread. Parity
 * YA-13..15.
 */
public final class TestChannel extends ForwardingChannel {
  private final Channel peer;
  private final ReentrantLock lock = new ReentrantLock();
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private boolean stalled;

  private TestChannel(ChannelPair pair) {
    super(pair.left());
    peer = pair.right();
    // Ends with the peer's source; no other code closes it earlier.
    Watch unused = peer.source().readable().onSet(Runnable::run, () -> collect(false));
  }

  /**
   * Makes a test channel.
   *
   * @param factory makes the pair of channels that it consists of
   * @return a connected channel, the caller's to close
   */
  public static TestChannel open(ChannelFactory factory) {
    return open(factory, ChannelOptions.defaults());
  }

  /**
   * Makes a test channel.
   *
   * @param factory makes the pair of channels that it consists of
   * @param options for the channel
   * @return a connected channel, the caller's to close
   */
  public static TestChannel open(ChannelFactory factory, ChannelOptions options) {
    return new TestChannel(factory.pair(options));
  }

  /**
   * Supplies bytes that {@link #source()} will read. Never waits: what does not fit is queued.
   *
   * @param bytes copied
   * @throws IOException the broken-pipe type after {@link #putEnd()}, or when the code under test
   *     has closed its source
   */
  public void put(byte... bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes.clone());
    while (buffer.hasRemaining() && peer.sink().write(buffer, Wait.none()) > 0) {
      // As much as fits is readable at once.
    }
    if (buffer.hasRemaining()) {
      // Its failure is the code under test closing its source: that is the test's to find out.
      CompletionStage<Void> unused = peer.sink().writeAsync(buffer);
    }
  }

  /**
   * Supplies a text in UTF-8, as {@link #put(byte...)} says.
   *
   * @param text the text
   * @throws IOException as there
   */
  public void put(String text) throws IOException {
    put(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Ends what {@link #source()} reads: after what was put it reads -1.
   *
   * @throws IOException if the channel was cut
   */
  public void putEnd() throws IOException {
    peer.sink().end();
  }

  /**
   * Cuts the channel from the peer's side: the source throws the cause after what was put.
   *
   * @param cause why
   */
  public void fail(Throwable cause) {
    collect(true);
    peer.abort(cause);
  }

  /**
   * Fetches everything that was written since the last time, as one piece.
   *
   * @return the bytes; none when nothing was written
   */
  public byte[] get() {
    lock.lock();
    try {
      collect(true);
      byte[] all = written.toByteArray();
      written.reset();
      return all;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Fetches everything that was written since the last time as a text in UTF-8.
   *
   * @return the text; empty when nothing was written
   */
  public String getText() {
    return new String(get(), StandardCharsets.UTF_8);
  }

  /**
   * Whether the code under test has ended what it writes, and everything before was collected.
   *
   * @return true after {@code sink().end()} or a close
   */
  public boolean writtenToTheEnd() {
    collect(false);
    return peer.source().ended();
  }

  /**
   * Stops collecting, so that the sink fills up and writers wait; only {@link #get} makes room.
   *
   * @param value true to stop, false to go on
   */
  public void stall(boolean value) {
    lock.lock();
    try {
      stalled = value;
    } finally {
      lock.unlock();
    }
    collect(false);
  }

  /**
   * The channel at the other side, for a test that wants all of it. While it reads there, {@link
   * #stall} keeps this object from collecting.
   *
   * @return the peer
   */
  public Channel testSide() {
    return peer;
  }

  private void collect(boolean always) {
    lock.lock();
    try {
      if (stalled && !always) {
        return;
      }
      ByteBuffer piece = ByteBuffer.allocate(8192);
      while (peer.source().isOpen()) {
        int count = peer.source().read(piece.clear(), Wait.none());
        if (count <= 0) {
          return;
        }
        written.write(piece.array(), 0, count);
      }
    } catch (IOException cut) {
      // The code under test has aborted the channel. What it wrote before was collected; that it
      // was cut is for the test to see at this channel or at testSide().
      return;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void abort(Throwable cause) {
    collect(false);
    super.abort(cause);
  }
}
