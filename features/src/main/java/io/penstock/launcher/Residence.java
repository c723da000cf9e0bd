// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleException;
import org.osgi.service.log.LogLevel;
import org.osgi.service.log.admin.LoggerContext;

/** Makes the container stay: configured from a folder, with a shell if that is installed. */
final class Residence implements Function<Map<String, String>, Integer> {
  private static final int SUCCESS = 0;
  private static final int FAILURE = 1;
  private static final int BAD_ARGUMENTS = 2;

  /** Where the bundle of the operator's page looks for its address. */
  private static final String PAGE = "io.penstock.page";

  /** Where the bundle of the operators' commands looks for the path of its socket. */
  private static final String CONTROL = "io.penstock.control.socket";

  private final Container container;
  private final @Nullable PrintStream terminal;

  /**
   * Creates one.
   *
   * @param container a container with its core started and the other bundles installed
   * @param terminal where a shell writes, if there is a terminal for one
   */
  Residence(Container container, @Nullable PrintStream terminal) {
    this.container = container;
    this.terminal = terminal;
  }

  /**
   * Starts the bundles besides the core, waits until the framework has stopped and ends the virtual
   * machine: by then no class can be loaded from a bundle, so there is no way back to the caller.
   *
   * @param options {@code conf}, {@code control}, {@code log} and {@code page}, all optional
   * @return the exit status, when the container could not be started
   */
  @Override
  public Integer apply(Map<String, String> options) {
    try {
      String folder = options.get("conf");
      String page = options.get("page");
      if (page != null) {
        System.setProperty(PAGE, page);
      }
      String control = options.get("control");
      if (control != null) {
        System.setProperty(CONTROL, control);
      }
      String log = options.getOrDefault("log", "warn").toUpperCase(Locale.ROOT);
      if (folder == null) {
        start(null, LogLevel.valueOf(log));
      } else {
        ConfigurationsWatch watch = ConfigurationsWatch.of(Path.of(folder));
        Configurations configurations = Configurations.in(Path.of(folder));
        start(configurations, LogLevel.valueOf(log));
        if (watch != null) {
          watch.start(configurations);
        }
      }
    } catch (IOException e) {
      System.err.println("penstock: --conf " + e.getMessage());
      return BAD_ARGUMENTS;
    } catch (BundleException e) {
      System.err.println("penstock: " + e.getMessage());
      return FAILURE;
    }
    try {
      container.awaitStop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return FAILURE;
    }
    System.exit(SUCCESS);
    return SUCCESS;
  }

  private void start(@Nullable Configurations configurations, LogLevel level)
      throws BundleException, IOException {
    // The framework looks up what it was not told at its creation among the system properties.
    System.setProperty(LoggerContext.LOGGER_CONTEXT_DEFAULT_LOGLEVEL, level.name());
    StandardErrorLogging.withTimes();
    StandardErrorLogging.threshold(LogPrinter.level(level));
    new LogPrinter(container.context()).open();
    container.startBundles(Container.RUN);
    if (configurations != null) {
      configurations.install(container.context());
    }
    if (terminal != null) {
      System.setOut(terminal);
      container.startBundles(Container.CONSOLE);
    }
    container.startBundles(Container.SHELL);
    container.startBundles(Container.PAGE);
    for (String phrase : new Diagnosis(container).unresolvedBundles()) {
      System.err.println("penstock: " + phrase);
    }
  }
}
