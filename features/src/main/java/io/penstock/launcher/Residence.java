// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.service.log.admin.LoggerContext;

/** A container that stays: configured from a folder, with a shell when there is a terminal. */
final class Residence {
  private static final int FAILURE = 1;
  private static final int BAD_ARGUMENTS = 2;

  private final Container container;
  private final PrintStream out;

  /**
   * Creates one.
   *
   * @param container a container with its core started and the other bundles installed
   * @param out the standard output, for a shell
   */
  Residence(Container container, PrintStream out) {
    this.container = container;
    this.out = out;
  }

  /**
   * Starts the bundles besides the core and waits until the framework stops.
   *
   * @param options {@code conf} and {@code log}, both optional
   * @return the exit status
   */
  int apply(Map<String, String> options) {
    try {
      String folder = options.get("conf");
      if (folder != null) {
        // The framework looks up what it was not told at its creation among the system properties.
        System.setProperty("configurator.initial", configurations(Path.of(folder)));
      }
    } catch (IOException e) {
      System.err.println("penstock: " + e.getMessage());
      return BAD_ARGUMENTS;
    }
    try {
      stay(options.getOrDefault("log", "warn"));
      return 0;
    } catch (BundleException e) {
      System.err.println("penstock: " + e.getMessage());
      return FAILURE;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return FAILURE;
    }
  }

  private void stay(String log) throws BundleException, InterruptedException {
    BundleContext context = container.context();
    System.setProperty(LoggerContext.LOGGER_CONTEXT_DEFAULT_LOGLEVEL, log.toUpperCase(Locale.ROOT));
    new LogPrinter(context).open();
    container.startBundles(Container.RUN);
    if (isTerminal()) {
      System.setOut(out);
      container.startBundles(Container.CONSOLE);
    }
    List<String> unresolved = new Diagnosis(context).unresolvedBundles();
    unresolved.forEach(phrase -> System.err.println("penstock: " + phrase));
    container.awaitStop();
  }

  /** The URLs of the folder's JSON files, in name order, as the Configurator wants them. */
  private static String configurations(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IOException("--conf " + folder + ": not a folder");
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().endsWith(".json"))
          .sorted()
          // A comma separates the URLs.
          .map(file -> file.toUri().toASCIIString().replace(",", "%2C"))
          .collect(Collectors.joining(","));
    }
  }

  // From JDK 22 on there is a console without a terminal too, unless jdk.console names the old one.
  @SuppressWarnings("SystemConsoleNull")
  private static boolean isTerminal() {
    System.setProperty("jdk.console", "java.base");
    return System.console() != null;
  }
}
