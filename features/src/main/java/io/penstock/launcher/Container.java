// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.apache.felix.framework.FrameworkFactory;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;

/**
 * A framework with a cache of its own in the folder for temporary files, and the bundles in the
 * jar.
 *
 * <p>Thread-safe as far as {@link #close()} goes, which a shutdown hook calls while the main thread
 * may be anywhere.
 */
final class Container {
  /** The bundles that every command line needs. */
  static final String CORE = "core";

  /** The bundles for connections over SSH. */
  static final String SSH = "ssh";

  /** The bundles that find endpoints in other containers. */
  static final String REMOTE = "remote";

  /** The bundles for pipes that survive. */
  static final String DURABLE = "durable";

  /** The bundles that a container needs to stay. */
  static final String RUN = "run";

  /** The bundles that run commands, for a terminal and for those who log in. */
  static final String SHELL = "shell";

  /** The bundles that take the terminal for a shell; others use their classes. */
  static final String CONSOLE = "console";

  /** The operator's page. */
  static final String PAGE = "page";

  private static final String ALL = "bundles/";

  /** How long a bundle that does not stop may hold up the end of the process. */
  private static final long STOP_MILLIS = TimeUnit.SECONDS.toMillis(5);

  /**
   * Packages that the bundles share with the launcher, or that no bundle has to bring:
   * specification packages are small, and one bundle less is time saved at every start.
   */
  private static final String SHARED_PACKAGES =
      String.join(
          ",",
          "org.osgi.service.component;version=1.5",
          "org.osgi.service.component.runtime;version=1.5",
          "org.osgi.service.component.runtime.dto;version=1.5",
          "org.osgi.service.log;version=1.5",
          "org.osgi.service.log.admin;version=1.0",
          "org.osgi.util.function;version=1.2",
          "org.osgi.util.promise;version=1.3",
          // The launcher reads configurations as the Configurator does.
          "org.apache.felix.cm.json.io;version=1.0",
          // Native calls before Java 22.
          "com.sun.jna;version=5.19",
          "org.osgi.util.converter;version=1.0.8");

  private final Framework framework;
  private final Path cache;
  private final Map<String, List<Bundle>> installed = new HashMap<>();
  private final List<Bundle> unresolved = new ArrayList<>();
  private volatile boolean closing;

  private Container(Framework framework, Path cache) {
    this.framework = framework;
    this.cache = cache;
  }

  /**
   * Makes the container and its cache.
   *
   * @param shell whether the shell is to run in it, which reads its scripts by {@code bundle:} URLs
   * @throws IOException if the cache cannot be made
   */
  static Container create(boolean shell) throws IOException {
    Path cache = Files.createTempDirectory("penstock-");
    Map<String, String> settings = new HashMap<>();
    settings.put(Constants.FRAMEWORK_STORAGE, cache.toString());
    settings.put(Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA, SHARED_PACKAGES);
    settings.put("felix.service.urlhandlers", String.valueOf(shell));
    // The cache is nobody else's, and the launcher has the only shutdown hook.
    settings.put("felix.cache.locking", "false");
    settings.put("felix.shutdown.hook", "false");
    settings.put("felix.log.level", "1");
    // The launcher prints the product's lines itself, at the levels of --log.
    settings.put("io.penstock.log", "system");
    settings.put("ds.loglevel", "error");
    return new Container(new FrameworkFactory().newFramework(settings), cache);
  }

  /**
   * Installs the bundles of a folder, in name order.
   *
   * @param folder the folder under {@code bundles/}
   * @throws BundleException if the framework refuses one
   * @throws IOException if the jar cannot be read
   */
  void install(String folder) throws BundleException, IOException {
    if (framework.getState() == Bundle.INSTALLED || framework.getState() == Bundle.RESOLVED) {
      framework.init();
    }
    BundleContext context = framework.getBundleContext();
    String prefix = ALL + folder + "/";
    List<Bundle> bundles = new ArrayList<>();
    try (JarFile jar = new JarFile(ownJar())) {
      List<JarEntry> entries =
          jar.stream()
              .filter(e -> e.getName().startsWith(ALL) && e.getName().endsWith(".jar"))
              .filter(e -> e.getName().startsWith(prefix))
              .sorted(Comparator.comparing(JarEntry::getName))
              .toList();
      for (JarEntry entry : entries) {
        try (InputStream bytes = jar.getInputStream(entry)) {
          bundles.add(context.installBundle("penstock:" + entry.getName(), bytes));
        }
      }
    }
    installed.put(folder, bundles);
  }

  /**
   * Whether the jar has bundles in a folder.
   *
   * @param folder the folder under {@code bundles/}
   */
  static boolean has(String folder) {
    return Container.class.getResource("/" + ALL + folder + "/") != null;
  }

  private static File ownJar() throws IOException {
    try {
      return new File(Container.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IOException("cannot find the jar that the launcher is in", e);
    }
  }

  /**
   * Starts the framework, without the bundles in it.
   *
   * @throws BundleException if the framework does not start
   */
  void start() throws BundleException {
    framework.start();
  }

  /** The framework's own context, once a bundle was installed. */
  BundleContext context() {
    return framework.getBundleContext();
  }

  /**
   * Starts the bundles of a folder, in name order. One that cannot be resolved is left alone and
   * remembered: it is for {@link Diagnosis} to tell what it lacks, if that turns out to matter.
   *
   * @param folder a folder that was installed
   * @throws BundleException if a bundle's activator failed
   */
  void startBundles(String folder) throws BundleException {
    for (Bundle bundle : installed.getOrDefault(folder, List.of())) {
      if (bundle.getHeaders().get(Constants.FRAGMENT_HOST) != null) {
        continue;
      }
      try {
        bundle.start();
      } catch (BundleException e) {
        if (e.getType() != BundleException.RESOLVE_ERROR) {
          throw e;
        }
        unresolved.add(bundle);
      }
    }
  }

  /** The bundles that were to be started and could not be resolved. */
  List<Bundle> unresolved() {
    return List.copyOf(unresolved);
  }

  /** Whether {@link #close()} was called. */
  boolean isClosing() {
    return closing;
  }

  /**
   * Waits until the framework has stopped.
   *
   * @throws InterruptedException if the waiting thread is interrupted
   */
  void awaitStop() throws InterruptedException {
    framework.waitForStop(0);
  }

  /** Stops the framework and deletes its cache. Waits for both, but not for ever. */
  void close() {
    closing = true;
    LastResort.stopping();
    try {
      framework.stop();
      framework.waitForStop(STOP_MILLIS);
    } catch (BundleException e) {
      System.err.println("penstock: the container did not stop cleanly: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    deleteCache();
  }

  /** Deletes the cache, whatever state the framework is in. */
  void deleteCache() {
    try (Stream<Path> files = Files.walk(cache)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      System.err.println("penstock: cannot delete " + cache + ": " + e.getMessage());
    }
  }
}
