// SPDX-License-Identifier: Apache-2.0
package io.penstock.fuzz;

import io.penstock.ssh.impl.Where;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.List;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;

/**
 * Keys and places for the targets that read files of keys; always the same, so that a find repeats.
 */
public final class Keys {
  private static final String KEY_TEXT =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGfJL1wHqY94++Ie/nnii/5T7d1cvRKCqEDHM0Uib7tl";
  private static final String OTHER_TEXT =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDbU521gPJ8GL8dvxTcY/Vsjhha0T37XzASDgobpRapk";
  private static final String STRANGER_TEXT =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN4N5haBrHFdzkwd+BkfM4bD30wLVY6Ze1nrLcFTRrud";

  /** The key that stands for {@code KEY}. */
  public static final PublicKey KEY = key(KEY_TEXT);

  /** A key of nobody's that is in no file. */
  public static final PublicKey STRANGER = key(STRANGER_TEXT);

  /** Where servers are. */
  public static final List<Where> PLACES =
      List.of(
          new Where("me", "host", 22), new Where("me", "host", 2222), new Where("me", "::1", 22));

  private Keys() {}

  private static PublicKey key(String text) {
    try {
      return PublicKeyEntry.parsePublicKeyEntry(text)
          .resolvePublicKey(null, null, PublicKeyEntryResolver.IGNORING);
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A file for one target of one process. */
  public static Path file(String name) {
    try {
      Path file = Files.createTempDirectory("fuzz").resolve(name);
      file.toFile().deleteOnExit();
      file.getParent().toFile().deleteOnExit();
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The input with the keys in the places of their names. */
  public static byte[] put(byte[] data) {
    return new String(data, StandardCharsets.ISO_8859_1)
        .replace("KEY", KEY_TEXT)
        .replace("OTHER", OTHER_TEXT)
        .getBytes(StandardCharsets.ISO_8859_1);
  }
}
