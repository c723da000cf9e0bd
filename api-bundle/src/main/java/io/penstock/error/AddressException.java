// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** An address cannot be used, and why. Parity UV-03, UV-07. */
@ProviderType
public final class AddressException extends StreamException {
  private static final long serialVersionUID = 1L;

  /** Why an address cannot be used. */
  @ProviderType
  public enum Kind {
    /** Another listener has this address, or a file of that name exists. */
    IN_USE("is in use"),
    /** No such host, path or name. */
    NOT_FOUND("was not found"),
    /** Permission denied. */
    ACCESS("is not accessible"),
    /** There is no listener at this address. */
    REFUSED("refused the connection"),
    /** Longer than the system allows; it is never cut. */
    NAME_TOO_LONG("has a name that is too long"),
    /** Not of the form that the scheme asks for. */
    INVALID("is not valid"),
    /** The channel is not connected. */
    NOT_CONNECTED("is not connected"),
    /** The name is taken, or the operation was already done. */
    ALREADY("is there already");

    private final String text;

    Kind(String text) {
      this.text = text;
    }
  }

  /** Why. */
  private final Kind kind;

  /** What was found and expected. */
  private final String detail;

  /**
   * Makes the exception.
   *
   * @param kind why
   * @param address the address as the user gave it, without secrets
   * @param detail what was found and what was expected, or the system's reason
   * @param cause the system's exception, if there is one
   */
  public AddressException(Kind kind, String address, String detail, @Nullable Throwable cause) {
    super(address, 0, address + " " + kind.text + (detail.isEmpty() ? "" : ": " + detail), cause);
    this.kind = kind;
    this.detail = detail;
  }

  /**
   * Why the address cannot be used.
   *
   * @return the kind
   */
  public Kind kind() {
    return kind;
  }

  /**
   * What was found and what was expected, or the system's reason.
   *
   * @return empty if there is nothing more to tell
   */
  public String detail() {
    return detail;
  }
}
