// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import io.penstock.itests.support.Loaders;
import io.penstock.itests.support.OpenFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/** What there is while everything is stopped, and what of it was not there before. */
final class Census {
  private static final long MEBIBYTE = 1 << 20;
  private static final long HEAP_GROWTH = 12 * MEBIBYTE;

  /** Threads that end by themselves, after a minute or so, or come with the first use. */
  private static final List<String> OTHERS =
      List.of(
          "process reaper",
          "ForkJoinPool",
          "Common-Cleaner",
          "Cleaner-",
          "Attach Listener",
          "RMI ",
          "Keep-Alive-Timer",
          "JFR ",
          "C1 ",
          "C2 ",
          "VirtualThread-unparker");

  private static final boolean KARAF = System.getProperty("karaf.home") != null;

  /** How many sockets Pax Exam may open meanwhile, by which it controls a Karaf. */
  private static final int CONTROL = 4;

  private final BundleContext context;
  private final Path folder;
  private final Set<String> channels;
  private final Set<String> ports;
  private final Map<String, Integer> threads;
  private final Map<String, Integer> services;
  private long heap;

  /** Counts what there is now. */
  Census(BundleContext context, Path sockets) throws IOException {
    this.context = context;
    folder = sockets;
    channels = OpenFiles.channels();
    ports = OpenFiles.listeningPorts();
    threads = threads();
    services = services();
    heap = heap();
  }

  /** What is left, in words, once there was time for it to go. */
  List<String> left(Collection<Unit> units, Duration patience)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      List<String> left = now(units);
      if (left.isEmpty() || System.nanoTime() > end) {
        return left;
      }
      // Threads that were told to end do so soon, and the collector needs more than one look.
      new CountDownLatch(1).await(100, TimeUnit.MILLISECONDS);
    }
  }

  private List<String> now(Collection<Unit> units) throws IOException {
    List<String> left = new ArrayList<>();
    Loaders.forgetRecords();
    Loaders.forgetLoadingThreads(context);
    final long used = heap();
    for (Unit each : units) {
      int loaders = each.loadersLeft();
      if (loaders > 0) {
        left.add(loaders + " class loaders of " + each);
      }
    }
    more(threads(), threads).forEach(each -> left.add("thread " + each));
    more(services(), services).forEach(each -> left.add("service " + each));
    Set<String> open = new TreeSet<>(OpenFiles.channels());
    open.removeAll(channels);
    if (KARAF) {
      open.removeIf(each -> each.contains("inotify"));
    }
    List<String> sockets = open.stream().filter(each -> each.contains("socket:")).toList();
    if (KARAF && sockets.size() <= CONTROL) {
      open.removeAll(sockets);
    }
    for (String each : open) {
      left.add("descriptor " + OpenFiles.described(each));
    }
    Set<String> listening = new TreeSet<>(OpenFiles.listeningPorts());
    listening.removeAll(ports);
    listening.forEach(each -> left.add("port " + each));
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(each -> left.add("file " + each));
    }
    if (used > heap + HEAP_GROWTH) {
      left.add("heap of " + used / MEBIBYTE + " MiB, where there were " + heap / MEBIBYTE);
    }
    return left;
  }

  private static List<String> more(Map<String, Integer> now, Map<String, Integer> before) {
    return now.entrySet().stream()
        .filter(each -> each.getValue() > before.getOrDefault(each.getKey(), 0))
        .map(each -> each.getValue() + " x " + each.getKey())
        .toList();
  }

  private static Map<String, Integer> threads() {
    Map<String, Integer> threads = new TreeMap<>();
    for (Thread each : Thread.getAllStackTraces().keySet()) {
      if (OTHERS.stream().noneMatch(each.getName()::startsWith)) {
        threads.merge(each.getName().replaceAll("\\d+", "#"), 1, Integer::sum);
      }
    }
    return threads;
  }

  private Map<String, Integer> services() {
    Map<String, Integer> services = new TreeMap<>();
    try {
      ServiceReference<?>[] all = context.getAllServiceReferences(null, null);
      for (ServiceReference<?> each : all) {
        String[] types = (String[]) each.getProperty(Constants.OBJECTCLASS);
        // Karaf's own come as it goes on to boot.
        if (!types[0].startsWith("org.apache.karaf.")) {
          services.merge(String.join(" ", types), 1, Integer::sum);
        }
      }
    } catch (InvalidSyntaxException impossible) {
      throw new IllegalStateException(impossible);
    }
    return services;
  }

  private static long heap() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
