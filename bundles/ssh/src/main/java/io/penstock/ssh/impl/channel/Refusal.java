// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import java.io.IOException;

/** Why the peer may not open a channel, as it is told. */
public final class Refusal extends IOException {
  private static final long serialVersionUID = 1L;

  /** The code. */
  private final int code;

  /**
   * A reason.
   *
   * @param code as RFC 4254 has it
   * @param text for the reader of the peer's log
   */
  public Refusal(int code, String text) {
    super(text);
    this.code = code;
  }

  /** The code. */
  public int code() {
    return code;
  }
}
