// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The program that a peer has asked for: a command, its variables, a terminal. The peer has chosen
 * all of it, so treat it as data: compare it or pass it on, but never let a shell run it unchecked.
 * Immutable; each {@code with} method returns a changed copy.
 */
@ProviderType
public final class ProgramRequest {
  /** What kind of program. */
  @ProviderType
  public enum Kind {
    /** A command. */
    COMMAND,
    /** The user's shell. */
    SHELL,
    /** A service that both sides know by its name, such as {@code sftp}. */
    SUBSYSTEM
  }

  private final Kind kind;
  private final byte[] text;
  private final Map<String, String> environment;
  private final @Nullable String term;
  private final TerminalSize size;

  private ProgramRequest(
      Kind kind,
      byte[] text,
      Map<String, String> environment,
      @Nullable String term,
      TerminalSize size) {
    this.kind = kind;
    this.text = text;
    this.environment = environment;
    this.term = term;
    this.size = size;
  }

  /**
   * A request without variables and without a terminal.
   *
   * @param kind what kind of program
   * @param text the command, or the name of the subsystem; copied; empty for a shell
   * @return the request
   */
  public static ProgramRequest of(Kind kind, byte[] text) {
    return new ProgramRequest(
        Objects.requireNonNull(kind, "kind"), text.clone(), Map.of(), null, TerminalSize.of(0, 0));
  }

  /**
   * Sets the variables that the peer has sent.
   *
   * @param variables by name; copied, and replace those before
   * @return a changed copy
   */
  public ProgramRequest withEnvironment(Map<String, String> variables) {
    return new ProgramRequest(
        kind, text, Collections.unmodifiableMap(new TreeMap<>(variables)), term, size);
  }

  /**
   * Says that the peer wants a terminal.
   *
   * @param type as the variable {@code TERM} names it; may be empty
   * @param present its size
   * @return a changed copy
   */
  public ProgramRequest withTerminal(String type, TerminalSize present) {
    return new ProgramRequest(
        kind,
        text,
        environment,
        Objects.requireNonNull(type, "type"),
        Objects.requireNonNull(present, "present"));
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
   * The command, or the name of the subsystem, as the peer sent it.
   *
   * @return read-only, of its own position; empty for a shell
   */
  public ByteBuffer bytes() {
    return ByteBuffer.wrap(text).asReadOnlyBuffer();
  }

  /**
   * The variables that the peer has sent.
   *
   * @return by name, sorted, unmodifiable
   */
  public Map<String, String> environment() {
    return environment;
  }

  /**
   * The type of the terminal that the peer wants.
   *
   * @return empty if it wants none
   */
  public Optional<String> term() {
    return Optional.ofNullable(term);
  }

  /**
   * The size of that terminal.
   *
   * @return all zero if it wants none
   */
  public TerminalSize size() {
    return size;
  }

  /** {@return its kind, without any text that the peer has chosen} */
  @Override
  public String toString() {
    return term == null ? kind.toString() : kind + " with a terminal";
  }
}
