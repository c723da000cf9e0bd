// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import org.osgi.annotation.versioning.ProviderType;

/** What a {@link Handle} refers to, as the operating system tells. Parity UV-13, UV-24. */
@ProviderType
public enum HandleKind {
  /** A TCP connection; becomes a channel. */
  TCP("a TCP connection"),

  /** A TCP socket that is bound, whether it listens yet or not; becomes a listener. */
  TCP_LISTENER("a TCP listener"),

  /** A UDP socket; becomes {@link Datagrams}. */
  UDP("a UDP socket"),

  /** A connected Unix stream socket; becomes a channel. */
  UNIX("a Unix socket"),

  /** A Unix stream socket that is bound, whether it listens yet or not; becomes a listener. */
  UNIX_LISTENER("a Unix listener"),

  /** One end of a pipe or FIFO; becomes a channel of one direction. */
  PIPE("an end of a pipe"),

  /** A regular file; becomes a channel that begins where the file's offset is. */
  FILE("a file"),

  /** A terminal; becomes a channel. */
  TERMINAL("a terminal"),

  /** Anything else, such as a directory: can be lent and closed, but neither opened nor sent. */
  OTHER("a descriptor of another kind");

  private final String text;

  HandleKind(String text) {
    this.text = text;
  }

  /** {@return words for an error or a log} */
  @Override
  public String toString() {
    return text;
  }
}
