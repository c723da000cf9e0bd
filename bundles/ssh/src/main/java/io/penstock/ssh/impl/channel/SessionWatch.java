// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.spi.Memory;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.helpers.PendingWriteFuture;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * What we keep of a connection: why it was lost, because the library forgets it too early, and how
 * many answers are on their way to the peer. No window bounds the answers, so nothing more is read
 * from a peer that sends requests and does not read the answers. Safe for use by any thread.
 */
public final class SessionWatch {
  /** How many answers wait beside those that the system has taken; each is a few hundred bytes. */
  private static final int MAX_ANSWERS = 1024;

  /** How many answers wait while keys are exchanged: none leaves then, and input has to be read. */
  private static final int MAX_MEANWHILE = 16 * 1024;

  /** How a session sends. */
  public interface Sending {
    /** Sends a packet, or keeps it until it can be sent. */
    IoWriteFuture send(Buffer packet) throws IOException;
  }

  private record Reason(String text, @Nullable Throwable cause) {}

  private final AtomicReference<Reason> reason = new AtomicReference<>();
  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicInteger meanwhile = new AtomicInteger();
  private final Set<OutgoingData> leaving = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean hears = new AtomicBoolean();
  private volatile boolean broken;

  private final ReentrantLock lock = new ReentrantLock();
  // Written under the lock.
  private volatile boolean suspended;
  private volatile boolean starved;

  /**
   * The channel has gone, and bytes of it are still on their way: it is told when they are lost.
   */
  void isLeaving(Session session, OutgoingData out) {
    leaving.add(out);
    if (!session.isOpen()) {
      // It may have told of its close before.
      session.addCloseFutureListener(done -> out.dropAll());
    } else if (hears.compareAndSet(false, true)) {
      // One for all of them, because the library never forgets one.
      session.addCloseFutureListener(done -> leaving.forEach(OutgoingData::dropAll));
    }
  }

  void hasLeft(OutgoingData out) {
    leaving.remove(out);
  }

  int leaving() {
    return leaving.size();
  }

  /** The watch of a connection; null if it has none. */
  static @Nullable SessionWatch of(@Nullable Session session) {
    return session instanceof WatchedSession watched ? watched.watch() : null;
  }

  /** The first call decides; the text may be shown to all. */
  void lostBecause(String text, @Nullable Throwable cause) {
    boolean unused = reason.compareAndSet(null, new Reason(text, cause));
  }

  @Nullable String reason() {
    Reason known = reason.get();
    return known == null ? null : known.text();
  }

  /** What the system has thrown, if it was the system. */
  @Nullable Throwable cause() {
    Reason known = reason.get();
    return known == null ? null : known.cause();
  }

  void breaks() {
    broken = true;
  }

  boolean isBroken() {
    return broken;
  }

  /** Sends a packet of a session's, and counts it if it is an answer. */
  public static IoWriteFuture send(WatchedSession session, Buffer packet, Sending sending)
      throws IOException {
    boolean answer = isAnswer(packet.rawByte(packet.rpos()));
    IoWriteFuture written = sending.send(packet);
    SessionWatch watch = session.watch();
    if (answer && watch != null) {
      watch.count(session, written);
    }
    return written;
  }

  private void count(Session session, IoWriteFuture written) {
    if (written instanceof PendingWriteFuture) {
      int waiting = meanwhile.incrementAndGet();
      IoWriteFuture unused = written.addListener(done -> meanwhile.decrementAndGet());
      if (waiting > MAX_MEANWHILE) {
        session.exceptionCaught(
            new IOException("the peer asks on and on, and does not answer for new keys"));
      }
      return;
    }
    if (answers.incrementAndGet() >= MAX_ANSWERS) {
      suspendOrResume(session.getIoSession());
    }
    IoWriteFuture unused =
        written.addListener(
            done -> {
              if (answers.decrementAndGet() <= MAX_ANSWERS / 2 && suspended) {
                suspendOrResume(session.getIoSession());
              }
            });
  }

  /** Nothing more is read until there is memory for it. */
  void starve(Session session, Memory memory) {
    lock.lock();
    try {
      if (starved) {
        return;
      }
      starved = true;
    } finally {
      lock.unlock();
    }
    suspendOrResume(session.getIoSession());
    memory.whenRoom(() -> feed(session, memory));
  }

  private void feed(Session session, Memory memory) {
    if (session.isOpen() && memory.piece(1) == 0) {
      memory.whenRoom(() -> feed(session, memory));
      return;
    }
    lock.lock();
    try {
      starved = false;
    } finally {
      lock.unlock();
    }
    if (session.isOpen()) {
      suspendOrResume(session.getIoSession());
    }
  }

  private void suspendOrResume(IoSession socket) {
    lock.lock();
    try {
      if (!suspended && (starved || answers.get() >= MAX_ANSWERS)) {
        suspended = true;
        socket.suspendRead();
      }
      // Answers that have left since did not see that reading was suspended.
      if (suspended && !starved && answers.get() <= MAX_ANSWERS / 2) {
        suspended = false;
        socket.resumeRead();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Whether a message is sent because the peer has asked for something other than keys or a login.
   * Credit does not count as an answer: each channel has little of it, and two sides that are full
   * of data for each other, and both wait for their credit to leave, would wait for ever.
   */
  private static boolean isAnswer(int message) {
    return switch (message) {
      case SshConstants.SSH_MSG_UNIMPLEMENTED,
          SshConstants.SSH_MSG_REQUEST_SUCCESS,
          SshConstants.SSH_MSG_REQUEST_FAILURE,
          SshConstants.SSH_MSG_CHANNEL_OPEN_CONFIRMATION,
          SshConstants.SSH_MSG_CHANNEL_OPEN_FAILURE,
          SshConstants.SSH_MSG_CHANNEL_SUCCESS,
          SshConstants.SSH_MSG_CHANNEL_FAILURE ->
          true;
      default -> false;
    };
  }
}
