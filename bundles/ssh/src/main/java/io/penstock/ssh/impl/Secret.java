// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import io.penstock.channel.ChannelOptions;
import io.penstock.spi.SecretFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A password or a passphrase: in a file, or given as a secret. Immutable, and in no text. */
public final class Secret {
  private final String key;
  private final @Nullable Path file;
  private final @Nullable String value;

  private Secret(String key, @Nullable Path file, @Nullable String value) {
    this.key = key;
    this.file = file;
    this.value = value;
  }

  /**
   * Of the options: the secret of that name, or the file of the option {@code NAME-file}.
   *
   * @throws IllegalArgumentException if both are given
   */
  public static Optional<Secret> of(String key, Given given, ChannelOptions options) {
    Optional<Path> file = given.path(key + "-file");
    Optional<String> value = options.secret(key);
    if (file.isPresent() && value.isPresent()) {
      throw new IllegalArgumentException(
          key + ": it is given, and " + key + "-file, too; expected one of them");
    }
    return file.isEmpty() && value.isEmpty()
        ? Optional.empty()
        : Optional.of(new Secret(key, file.orElse(null), value.orElse(null)));
  }

  /**
   * The secret itself.
   *
   * @throws IOException if the file cannot be read or has nothing in its first line; the message
   *     has the path only
   */
  public String read() throws IOException {
    if (file == null) {
      return Objects.requireNonNull(value);
    }
    return SecretFile.read(key + "-file", file.toString());
  }

  /** What to say of a file that cannot be used. */
  public static String reason(IOException e) {
    return e instanceof java.nio.file.NoSuchFileException
        ? "there is no such file"
        : e instanceof java.nio.file.AccessDeniedException
            ? "permission denied"
            : String.valueOf(e.getMessage());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Secret secret
        && key.equals(secret.key)
        && Objects.equals(file, secret.file)
        && Objects.equals(value, secret.value);
  }

  @Override
  public int hashCode() {
    return Objects.hash(key, file);
  }

  /** {@return where it comes from} */
  @Override
  public String toString() {
    return file == null
        ? "the " + key + " that was given"
        : "the " + key + " of " + key + "-file " + file;
  }
}
