// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.nats.impl.link.LinkSettings;
import io.penstock.spi.SecretFile;
import io.penstock.spi.content.Keys;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How a pipe on servers is opened.
 *
 * @param link where the servers are
 * @param name of the pipe on them
 * @param shown the location, for errors
 * @param reads whether there is a reader
 * @param writes whether there is a writer
 * @param takeover whether an earlier one is fenced off
 * @param capacity how many bytes may be written and not released
 * @param keep how many bytes stay behind what was committed
 * @param block how many bytes a record has at most
 * @param window how many bytes may be unacknowledged, and are read ahead
 * @param sync what an acknowledgement has survived
 * @param ackTimeout how long an acknowledgement may take
 * @param replicas on how many servers the bytes are
 * @param renew whether another stream follows an end
 */
public record PipeSettings(
    LinkSettings link,
    String name,
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
    int replicas,
    boolean renew) {
  /** The keys that servers have besides those of every place. */
  public static final Set<String> KEYS =
      Set.of(
          "keep",
          "block",
          "window",
          "sync",
          "ackTimeout",
          "onEnd",
          "replicas",
          "user",
          "passwordFile",
          "tokenFile",
          "tls.trust",
          "tls.trustPasswordFile",
          "tls.key",
          "tls.certificates",
          "tls.keyPasswordFile",
          "tls.serverName",
          "tls.checkName");

  /** What an acknowledgement has survived. */
  public enum Sync {
    /** The servers' files, with a record for each write. */
    EACH,
    /** The servers' files. */
    GROUP,
    /** The servers' memory. */
    NONE
  }

  private static final Set<String> LOGIN = Set.of("user", "passwordFile", "tokenFile");
  private static final List<String> SECRETS = List.of("password", "token");
  private static final int KIB = 1024;
  private static final int MIB = KIB * KIB;
  private static final int MOST_REPLICAS = 5;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,100}");
  private static final String EXPECTED =
      "expected servers and the name of the pipe, such as nats://a:4222,b:4222/orders; the name has"
          + " 1 to 100 letters, digits, - and _";

  /**
   * Reads a location and its keys, but no file.
   *
   * @throws AddressException if the location has another form
   * @throws IllegalArgumentException if a value is not allowed
   */
  public static PipeSettings of(Endpoint location, ChannelOptions options) throws AddressException {
    String text = location.address();
    int slash = text.lastIndexOf('/');
    String name = text.substring(slash + 1);
    if (!text.startsWith("//") || slash < 3 || !NAME.matcher(name).matches()) {
      throw new AddressException(AddressException.Kind.INVALID, location.name(), EXPECTED, null);
    }
    List<String> servers =
        LinkSettings.servers(Arrays.asList(text.substring(2, slash).split(",", -1)));
    Keys keys = new Keys(options);
    Map<String, String> login = new HashMap<>();
    options
        .extra()
        .forEach(
            (key, value) -> {
              if (key.startsWith("tls.") || LOGIN.contains(key)) {
                login.put(key, value);
              }
            });
    Map<String, String> secrets = new HashMap<>();
    for (String key : SECRETS) {
      options.secret(key).ifPresent(value -> secrets.put(key, value));
    }
    return new PipeSettings(
        new LinkSettings(servers, login, secrets),
        name,
        location.name(),
        options.direction().map(each -> each == Direction.INPUT).orElse(true),
        options.direction().map(each -> each == Direction.OUTPUT).orElse(true),
        keys.text("takeover", "false").equals("true"),
        keys.bytes("capacity", "1GiB", 1, Long.MAX_VALUE, "1 byte or more"),
        keys.bytes("keep", "0", 0, Long.MAX_VALUE, "0 or more"),
        (int) keys.bytes("block", "64KiB", 512, MIB - 4 * KIB, "512 bytes to 1020KiB"),
        (int) keys.bytes("window", "4MiB", KIB, 1 << 30, "1KiB to 1GiB"),
        switch (keys.text("sync", "group")) {
          case "each" -> Sync.EACH;
          case "group" -> Sync.GROUP;
          case "none" -> Sync.NONE;
          default -> throw keys.refused("sync", "each, group or none");
        },
        keys.duration("ackTimeout", "30s"),
        replicas(keys),
        switch (keys.text("onEnd", "renew")) {
          case "renew" -> true;
          case "stay" -> false;
          default -> throw keys.refused("onEnd", "renew or stay");
        });
  }

  private static int replicas(Keys keys) {
    String text = keys.text("replicas", "3");
    if (!text.matches("[1-" + MOST_REPLICAS + "]")) {
      throw keys.refused("replicas", "a number from 1 to " + MOST_REPLICAS);
    }
    return Integer.parseInt(text);
  }

  /**
   * The same with the secrets that files have; waits for the disk.
   *
   * @throws AddressException if a file cannot be read
   */
  PipeSettings withSecrets() throws AddressException {
    Map<String, String> options = new HashMap<>(link.options());
    Map<String, String> secrets = new HashMap<>(link.secrets());
    for (String key : SECRETS) {
      String file = options.remove(key + "File");
      if (file != null) {
        try {
          secrets.put(key, SecretFile.read(key + "File", file));
        } catch (IOException e) {
          throw new AddressException(
              AddressException.Kind.ACCESS, shown, String.valueOf(e.getMessage()), e);
        }
      }
    }
    return new PipeSettings(
        new LinkSettings(link.servers(), options, secrets),
        name,
        shown,
        reads,
        writes,
        takeover,
        capacity,
        keep,
        block,
        window,
        sync,
        ackTimeout,
        replicas,
        renew);
  }

  /** The stream that has the bytes. */
  String stream() {
    return "penstock-" + name;
  }

  /** The subject of the bytes. */
  String subject() {
    return "penstock.pipe." + name;
  }

  /** The stream that names the writer and the reader, and says how far the reader is. */
  String keys() {
    return stream() + "-keys";
  }

  /** The subject of one of its keys. */
  String key(String role) {
    return "penstock.key." + name + "." + role;
  }

  /** The subject on which a writer or a reader answers. */
  String own(String role) {
    return "penstock.own." + name + "." + role;
  }
}
