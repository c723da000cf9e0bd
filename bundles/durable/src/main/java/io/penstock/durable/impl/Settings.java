// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.spi.content.Keys;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/**
 * How a file is opened.
 *
 * @param path absolute
 * @param shown the location, for errors
 * @param reads whether there is a reader
 * @param writes whether there is a writer
 * @param takeover whether an earlier one is fenced off
 * @param capacity how many bytes may be written and not released
 * @param keep how many bytes stay behind what was committed
 * @param block how many bytes a record has at most
 * @param window how many bytes may be unacknowledged, and are read ahead
 * @param sync when the disk is waited for
 * @param ackTimeout how long an acknowledgement may take
 * @param renew whether another stream follows an end
 */
public record Settings(
    Path path,
    String shown,
    boolean reads,
    boolean writes,
    boolean takeover,
    long capacity,
    long keep,
    int block,
    int window,
    Sync sync,
    Duration ackTimeout,
    boolean renew) {
  /** The keys that a file has besides those of every place. */
  public static final Set<String> KEYS =
      Set.of("keep", "block", "window", "sync", "ackTimeout", "onEnd");

  /** When the disk is waited for. */
  public enum Sync {
    /** After each record. */
    EACH,
    /** Once for all records that came during the last time. */
    GROUP,
    /** Never. */
    NONE
  }

  private static final int KIB = 1024;
  private static final int MIB = KIB * KIB;

  /**
   * Reads a location and its keys.
   *
   * @throws AddressException if the location is no path
   * @throws IllegalArgumentException if a value is not allowed
   */
  public static Settings of(Endpoint location, ChannelOptions options) throws AddressException {
    String text = location.address();
    String file = text.startsWith("///") ? text.substring(2) : text;
    if (file.isBlank() || file.startsWith("//") || file.endsWith("/")) {
      throw invalid(location, "expected the path of a file, such as file:/var/spool/orders", null);
    }
    Path path;
    try {
      path = Path.of(file).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw invalid(location, String.valueOf(e.getMessage()), e);
    }
    Keys keys = new Keys(options);
    return new Settings(
        path,
        location.name(),
        options.direction().map(each -> each == Direction.INPUT).orElse(true),
        options.direction().map(each -> each == Direction.OUTPUT).orElse(true),
        keys.text("takeover", "false").equals("true"),
        keys.bytes("capacity", "1GiB", 1, Long.MAX_VALUE, "1 byte or more"),
        keys.bytes("keep", "0", 0, Long.MAX_VALUE, "0 or more"),
        (int) keys.bytes("block", "64KiB", 512, MIB, "512 bytes to 1MiB"),
        (int) keys.bytes("window", "4MiB", KIB, 1 << 30, "1KiB to 1GiB"),
        switch (keys.text("sync", "group")) {
          case "each" -> Sync.EACH;
          case "group" -> Sync.GROUP;
          case "none" -> Sync.NONE;
          default -> throw keys.refused("sync", "each, group or none");
        },
        keys.duration("ackTimeout", "30s"),
        switch (keys.text("onEnd", "renew")) {
          case "renew" -> true;
          case "stay" -> false;
          default -> throw keys.refused("onEnd", "renew or stay");
        });
  }

  private static AddressException invalid(
      Endpoint location, String why, @org.jspecify.annotations.Nullable Throwable cause) {
    return new AddressException(AddressException.Kind.INVALID, location.name(), why, cause);
  }
}
