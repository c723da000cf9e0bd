// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

/** What Metatype says of the keys that several configurations have. */
final class Texts {
  private static final String DURATION = " A duration: a number with ms, s, m or h, or ISO-8601;";
  private static final String SIZE = " Bytes, or a number with KiB, MiB or GiB;";

  static final String NAME =
      "What consumers find it by. Text. Default: the part of the PID after ~.";

  static final String READ_TIMEOUT =
      "How long a read that does not bring its own limit may wait."
          + DURATION
          + " 0ms or more. Default: none, which waits for ever. A change reaches live objects and"
          + " those who wait.";

  static final String WRITE_TIMEOUT =
      "How long a write that does not bring its own limit may wait."
          + DURATION
          + " 0ms or more. Default: none, which waits for ever. A change reaches live objects and"
          + " those who wait.";

  static final String READ_BLOCKING =
      "Whether a read that does not bring its own limit waits: true, or false for never, whatever"
          + " the time-out is. Default: true. A change reaches live objects and those who wait.";

  static final String WRITE_BLOCKING =
      "Whether a write that does not bring its own limit waits: true, or false for never, whatever"
          + " the time-out is. Default: true. A change reaches live objects and those who wait.";

  static final String CONNECT_TIMEOUT =
      "How long connecting may take."
          + DURATION
          + " more than 0ms. Default: 10s. A change applies to the next connection.";

  static final String CLOSE_TIMEOUT =
      "How long a close may take to hand over what was accepted for writing."
          + DURATION
          + " 0ms or more. Default: 5s. A change applies to the next connection.";

  static final String RECEIVE_BUFFER =
      "The size asked for of the system's receive buffer."
          + SIZE
          + " 1 byte to 2 GiB. Default: the system's.";

  static final String SEND_BUFFER =
      "The size asked for of the system's send buffer."
          + SIZE
          + " 1 byte to 2 GiB. Default: the system's.";

  static final String SPIN =
      "How long a call that must wait tries again before its thread is parked, on sockets and in"
          + " memory. A duration in ms or ISO-8601, from 0ms to 0.05ms, or 'auto' to have it"
          + " learned. Default: auto.";

  static final String PASSWORD =
      "The password for the login, of kinds that log in, such as ssh. Text. Default: none. It is"
          + " never shown. A change makes a new connection.";

  static final String PASSPHRASE =
      "What opens our private key, of kinds that have one, such as ssh and ssh-listen. Text."
          + " Default: none. It is never shown. A change makes a new connection.";

  private Texts() {}
}
