// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What this process holds open, from Linux's {@code /proc}. */
public final class OpenFiles {

  private static final String LISTENING = "0A";

  private OpenFiles() {}

  /**
   * Sockets, pipes, FIFOs, selectors and the like, without the jars and logs that frameworks open
   * when they please: what each descriptor leads to.
   */
  public static Set<String> channels() throws IOException {
    Set<String> channels = new TreeSet<>();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        try {
          String target = Files.readSymbolicLink(descriptor).toString();
          if (!target.startsWith("/") || target.contains("penstock-test")) {
            // Two descriptors of one target are two.
            channels.add(descriptor.getFileName() + " " + target);
          }
        } catch (NoSuchFileException gone) {
          // The one that lists this folder.
        }
      }
    }
    return channels;
  }

  /** The TCP ports on which this process listens, as {@code /proc} writes them. */
  public static Set<String> listeningPorts() throws IOException {
    Set<String> ours =
        channels().stream()
            .map(line -> line.replaceFirst("^\\d+ ", ""))
            .filter(target -> target.startsWith("socket:["))
            .map(target -> target.replaceAll("\\D", ""))
            .collect(Collectors.toSet());
    List<String> lines = new ArrayList<>(Files.readAllLines(Path.of("/proc/self/net/tcp")));
    lines.addAll(Files.readAllLines(Path.of("/proc/self/net/tcp6")));
    Set<String> ports = new TreeSet<>();
    for (String line : lines) {
      String[] fields = line.strip().split("\\s+");
      if (fields.length > 9 && fields[3].equals(LISTENING) && ours.contains(fields[9])) {
        ports.add(fields[1]);
      }
    }
    return ports;
  }

  /** One of {@link #channels}, with what the system knows of it, if it is a socket. */
  public static String described(String channel) throws IOException {
    String socket = " " + channel.replaceFirst(".*socket:\\[(\\d+)\\].*", "$1") + " ";
    for (String table : List.of("tcp", "tcp6", "unix")) {
      for (String line : Files.readAllLines(Path.of("/proc/self/net", table))) {
        if ((line + " ").contains(socket)) {
          return channel + " (" + table + " " + line.strip() + ")";
        }
      }
    }
    return channel;
  }
}
