// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/** A password or a token in a file: the first line. Stateless. */
@ProviderType
public final class SecretFile {
  private SecretFile() {}

  /**
   * Reads it; waits for the disk.
   *
   * @param key the option that names the file, for errors
   * @param file its path
   * @return the first line, without what ends it; never empty
   * @throws IOException if the file cannot be read as UTF-8, or has nothing in its first line; the
   *     message has the key and the path, and nothing of what is in the file
   */
  public static String read(String key, String file) throws IOException {
    String line;
    try (BufferedReader reader = Files.newBufferedReader(Path.of(file))) {
      line = reader.readLine();
    } catch (IOException | InvalidPathException e) {
      throw new IOException(key + ": " + file + " cannot be read: " + reason(e), e);
    }
    if (line == null || line.isEmpty()) {
      throw new IOException(key + ": the first line of " + file + " is empty");
    }
    return line;
  }

  private static String reason(Exception e) {
    return e instanceof NoSuchFileException
        ? "there is no such file"
        : e instanceof AccessDeniedException
            ? "permission denied"
            : e instanceof CharacterCodingException
                ? "it is not UTF-8"
                : String.valueOf(e.getMessage());
  }
}
