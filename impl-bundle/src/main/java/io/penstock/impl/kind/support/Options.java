// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support;

import io.penstock.channel.ChannelOptions;
import io.penstock.spi.Messages;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/** Reads the options that only some kinds know. */
public final class Options {
  private Options() {}

  /** The text of an option, if it was given. */
  public static Optional<String> text(ChannelOptions options, String key) {
    return Optional.ofNullable(options.extra().get(key));
  }

  /** An option that is on or off. */
  public static boolean flag(ChannelOptions options, String key, boolean fallback) {
    String value = options.extra().get(key);
    if (value == null) {
      return fallback;
    }
    return switch (value.strip()) {
      case "true" -> true;
      case "false" -> false;
      default -> throw refused(key, value, "true or false");
    };
  }

  /** An option with an octal file mode, such as 0660. */
  public static Set<PosixFilePermission> permissions(
      ChannelOptions options, String key, String fallback) {
    String value = options.extra().getOrDefault(key, fallback).strip();
    if (!value.matches("0?[0-7]{3}")) {
      throw refused(key, value, "three octal digits, such as 0660");
    }
    int mode = Integer.parseInt(value, 8);
    StringBuilder letters = new StringBuilder("rwxrwxrwx");
    for (int i = 0; i < letters.length(); i++) {
      if ((mode & (0400 >> i)) == 0) {
        letters.setCharAt(i, '-');
      }
    }
    return PosixFilePermissions.fromString(letters.toString());
  }

  /** The exception for a value that an option does not take. */
  public static IllegalArgumentException refused(String key, String value, String allowed) {
    return Messages.refused(key, value, allowed);
  }
}
