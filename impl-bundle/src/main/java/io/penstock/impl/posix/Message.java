// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory for one {@code sendmsg} or {@code recvmsg} after the other: {@code struct msghdr}, two
 * {@code struct iovec} and control messages, as x86-64 and AArch64 lay them out. For one caller at
 * a time.
 */
public final class Message {
  /** The most descriptors of one message ({@code SCM_MAX_FD}). */
  public static final int MAX_DESCRIPTORS = 253;

  private static final int NAME = 0;
  private static final int NAME_LENGTH = 8;
  private static final int PARTS = 16;
  private static final int PARTS_LENGTH = 24;
  private static final int CONTROL = 32;
  private static final int CONTROL_LENGTH = 40;
  private static final int FLAGS = 48;
  private static final int FIRST_PART = 56;
  private static final int SECOND_PART = 72;
  private static final int CONTROL_BEGINS = 88;

  /** {@code struct cmsghdr}: its length in eight bytes, a level, a type. */
  private static final int HEADER = 16;

  private static final int INT = 4;
  private static final int ALIGNMENT = 8;

  /** As many descriptors as there can be, and some room for what we have not asked for. */
  private static final int CONTROL_BYTES = HEADER + (MAX_DESCRIPTORS + 1) * INT + 256;

  /** Room for no descriptor: the system says that there are some, and keeps them. */
  private static final int NO_DESCRIPTOR = HEADER;

  private final Posix calls;
  private final ByteBuffer memory =
      ByteBuffer.allocateDirect(CONTROL_BEGINS + CONTROL_BYTES).order(ByteOrder.nativeOrder());
  private final long address;

  /** Memory for messages. */
  public Message(Posix calls) {
    this.calls = calls;
    this.address = calls.address(memory);
  }

  private int send(int fd, int flags) {
    try {
      return calls.sendmsg(fd, address, flags);
    } finally {
      Reference.reachabilityFence(memory);
    }
  }

  private int receive(int fd, int flags) {
    try {
      return calls.recvmsg(fd, address, flags);
    } finally {
      Reference.reachabilityFence(memory);
    }
  }

  private void describe(long bytes, int length, int parts, int control) {
    memory.putLong(NAME, 0).putInt(NAME_LENGTH, 0);
    memory.putLong(PARTS, address + FIRST_PART).putLong(PARTS_LENGTH, parts);
    memory.putLong(FIRST_PART, bytes).putLong(FIRST_PART + 8, length);
    memory
        .putLong(CONTROL, control == 0 ? 0 : address + CONTROL_BEGINS)
        .putLong(CONTROL_LENGTH, control)
        .putInt(FLAGS, 0);
  }

  /**
   * Sends bytes, and copies of descriptors with the first of them. Never waits.
   *
   * @param fds at most {@link #MAX_DESCRIPTORS}
   * @return how many bytes went, or -errno
   */
  public int send(int fd, long bytes, int length, int[] fds) {
    int control = HEADER + fds.length * INT;
    describe(bytes, length, 1, control);
    memory
        .putLong(CONTROL_BEGINS, control)
        .putInt(CONTROL_BEGINS + 8, Linux.SOL_SOCKET)
        .putInt(CONTROL_BEGINS + 12, Linux.SCM_RIGHTS);
    for (int i = 0; i < fds.length; i++) {
      memory.putInt(CONTROL_BEGINS + HEADER + i * INT, fds[i]);
    }
    return send(fd, Linux.MSG_DONTWAIT | Linux.MSG_NOSIGNAL);
  }

  /**
   * Receives bytes, and descriptors that come with them: {@link #received()}. Never waits.
   *
   * @return how many bytes came, 0 at the end, or -errno
   */
  public int receive(int fd, long bytes, int length) {
    describe(bytes, length, 1, CONTROL_BYTES);
    return receive(fd, Linux.MSG_DONTWAIT | Linux.MSG_CMSG_CLOEXEC);
  }

  /**
   * Looks at bytes that are there and leaves them; they go no further than those that descriptors
   * came with. Whether there are descriptors, as far as it looked or behind that, tells {@link
   * #lacksDescriptors()}.
   *
   * @return as {@link #receive}
   */
  public int look(int fd, long bytes, int length) {
    describe(bytes, length, 1, NO_DESCRIPTOR);
    return receive(fd, Linux.MSG_DONTWAIT | Linux.MSG_PEEK);
  }

  /**
   * Looks how many bytes, of {@code length} that are there, were sent before the piece that has the
   * last of them. The last byte is asked for at an address that there is not: the system copies
   * piece by piece, and what it tells of then are the pieces that it could copy whole.
   *
   * @return how many; -EFAULT for none
   */
  public int lookBeforeLast(int fd, long bytes, int length) {
    describe(bytes, length - 1, 2, NO_DESCRIPTOR);
    memory.putLong(SECOND_PART, 0).putLong(SECOND_PART + 8, 1);
    return receive(fd, Linux.MSG_DONTWAIT | Linux.MSG_PEEK);
  }

  /**
   * After a receive or a look, whether there were descriptors that the system did not hand over.
   */
  public boolean lacksDescriptors() {
    return (memory.getInt(FLAGS) & Linux.MSG_CTRUNC) != 0;
  }

  /** The descriptors that came with the last {@link #receive}, all of them the caller's. */
  public List<Integer> received() {
    List<Integer> fds = new ArrayList<>();
    int end =
        CONTROL_BEGINS + (int) Math.max(0, Math.min(CONTROL_BYTES, memory.getLong(CONTROL_LENGTH)));
    int at = CONTROL_BEGINS;
    while (end - at >= HEADER) {
      // A message that claims more than there is ends with what there is.
      int length = (int) Math.max(HEADER, Math.min(end - at, memory.getLong(at)));
      if (memory.getInt(at + 8) == Linux.SOL_SOCKET && memory.getInt(at + 12) == Linux.SCM_RIGHTS) {
        for (int i = HEADER; i + INT <= length; i += INT) {
          fds.add(memory.getInt(at + i));
        }
      }
      at += (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return fds;
  }

  /**
   * Sends a datagram. Never waits.
   *
   * @param name where to: the whole buffer, direct
   * @return how many bytes went, or -errno
   */
  public int sendTo(int fd, ByteBuffer name, long bytes, int length) {
    describe(bytes, length, 1, 0);
    return calls.with(
        name,
        at -> {
          memory.putLong(NAME, at).putInt(NAME_LENGTH, name.limit());
          return send(fd, Linux.MSG_DONTWAIT | Linux.MSG_NOSIGNAL);
        });
  }

  /**
   * Receives a datagram. Never waits.
   *
   * @param name the sender's address is put here, direct; its limit tells how much that is
   * @return how many bytes came, or -errno
   */
  public int receiveFrom(int fd, ByteBuffer name, long bytes, int length) {
    describe(bytes, length, 1, 0);
    int n =
        calls.with(
            name,
            at -> {
              memory.putLong(NAME, at).putInt(NAME_LENGTH, name.capacity());
              return receive(fd, Linux.MSG_DONTWAIT);
            });
    name.clear().limit(Math.min(name.capacity(), memory.getInt(NAME_LENGTH)));
    return n;
  }
}
