// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.osgi.annotation.versioning.ProviderType;

/** The program that a client asks for. Immutable. */
@ProviderType
public final class SshRequest {
  /** What kind of program. */
  @ProviderType
  public enum Kind {
    /** A command. */
    EXEC,
    /** The user's shell. */
    SHELL,
    /** A subsystem by its name. */
    SUBSYSTEM
  }

  private final Kind kind;
  private final byte[] command;

  private SshRequest(Kind kind, byte[] command) {
    this.kind = kind;
    this.command = command;
  }

  /**
   * Makes a request.
   *
   * @param kind what kind of program
   * @param command the command or the name of the subsystem; empty for a shell
   * @return the request
   */
  public static SshRequest of(Kind kind, byte[] command) {
    return new SshRequest(kind, command.clone());
  }

  /**
   * What kind of program is asked for.
   *
   * @return the kind
   */
  public Kind kind() {
    return kind;
  }

  /**
   * The command, or the name of the subsystem, as the client sent it.
   *
   * @return read-only, of its own position; empty for a shell
   */
  public ByteBuffer bytes() {
    return ByteBuffer.wrap(command).asReadOnlyBuffer();
  }

  /**
   * The same as text.
   *
   * @return decoded as UTF-8, with replacement characters where it is none
   */
  public String text() {
    return new String(command, StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return kind == Kind.SHELL
        ? "shell"
        : kind.name().toLowerCase(java.util.Locale.ROOT) + " " + text();
  }
}
