// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

/** Descriptions of keys that several configurations have. */
final class Texts {
  private static final String DURATION = " A duration: a number with ms, s, m or h, or ISO-8601;";
  private static final String SIZE = " Bytes, or a number with KiB, MiB or GiB;";

  /** The largest number that a key of type Integer can have. */
  static final String MOST = "2147483647";

  static final String NAME =
      "The name that consumers find it by. Text. Default: the part of the PID after ~.";

  private static final String LIMIT =
      DURATION
          + " 0ms or more. Default: none, which waits for ever. A change reaches live objects and"
          + " calls that wait.";

  private static final String BLOCKING =
      " that does not bring its own limit waits: true, or false for never, whatever the time-out"
          + " is. A change reaches live objects and calls that wait.";

  private static final String BUFFER =
      SIZE + " 1 byte to 2 GiB; the system may give another size. Default: the system's.";

  private static final String SECRET =
      " Default: none. It is in no log, endpoint, service property or text of an object. A change"
          + " makes a new connection.";

  static final String READ_TIMEOUT =
      "How long a read that does not bring its own limit may wait." + LIMIT;

  static final String WRITE_TIMEOUT =
      "How long a write that does not bring its own limit may wait." + LIMIT;

  static final String READ_BLOCKING = "Whether a read" + BLOCKING;

  static final String WRITE_BLOCKING = "Whether a write" + BLOCKING;

  static final String CONNECT_TIMEOUT =
      "How long connecting may take."
          + DURATION
          + " more than 0ms. A change applies to the next connection.";

  static final String CLOSE_TIMEOUT =
      "How long a close may take to hand over what was accepted for writing. What is left then is"
          + " dropped, and the peer sees a cut in place of the end where its kind can tell one."
          + DURATION
          + " 0ms or more. A change applies to the next connection.";

  static final String RECEIVE_BUFFER =
      "The size asked for of the system's receive buffer." + BUFFER;

  static final String SEND_BUFFER = "The size asked for of the system's send buffer." + BUFFER;

  static final String SPIN =
      "How long a call that must wait tries again before its thread is parked, on sockets and in"
          + " memory. A duration in ms or ISO-8601, from 0ms, which parks it at once, to 0.05ms, or"
          + " 'auto' to have it learned.";

  static final String PASSWORD =
      "The password for the login, of kinds that log in, such as ssh. Text." + SECRET;

  static final String PASSPHRASE =
      "The passphrase of our private key, of kinds that have one, such as ssh and ssh-listen. Text."
          + SECRET;

  private Texts() {}
}
