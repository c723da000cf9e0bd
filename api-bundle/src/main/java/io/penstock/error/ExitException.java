// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** The program at the other end has ended without success. Parity CH-28. */
@ProviderType
public final class ExitException extends StreamException {
  private static final long serialVersionUID = 1L;

  /** The status that {@code ssh} uses when it does not know the real one. */
  private static final int UNKNOWN = 255;

  /** The status. */
  private final int status;

  /** Whether the other end has said how the program ended. */
  private final boolean stated;

  /** The signal. */
  private final @Nullable String signal;

  /** Whether there is a core dump. */
  private final boolean coreDumped;

  /**
   * Makes the exception.
   *
   * @param stream the name of the channel
   * @param status the exit status; 128 + n for a program ended by signal n
   * @param what for the message, such as {@code exited with status 7}
   */
  public ExitException(String stream, int status, String what) {
    this(stream, status, true, null, false, what);
  }

  private ExitException(
      String stream,
      int status,
      boolean stated,
      @Nullable String signal,
      boolean coreDumped,
      String what) {
    super(stream, 0, stream + ": " + what);
    this.status = status;
    this.stated = stated;
    this.signal = signal;
    this.coreDumped = coreDumped;
  }

  /**
   * A signal has ended the program.
   *
   * @param stream the name of the channel
   * @param status 128 + n for signal n, 255 where its number is not known
   * @param signal its name without {@code SIG}
   * @param coreDumped whether there is a core dump
   * @param what for the message, such as {@code was ended by signal TERM}
   * @return the exception
   */
  public static ExitException bySignal(
      String stream, int status, String signal, boolean coreDumped, String what) {
    return new ExitException(stream, status, true, signal, coreDumped, what);
  }

  /**
   * The program has ended, and the other end has not said how.
   *
   * @param stream the name of the channel
   * @param what for the message
   * @return the exception, with the status 255
   */
  public static ExitException unstated(String stream, String what) {
    return new ExitException(stream, UNKNOWN, false, null, false, what);
  }

  /**
   * The exit status.
   *
   * @return 128 + n for a program ended by signal n; 255 if nothing more is known
   */
  public int status() {
    return status;
  }

  /**
   * Whether the other end has said how the program ended.
   *
   * @return false if it is only known that the program has ended
   */
  public boolean stated() {
    return stated;
  }

  /**
   * The signal that has ended the program.
   *
   * @return its name without {@code SIG}; empty if it exited, or nothing was said
   */
  public Optional<String> signal() {
    return Optional.ofNullable(signal);
  }

  /**
   * Whether the program has left a core dump.
   *
   * @return false also when nothing was said
   */
  public boolean coreDumped() {
    return coreDumped;
  }
}
