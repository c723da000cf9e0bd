// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Passwords, which come from files. */
public final class Secrets {
  private Secrets() {}

  /**
   * The first line of a file.
   *
   * @param key the option that names the file
   * @throws IOException if it cannot be read or has nothing in it; the message has the path only
   */
  public static String read(String key, Path file) throws IOException {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw new IOException(key + ": " + file + " cannot be read: " + reason(e), e);
    }
    if (lines.isEmpty() || lines.get(0).isEmpty()) {
      throw new IOException(key + ": the first line of " + file + " is empty");
    }
    return lines.get(0);
  }

  /** What to say of a file that cannot be used. */
  public static String reason(IOException e) {
    return e instanceof java.nio.file.NoSuchFileException
        ? "there is no such file"
        : e instanceof java.nio.file.AccessDeniedException
            ? "permission denied"
            : String.valueOf(e.getMessage());
  }
}
