// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Words that cannot be guessed. */
final class Secret {
  private static final int BYTES = 24;

  private Secret() {}

  /** A word of 192 random bits, of letters, digits, - and _. */
  static String fresh() {
    byte[] random = new byte[BYTES];
    new SecureRandom().nextBytes(random);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(random);
  }

  /** Whether a word is the secret, in a time that does not tell how much of it is right. */
  static boolean equal(String secret, @Nullable String given) {
    return given != null
        && MessageDigest.isEqual(
            secret.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
  }
}
