// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.util.Objects;
import org.osgi.annotation.versioning.ProviderType;

/** A question for the user of a client. Immutable. */
@ProviderType
public final class SshPrompt {
  private final String text;
  private final boolean echo;

  private SshPrompt(String text, boolean echo) {
    this.text = text;
    this.echo = echo;
  }

  /**
   * Asks for text that may be visible while it is typed.
   *
   * @param text shown to the user, such as {@code "Name: "}
   * @return the question
   */
  public static SshPrompt visible(String text) {
    return new SshPrompt(Objects.requireNonNull(text, "text"), true);
  }

  /**
   * Asks for a secret.
   *
   * @param text shown to the user, such as {@code "Code: "}
   * @return the question
   */
  public static SshPrompt secret(String text) {
    return new SshPrompt(Objects.requireNonNull(text, "text"), false);
  }

  /**
   * The text that is shown to the user.
   *
   * @return the text
   */
  public String text() {
    return text;
  }

  /**
   * Whether the answer may be seen while it is typed.
   *
   * @return false for a secret
   */
  public boolean echo() {
    return echo;
  }

  @Override
  public String toString() {
    return text;
  }
}
