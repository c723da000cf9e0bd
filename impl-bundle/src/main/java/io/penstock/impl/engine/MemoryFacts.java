// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.stream.Units;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;

/** What this process may have of memory and descriptors. */
public final class MemoryFacts {
  /** Outside the heap there is so much in any case. */
  static final long CERTAIN = 4 << 20;

  private static final String DIRECT = "-XX:MaxDirectMemorySize=";

  /** What a connection weighs in the heap beside its buffers, counted high. */
  private static final long CONNECTION_BYTES = 8 * 1024;

  /** The part of the heap for connections. */
  private static final int SHARE = 4;

  /** Descriptors that are left for others. */
  private static final long SPARE = 16;

  /** Fewer free ones than this part of all are few. */
  private static final int FEW = 4;

  private static final int LEAST = 4;
  private static final Path LIMITS = Path.of("/proc/self/limits");
  private static final Path OPEN = Path.of("/proc/self/fd");

  private MemoryFacts() {}

  /** How many bytes Java may have outside the heap. Slow at first. */
  static long direct() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith(DIRECT))
        .reduce((first, second) -> second)
        .map(argument -> size(argument.substring(DIRECT.length())))
        .filter(bytes -> bytes > 0)
        .orElse(Runtime.getRuntime().maxMemory());
  }

  /** A size as the virtual machine takes it; 0 for one that it would not. */
  static long size(String text) {
    String upper = text.toUpperCase(Locale.ROOT);
    try {
      return Units.bytes(upper.matches("\\d+[KMG]") ? upper + "iB" : upper);
    } catch (IllegalArgumentException e) {
      return 0;
    }
  }

  /**
   * How many connections there may be at once if it is not configured: as many as a quarter of the
   * heap holds at 8 KiB each, and as the descriptors suffice for.
   *
   * @param descriptors how many each needs at the most
   */
  public static int connections(int descriptors) {
    long fit = Runtime.getRuntime().maxMemory() / SHARE / CONNECTION_BYTES;
    long free = freeDescriptors();
    return (int) Math.max(LEAST, Math.min(fit, (free - SPARE) / descriptors));
  }

  /** Whether fewer than a quarter of the descriptors are free. Reads a folder. */
  public static boolean descriptorsAreScarce() {
    return scarce(maxDescriptors(), descriptors());
  }

  static boolean scarce(long most, long open) {
    return most >= 0 && open >= 0 && most - open < most / FEW;
  }

  /** How many more descriptors the process may open; very many where nothing says. */
  private static long freeDescriptors() {
    long most = maxDescriptors();
    long open = descriptors();
    return most < 0 || open < 0 ? Integer.MAX_VALUE : most - open;
  }

  /** How many descriptors are open; below 0 where nothing says. */
  public static long descriptors() {
    try (Stream<Path> open = Files.list(OPEN)) {
      return open.count();
    } catch (IOException | RuntimeException e) {
      return -1;
    }
  }

  /** How many descriptors may be open; below 0 where nothing says, or that is unlimited. */
  public static long maxDescriptors() {
    try (Stream<String> lines = Files.lines(LIMITS)) {
      return lines
          .filter(line -> line.startsWith("Max open files"))
          .map(line -> line.trim().split("\\s+", -1)[3])
          .filter(soft -> !soft.equals("unlimited"))
          .findFirst()
          .map(Long::parseLong)
          .orElse(-1L);
    } catch (IOException | RuntimeException e) {
      return -1;
    }
  }
}
