// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.ConnectionResetException;
import io.penstock.spi.ArrivedBytes;
import io.penstock.spi.Memory;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * What the peer of a channel sends: its output and its standard error. Each waits for its reader,
 * within the window that the peer was given.
 */
final class IncomingData {
  private static final Logger LOG = Messages.log("ssh");

  /** Some peers count the length field as a part of the packet. */
  private static final int LENGTH_FIELD = 4;

  private final Link link;
  private final OutgoingData out;
  private final Held held;
  private final ArrivedBytes input;
  private final ArrivedBytes errors;
  private volatile boolean errorsExpected;

  // Keeps standard error in order while its destination changes.
  private final ReentrantLock joining = new ReentrantLock();
  // Guarded by it.
  private boolean joined;

  IncomingData(Link link, OutgoingData out, Held held) {
    this.link = link;
    this.out = out;
    this.held = held;
    this.input = new ArrivedBytes(link::toString, this::credit, held::count);
    this.errors = new ArrivedBytes(() -> link + " (standard error)", this::credit, held::count);
  }

  ArrivedBytes input() {
    return input;
  }

  ArrivedBytes errors() {
    return errors;
  }

  // ---- packets

  /** A packet of output has come. */
  void output(Buffer buffer) throws IOException {
    int length = incoming(buffer);
    input.put(buffer.array(), buffer.rpos(), length);
    pauseIfSpent();
  }

  /** A packet of extended data has come: standard error, or data of an unknown type. */
  void extended(Buffer buffer) throws IOException {
    int type = buffer.getInt();
    int length = incoming(buffer);
    if (type == SshConstants.SSH_EXTENDED_DATA_STDERR) {
      putErrors(buffer.array(), buffer.rpos(), length);
      pauseIfSpent();
    } else {
      LOG.log(
          Level.DEBUG, "{0}: {1} bytes of the unknown type {2} were dropped", link, length, type);
      credit(length);
    }
  }

  void putErrors(byte[] data, int off, int length) {
    if (!errorsExpected) {
      refuseErrors(length);
      return;
    }
    ArrivedBytes to;
    boolean kept;
    joining.lock();
    try {
      to = joined ? input : errors;
      kept = to.keep(data, off, length);
    } finally {
      joining.unlock();
    }
    to.came(length, kept);
  }

  /**
   * Closes a channel whose peer sends bytes that have no reader: dropping them would tell the peer
   * that they were read. Bytes that still come get no credit.
   */
  private void refuseErrors(int length) {
    if (link.isRefused() || link.isClosing()) {
      return;
    }
    ConnectionResetException why =
        new ConnectionResetException(
            link.toString(),
            "closed, because the peer has sent standard error, which is not read here",
            length);
    LOG.log(Level.INFO, why.getMessage());
    link.refuse(why);
  }

  /**
   * Takes bytes off the window. A peer that breaks the agreement loses the connection, because
   * nothing that follows can be relied upon.
   */
  private int incoming(Buffer buffer) throws IOException {
    long length = buffer.getUInt();
    if (length > buffer.available()) {
      throw broken("a packet that claims " + length + " bytes and has " + buffer.available());
    }
    if (length > Link.PACKET + LENGTH_FIELD) {
      throw broken(
          "a packet of " + length + " bytes where at most " + Link.PACKET + " are allowed");
    }
    if (link.isEofSignalled()) {
      throw broken(length + " bytes after the end of its output");
    }
    long window = link.getLocalWindow().getSize();
    if (length > window) {
      throw broken(length + " bytes into a window of " + window);
    }
    link.getLocalWindow().consume(length);
    return (int) length;
  }

  static SshException broken(String what) {
    return new SshException(
        SshConstants.SSH2_DISCONNECT_PROTOCOL_ERROR, "the peer has sent " + what);
  }

  /** Stops reading if there is no memory left; reads on when there is some again. */
  private void pauseIfSpent() {
    Memory spent = held.spent();
    SessionWatch watch = spent == null ? null : SessionWatch.of(link.getSession());
    if (spent != null && watch != null) {
      watch.starve(link.getSession(), spent);
    }
  }

  private void credit(long bytes) {
    // After the end the peer has no use for credit.
    if (bytes > 0 && !link.isEofSignalled() && !link.isClosing()) {
      try {
        link.getLocalWindow().release(bytes);
      } catch (IOException e) {
        out.writeFailed(e);
      }
    }
  }

  // ---- standard error

  /** As {@link Link#expectErrors} says. */
  void expectErrors(boolean join) {
    errorsExpected = true;
    joining.lock();
    try {
      joined = join;
    } finally {
      joining.unlock();
    }
  }

  /** As {@link Link#join} says. */
  boolean join(boolean on) {
    boolean before;
    long unwanted = 0;
    joining.lock();
    try {
      before = joined;
      joined = on;
      if (on && !before) {
        unwanted = errors.moveTo(input);
      }
    } finally {
      joining.unlock();
    }
    if (on && !before) {
      credit(unwanted);
      input.wake();
    }
    return before;
  }

  // ---- the end

  /**
   * Nothing more comes.
   *
   * @param cause how the channel was cut; null after an end that the peer has meant
   */
  void finish(@Nullable IOException cause) {
    if (cause == null) {
      input.end();
      errors.end();
    } else {
      input.fail(cause);
      errors.fail(cause);
    }
  }

  /** Drops what waits: there is no memory for it any more. */
  void cut(IOException cause) {
    input.cut(cause);
    errors.cut(cause);
  }
}
