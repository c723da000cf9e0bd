// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What was asked of the servers was refused, or not answered. */
public final class LinkException extends IOException {
  private static final long serialVersionUID = 1L;
  private static final Duration FORBIDDEN = Duration.ofSeconds(5);

  /** A refusal has a number above 0. */
  private final Kind kind;

  private final int code;

  /** What has come of it. */
  public enum Kind {
    /** There is no connection, or it was lost meanwhile. */
    DOWN,
    /** Nobody answers for it now, such as a stream without a leader. */
    NO_RESPONDERS,
    /** No answer has come in time. */
    NO_ANSWER,
    /** The rights do not allow to ask. */
    DENIED,
    /** The server has refused; {@link #code()} says why. */
    REFUSED
  }

  /** Makes one. */
  public LinkException(Kind kind, int code, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.code = code;
  }

  /**
   * How long to wait before it is asked again. What the rights do not allow is a line in the log of
   * the servers each time.
   *
   * @param usual what is waited after other failures
   */
  public static Duration pause(Throwable failure, Duration usual) {
    return failure instanceof LinkException why && why.kind == Kind.DENIED ? FORBIDDEN : usual;
  }

  /** What has come of it. */
  public Kind kind() {
    return kind;
  }

  /** The server's number of the error; 0 if it has not answered. */
  public int code() {
    return code;
  }
}
