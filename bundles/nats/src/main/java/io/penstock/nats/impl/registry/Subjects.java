// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import io.penstock.remote.spi.RemoteEntry;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** The subjects of the registry. What a container may do is a matter of these. */
final class Subjects {
  /** The stream of the entries; a bucket by the convention of the clients. */
  static final String STREAM = "KV_penstock-endpoints";

  /** What all subjects of entries begin with. */
  static final String ENTRIES = "$KV.penstock-endpoints.";

  private static final String BEATS = "penstock.beat.";
  private static final String PROBES = "penstock.probe.";
  private static final HexFormat HEX = HexFormat.of().withUpperCase();
  private static final int PARTS = 3;

  private Subjects() {}

  /** Where a subject stands for an entry. */
  record Place(String name, String key) {}

  /** The subject of an entry. */
  static String of(RemoteEntry entry) {
    return ENTRIES + encode(entry.name()) + "." + entry.node() + "." + entry.id();
  }

  /** All entries of a name. */
  static String named(String name) {
    return ENTRIES + encode(name) + ".>";
  }

  /** All entries of a node. */
  static String ofNode(String node) {
    return ENTRIES + "*." + node + ".*";
  }

  /** The signs of life of a node. */
  static String beat(String node) {
    return BEATS + node;
  }

  /** The questions to a node. */
  static String probe(String node) {
    return PROBES + node;
  }

  /** Reads the subject of an entry; null if it is none. */
  static @Nullable Place place(String subject) {
    if (!subject.startsWith(ENTRIES)) {
      return null;
    }
    String[] parts = subject.substring(ENTRIES.length()).split("\\.", -1);
    if (parts.length != PARTS) {
      return null;
    }
    try {
      String name = decode(parts[0]);
      return encode(name).equals(parts[0]) ? new Place(name, parts[1] + "/" + parts[2]) : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** A name as one part of a subject: what subjects do not allow, byte by byte in hexadecimal. */
  static String encode(String name) {
    StringBuilder made = new StringBuilder();
    for (byte each : name.getBytes(StandardCharsets.UTF_8)) {
      if (isPlain(each)) {
        made.append((char) each);
      } else {
        made.append('=').append(HEX.toHexDigits(each));
      }
    }
    return made.toString();
  }

  private static boolean isPlain(byte each) {
    return (each >= 'a' && each <= 'z')
        || (each >= 'A' && each <= 'Z')
        || (each >= '0' && each <= '9')
        || each == '-'
        || each == '_';
  }

  private static String decode(String part) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < part.length(); i++) {
      if (part.charAt(i) == '=') {
        if (i + 2 >= part.length()) {
          throw new IllegalArgumentException(part);
        }
        bytes.write(HexFormat.fromHexDigits(part, i + 1, i + PARTS));
        i += 2;
      } else {
        bytes.write(part.charAt(i));
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
