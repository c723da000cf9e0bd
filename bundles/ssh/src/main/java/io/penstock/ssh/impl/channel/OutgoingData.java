// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.MemoryLimitException;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.threads.ThreadUtils;
import org.jspecify.annotations.Nullable;

/** What goes to the peer of a channel: our output, our standard error, and the end of both. */
final class OutgoingData {
  private static final Logger LOG = Messages.log("ssh");

  /** Room for the fields that precede the bytes in a packet. */
  private static final int HEADER = 64;

  private final Link link;
  private final Held held;
  private final Outbox output;
  private volatile @Nullable Outbox errorOutput;
  private volatile boolean unwritable;
  private volatile @Nullable IOException cause;
  private volatile boolean endSent;

  /** Whether the channel has gone while bytes of it were on their way. */
  private volatile boolean leaving;

  // Held while a message is handed to the library: packets leave in the order in which their
  // answers are expected, and none follows the message that closes the channel. The library does
  // not wait in what is called under it.
  private final ReentrantLock sending = new ReentrantLock();

  OutgoingData(Link link, Held held) {
    this.link = link;
    this.held = held;
    this.output = new Outbox(this, false);
  }

  /** The lock under which messages leave in their order. */
  ReentrantLock sending() {
    return sending;
  }

  Outbox output() {
    return output;
  }

  /** As {@link Link#errorOutput} says. */
  Outbox errorOutput() {
    sending.lock();
    try {
      Outbox present = errorOutput;
      if (present == null) {
        present = new Outbox(this, true);
        errorOutput = present;
      }
      return present;
    } finally {
      sending.unlock();
    }
  }

  Held held() {
    return held;
  }

  /** Whether something is on its way to the socket. */
  boolean isPending() {
    Outbox further = errorOutput;
    return output.pending() > 0 || (further != null && further.pending() > 0);
  }

  void wakeWriters() {
    output.wake();
    Outbox further = errorOutput;
    if (further != null) {
      further.wake();
    }
  }

  // ---- writing

  boolean isWritable() {
    return !unwritable;
  }

  /** Whether the peer was told that no more output and no more standard error comes. */
  boolean hasSentEnd() {
    return endSent;
  }

  boolean hasWindow() {
    return link.getRemoteWindow().getSize() > 0;
  }

  void checkWritable() throws IOException {
    if (unwritable) {
      IOException why = cause;
      if (why instanceof MemoryLimitException) {
        throw why;
      }
      throw new BrokenPipeException(
          link.toString(),
          why == null
              ? link.isClosedByUs() ? "the channel is closed" : "the peer has closed the channel"
              : nobodyReads(why),
          0);
    }
  }

  void writeFailed(Throwable failure) {
    LOG.log(Level.DEBUG, "{0}: what was written could not be sent", link, failure);
  }

  /** Sends what the peer has room for; returns how much, 0 for no room. */
  int send(boolean asErrors, ByteBuffer src, Outbox from) throws IOException {
    int n;
    IoWriteFuture written = null;
    IOException lost = null;
    sending.lock();
    try {
      checkWritable();
      if (endSent) {
        // A peer that sends more loses the connection with all its channels.
        throw new BrokenPipeException(link.toString(), "the end of the output was sent already", 0);
      }
      long window =
          Math.min(link.getRemoteWindow().getSize(), link.getRemoteWindow().getPacketSize());
      n = (int) Math.min(Math.min(window, Link.PACKET), src.remaining());
      if (n <= 0) {
        return 0;
      }
      Buffer packet = packet(asErrors, src, n);
      link.getRemoteWindow().consume(n);
      from.leaving(n);
      try {
        written = write(packet);
      } catch (IOException e) {
        lost = e;
      }
    } finally {
      sending.unlock();
    }
    if (written == null) {
      // The caller is told, so these were never accepted.
      from.left(n, null);
      // The connection closes at this moment: the caller is told the same as after the close.
      BrokenPipeException broken = new BrokenPipeException(link.toString(), nobodyReads(lost), 0);
      broken.initCause(lost);
      throw broken;
    }
    IoWriteFuture unused = written.addListener(done -> from.left(n, done.getException()));
    return n;
  }

  private static String nobodyReads(@Nullable IOException why) {
    return "nobody reads any more" + (why == null ? "" : ": " + why.getMessage());
  }

  /** The bytes are copied once, from wherever they are to where the library encrypts them. */
  private Buffer packet(boolean asErrors, ByteBuffer src, int n) {
    Buffer packet =
        link.getSession()
            .createBuffer(
                asErrors
                    ? SshConstants.SSH_MSG_CHANNEL_EXTENDED_DATA
                    : SshConstants.SSH_MSG_CHANNEL_DATA,
                n + HEADER);
    packet.putUInt(link.getRecipient());
    if (asErrors) {
      packet.putUInt(SshConstants.SSH_EXTENDED_DATA_STDERR);
    }
    packet.putUInt(n);
    Buffer unused = packet.ensureCapacity(n);
    int start = packet.wpos();
    src.get(packet.array(), start, n);
    packet.wpos(start + n);
    return packet;
  }

  /** Never waits: while keys are exchanged the library would, for any thread but its own. */
  IoWriteFuture write(Buffer packet) throws IOException {
    try {
      return ThreadUtils.runAsInternal(packet, link.getSession()::writePacket);
    } catch (IOException | RuntimeException e) {
      throw lost(e);
    }
  }

  /** Returns a failure of our own type: the library's type says nothing to a user. */
  IOException lost(Throwable failure) {
    return Losses.of(link.toString(), link.getSession(), failure);
  }

  // ---- the end

  /** What the library still had when the connection went is not held any more. */
  void dropWithConnection() {
    if (!isPending()) {
      return;
    }
    // While keys are exchanged the library keeps packets, and drops them with the connection.
    leaving = true;
    Session session = link.getSession();
    SessionWatch watch = SessionWatch.of(session);
    if (watch == null) {
      session.addCloseFutureListener(done -> dropAll());
    } else {
      watch.isLeaving(session, this);
      perhapsAllLeft();
    }
  }

  void dropAll() {
    output.dropAll();
    Outbox further = errorOutput;
    if (further != null) {
      further.dropAll();
    }
  }

  /** The connection keeps nothing of a channel that has gone once its last bytes have left. */
  void perhapsAllLeft() {
    if (leaving && !isPending()) {
      SessionWatch watch = SessionWatch.of(link.getSession());
      if (watch != null) {
        watch.hasLeft(this);
      }
    }
  }

  void endIfAllHave() throws IOException {
    sending.lock();
    try {
      Outbox further = errorOutput;
      if (endSent || unwritable || !output.hasEnded() || (further != null && !further.hasEnded())) {
        return;
      }
      endSent = true;
      // Not by the library, which would keep the message that closes the channel until the end has
      // left: with a peer that reads nothing for longer than the limit that would never be sent.
      Session session = link.getSession();
      Buffer packet = session.createBuffer(SshConstants.SSH_MSG_CHANNEL_EOF, HEADER);
      packet.putUInt(link.getRecipient());
      IoWriteFuture unused = write(packet);
    } finally {
      sending.unlock();
    }
  }

  /**
   * Nothing more can be sent.
   *
   * @param why how the channel was cut; null if either side has closed it
   */
  void shut(@Nullable IOException why) {
    sending.lock();
    try {
      if (why != null) {
        cause = why;
      }
      unwritable = true;
    } finally {
      sending.unlock();
    }
  }

  /** How the channel was cut; null if it was not. */
  @Nullable IOException cause() {
    return cause;
  }
}
