// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** How a program at the other end of a session has ended. Immutable. Parity CH-28. */
@ProviderType
public final class SshExit {
  private static final SshExit NONE = new SshExit(null, null, false, "");

  private final @Nullable Integer status;
  private final @Nullable String signal;
  private final boolean coreDumped;
  private final String message;

  private SshExit(
      @Nullable Integer status, @Nullable String signal, boolean coreDumped, String message) {
    this.status = status;
    this.signal = signal;
    this.coreDumped = coreDumped;
    this.message = message;
  }

  /**
   * The program has exited.
   *
   * @param status its exit status, as {@link #status()} has it
   * @return how it ended
   */
  public static SshExit of(int status) {
    return new SshExit(status, null, false, "");
  }

  /**
   * A signal has ended the program.
   *
   * @param signal without {@code SIG}
   * @param coreDumped whether it left a core dump
   * @param message what the server says of it; may be empty
   * @return how it ended
   */
  public static SshExit of(String signal, boolean coreDumped, String message) {
    return new SshExit(null, signal, coreDumped, message);
  }

  /**
   * The channel was closed, and the server has not said how the program ended.
   *
   * @return the shared constant
   */
  public static SshExit none() {
    return NONE;
  }

  /**
   * The exit status. Servers send an unsigned number of 32 bits. A number of 2<sup>31</sup> and
   * above, as servers on Windows send, is negative here; {@link Integer#toUnsignedLong} converts it
   * back to the server's number.
   *
   * @return empty if a signal ended it, or nothing was said
   */
  public OptionalInt status() {
    return status == null ? OptionalInt.empty() : OptionalInt.of(status);
  }

  /**
   * The signal that ended it.
   *
   * @return without {@code SIG}; empty if it exited, or nothing was said
   */
  public Optional<String> signal() {
    return Optional.ofNullable(signal);
  }

  /**
   * Whether it left a core dump.
   *
   * @return false also when nothing was said
   */
  public boolean coreDumped() {
    return coreDumped;
  }

  /**
   * The server's message about the signal.
   *
   * @return empty if there is none; chosen by the server
   */
  public String message() {
    return message;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SshExit that
        && status().equals(that.status())
        && signal().equals(that.signal())
        && coreDumped == that.coreDumped
        && message.equals(that.message);
  }

  @Override
  public int hashCode() {
    return status().hashCode() + 31 * signal().hashCode();
  }

  @Override
  public String toString() {
    if (signal != null) {
      return "ended by signal " + signal;
    }
    return status == null ? "no exit status" : "exit status " + Integer.toUnsignedString(status);
  }
}
