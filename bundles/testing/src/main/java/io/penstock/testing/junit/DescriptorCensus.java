// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.junit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The descriptors that are open before a test, where the system shows them. */
final class DescriptorCensus {
  private static final Path FOLDER = Path.of("/proc/self/fd");
  static final long MOMENT_NANOS = 1_000_000;
  private static final Pattern SOCKET = Pattern.compile("socket:\\[(\\d+)]");

  /** What the JDK, JNA and Penstock keep once they have opened it, and the folder looked at. */
  private static final Pattern KEPT =
      Pattern.compile(
          "/proc/.*|/dev/(null|u?random)|.*\\.(jar|jmod|so|so\\.\\d+)|.*/lib/modules"
              + "|(.*/ffi\\w+|/memfd:libffi.*|.*/jna\\d+\\.tmp) \\(deleted\\)");

  private static final boolean WARM = Files.isDirectory(FOLDER) && JdkDescriptors.open();

  private final Map<String, String> before;

  DescriptorCensus() {
    before = WARM ? all() : Map.of();
  }

  private static Map<String, String> all() {
    Map<String, String> all = new TreeMap<>();
    List<Path> links;
    try (Stream<Path> list = Files.list(FOLDER)) {
      links = list.toList();
    } catch (IOException e) {
      throw new IllegalStateException(FOLDER + " cannot be read", e);
    }
    for (Path link : links) {
      String target = target(link);
      if (!KEPT.matcher(target).matches()) {
        all.put(String.valueOf(link.getFileName()), target);
      }
    }
    return all;
  }

  /** What a descriptor is; that of the folder itself if it was closed since the folder was read. */
  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException gone) {
      return FOLDER + "/";
    }
  }

  /**
   * Waits for the descriptors that have come since to be closed.
   *
   * @param deadline as {@link System#nanoTime} tells the time
   * @return those that are still open by then
   */
  List<Throwable> left(long deadline) throws IOException {
    if (!WARM) {
      return List.of();
    }
    Map<String, String> left = fresh();
    // Nothing tells of a descriptor that another thread closes, such as a server of the test class.
    while (!left.isEmpty() && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(MOMENT_NANOS);
      left = fresh();
    }
    List<Throwable> all = new ArrayList<>();
    for (Map.Entry<String, String> each : left.entrySet()) {
      all.add(new Left(each.getKey(), each.getValue() + where(each.getValue())));
    }
    return all;
  }

  private Map<String, String> fresh() {
    Map<String, String> now = all();
    now.entrySet().removeAll(before.entrySet());
    return now;
  }

  /** The ports of a TCP socket, which tell more than its number. */
  private static String where(String target) throws IOException {
    Matcher socket = SOCKET.matcher(target);
    if (!socket.matches()) {
      return "";
    }
    for (String table : List.of("/proc/self/net/tcp", "/proc/self/net/tcp6")) {
      for (String line :
          Files.exists(Path.of(table)) ? Files.readAllLines(Path.of(table)) : List.<String>of()) {
        String[] words = line.strip().split("\\s+", -1);
        if (words.length > 9 && words[9].equals(socket.group(1))) {
          int peer = port(words[2]);
          return ", TCP port " + port(words[1]) + (peer == 0 ? ", listening" : " to port " + peer);
        }
      }
    }
    return "";
  }

  private static int port(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1), 16);
  }

  /** A descriptor; the system does not tell which code has opened it. */
  private static final class Left extends Throwable {
    private static final long serialVersionUID = 1L;

    Left(String number, String target) {
      super("descriptor " + number + " is still open: " + target, null, false, false);
    }
  }
}
