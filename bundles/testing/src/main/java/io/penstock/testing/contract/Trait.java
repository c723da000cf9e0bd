// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

/**
 * What the contract allows a kind to lack. Every kind is held to all of them, unless it states
 * {@linkplain Kind#without that it lacks one, and why}.
 */
public enum Trait {
  /** A sink whose reader does not read is full at some time. */
  BOUNDED,
  /**
   * What was written is readable as soon as the write returns. For a kind that lacks it the suites
   * flush what they write where they then count it, and wait for it; they skip nothing.
   */
  IMMEDIATE,
  /**
   * What was written and flushed is readable soon, without a read, and {@code available()} and
   * {@code room()} count it exactly. A durable pipe has it. Of the cases that need it, durability
   * itself forbids only those that need {@link #BY_REFERENCE} as well, {@code
   * giveOvershootsTheBoundOnce} and {@code aMatchBeatsAFullBuffer}: what is given is written down
   * as anything else is, and not beyond the capacity.
   */
  COUNTED,
  /**
   * The room of an empty pipe is its capacity. A kind lacks it that takes only a part of its
   * capacity at a time.
   */
  WHOLE_ROOM,
  /**
   * No other thread carries the bytes on their way, so a sink that has been full for a moment stays
   * so. For a kind that lacks it the suites wait longer, and skip nothing.
   */
  UNAIDED,
  /** Any number of callers may use one end at once, and take turns. */
  MANY_CALLERS,
  /** A given buffer reaches {@code take} without a copy. */
  BY_REFERENCE,
  /** What was accepted and not read yet is pending: flush waits for the reader. */
  FLUSH_SEES_READER,
  /**
   * What a long read has gathered counts as buffered until the read delivers it: for the room, a
   * flush and the close. A kind lacks it whose driver is only asked to read.
   */
  COUNTS_GATHERED,
  /** The sink can tell that the other end was read. */
  READS_SEEN,
  /**
   * Closing the source drops what was not read, with a warning. Without it the next reader goes on.
   */
  CLOSE_DROPS,
  /** Closing the source breaks the writer. */
  CLOSE_BREAKS_WRITER,
  /** Closing the source leaves the writer free to write on: its bytes are dropped. */
  CLOSE_DRAINS,
  /** An abort reaches the reader: what was buffered first, then the cause itself. */
  ABORT_DELIVERED,
  /** An abort is seen by the reader as a failure, never as the end. */
  ABORT_SEEN,
  /** The two ends belong to two channels. */
  TWO_PARTIES,
  /** Each channel has both an input and an output. */
  DUPLEX,
  /** The kind can be listened on. */
  LISTENS,
  /** A connection can fail because there is no listener. */
  CONNECT_REFUSED,
  /** The end of one direction leaves the other open. */
  HALF_CLOSE,
  /** The peer itself says whether it succeeded. */
  VERDICT
}
