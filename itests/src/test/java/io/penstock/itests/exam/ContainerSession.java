// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;
import static org.ops4j.pax.exam.CoreOptions.systemTimeout;
import static org.ops4j.pax.exam.CoreOptions.workingDirectory;

import io.penstock.itests.exam.inside.ProbeActivator;
import io.penstock.testing.exam.PenstockOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.ops4j.pax.exam.ExamSystem;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.TestAddress;
import org.ops4j.pax.exam.TestContainer;
import org.ops4j.pax.exam.TestProbeBuilder;
import org.ops4j.pax.exam.forked.ForkedTestContainer;
import org.ops4j.pax.exam.nat.internal.NativeTestContainer;
import org.ops4j.pax.exam.spi.DefaultExamSystem;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.framework.startlevel.BundleStartLevel;

/** One container with one test class: booted, run, stopped, and gone with its files. */
final class ContainerSession implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration SUSPICIOUS = Duration.ofSeconds(15);

  private static final List<String> PAX_EXAM =
      List.of(
          "slf4j.api",
          "ch.qos.logback.core",
          "ch.qos.logback.classic",
          "org.ops4j.base.exec",
          "org.ops4j.base.io",
          "org.ops4j.base.lang",
          "org.ops4j.base.monitors",
          "org.ops4j.base.net",
          "org.ops4j.base.spi",
          "org.ops4j.base.store",
          "org.ops4j.base.util.property",
          "org.ops4j.pax.swissbox.core",
          "org.ops4j.pax.swissbox.extender",
          "org.ops4j.pax.swissbox.framework",
          "org.ops4j.pax.swissbox.lifecycle",
          "org.ops4j.pax.swissbox.tracker",
          "org.ops4j.pax.exam",
          "org.ops4j.pax.exam.extender.service",
          "org.ops4j.pax.exam.inject",
          "jakarta.inject.jakarta.inject-api");

  private static final List<String> JUNIT =
      List.of(
          "org.opentest4j",
          "junit-platform-commons",
          "junit-platform-engine",
          "junit-platform-launcher",
          "junit-jupiter-api",
          "junit-jupiter-params",
          "junit-jupiter-engine");

  /** What Karaf brings along. */
  private static final List<String> OSGI_SERVICES =
      List.of(
          "org.osgi.util.function",
          "org.osgi.util.promise",
          "org.osgi.service.component",
          "org.apache.felix.configadmin",
          "org.apache.felix.metatype",
          "org.apache.sling.commons.johnzon",
          "org.apache.felix.converter",
          "org.apache.felix.cm.json",
          "org.apache.felix.configurator",
          "org.apache.felix.scr");

  private static final List<String> PENSTOCK = List.of("io.penstock.api", "io.penstock.impl");

  private final ExamSystem system;
  private final TestContainer container;
  private final FrameworkLoader framework;
  private final Path folder;

  private ContainerSession(
      ExamSystem system, TestContainer container, FrameworkLoader framework, Path folder) {
    this.system = system;
    this.container = container;
    this.framework = framework;
    this.folder = folder;
  }

  /**
   * Boots a container with the bundles that the class asks for.
   *
   * @throws IOException if its files cannot be written
   */
  static ContainerSession boot(ContainerKind kind, Class<?> testClass) throws IOException {
    Path logs = Files.createDirectories(logs().resolve(testClass.getName()));
    Path folder = folder(kind, logs);
    FrameworkLoader framework = framework(kind);
    try {
      ExamSystem system = DefaultExamSystem.create(options(kind, testClass, folder, logs));
      TestContainer container =
          container(kind, system, framework, testClass, folder, logs.resolve("karaf.log"));
      ContainerSession session = new ContainerSession(system, container, framework, folder);
      try {
        container.start();
        return session;
      } catch (RuntimeException | Error problem) {
        try {
          container.stop();
        } catch (RuntimeException second) {
          problem.addSuppressed(second);
        }
        throw problem;
      }
    } catch (IOException | RuntimeException | Error problem) {
      release(framework, folder);
      throw problem;
    }
  }

  /**
   * Runs the class and reports it.
   *
   * @throws IOException if the container did not play its part
   */
  void run(Class<?> testClass, Replay replay) throws IOException {
    try (EventReader events = new EventReader()) {
      TestProbeBuilder probe = system.createProbe();
      TestAddress address = probe.addTest(testClass, "all");
      probe.setHeader(Constants.BUNDLE_ACTIVATOR, ProbeActivator.class.getName());
      probe.setHeader(ProbeActivator.PORT_HEADER, Integer.toString(events.port()));
      Suspicion suspicion = new Suspicion("to start the tests' bundle", SUSPICIOUS);
      try (InputStream jar = probe.build().getStream()) {
        if (container.installProbe(jar) < 0) {
          throw new IOException("the bundle with the tests does not start: see the output");
        }
      } finally {
        suspicion.close();
      }
      CompletableFuture<Void> call = call(address, events);
      events.readInto(replay);
      call.join();
    } catch (CompletionException problem) {
      throw new IOException("the container did not run the tests", problem.getCause());
    }
  }

  /** Starts the run; when it fails before the container spoke, nobody waits for it any longer. */
  private CompletableFuture<Void> call(TestAddress address, EventReader events) {
    CompletableFuture<Void> call = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                container.call(address);
                call.complete(null);
              } catch (Throwable problem) { // handed to the thread that waits
                call.completeExceptionally(problem);
              } finally {
                try {
                  events.close();
                } catch (IOException problem) {
                  call.completeExceptionally(problem);
                }
              }
            },
            "container call");
    thread.setDaemon(true);
    thread.start();
    return call;
  }

  @Override
  public void close() throws IOException {
    try {
      container.stop();
    } finally {
      release(framework, folder);
    }
  }

  private static TestContainer container(
      ContainerKind kind,
      ExamSystem system,
      FrameworkLoader framework,
      Class<?> testClass,
      Path folder,
      Path log)
      throws IOException {
    return switch (kind) {
      case FELIX, EQUINOX -> new NativeTestContainer(system, withLate(framework, testClass));
      case FELIX_FORKED, EQUINOX_FORKED -> new ForkedTestContainer(system, framework.factory());
      case KARAF -> KarafFolder.container(system, folder.resolve("karaf"), log);
    };
  }

  /** Installs the late bundles first: Pax Exam refuses those that do not start with the others. */
  private static FrameworkFactory withLate(FrameworkLoader loader, Class<?> testClass) {
    FrameworkFactory factory = loader.factory();
    String[] late = testClass.getAnnotation(InContainer.class).late();
    return configuration -> {
      Framework framework = factory.newFramework(configuration);
      try {
        if (late.length > 0) {
          framework.init();
        }
        for (String each : late) {
          Bundle bundle = framework.getBundleContext().installBundle(ClassPathBundles.url(each));
          bundle.adapt(BundleStartLevel.class).setStartLevel(InContainer.LATE);
          bundle.start();
        }
      } catch (BundleException e) {
        throw new IllegalStateException("the late bundles cannot be installed", e);
      }
      return framework;
    };
  }

  /**
   * A private folder, deleted with the container. In process it is beside the logs, because Equinox
   * writes an empty lock file there once more when the JVM ends; Karaf's holds the temporary files
   * of tests, whose paths must be short for Unix sockets.
   */
  private static Path folder(ContainerKind kind, Path logs) throws IOException {
    String prefix = "penstock-" + kind.label() + "-";
    return switch (kind) {
      case FELIX, EQUINOX -> Files.createTempDirectory(logs, prefix);
      default -> Files.createTempDirectory(prefix);
    };
  }

  private static FrameworkLoader framework(ContainerKind kind) {
    return switch (kind) {
      case FELIX, FELIX_FORKED -> FrameworkLoader.felix();
      case EQUINOX, EQUINOX_FORKED -> FrameworkLoader.equinox();
      case KARAF -> null;
    };
  }

  private static Option[] options(ContainerKind kind, Class<?> testClass, Path folder, Path logs) {
    List<Option> options = new ArrayList<>();
    options.add(workingDirectory(folder.resolve("exam").toString()));
    options.add(systemTimeout(PATIENCE.toMillis()));
    options.add(systemProperty("pax.exam.invoker").value(ProbeActivator.DRIVER));
    // Tests hear of the product's lines by java.util.logging, at every level.
    options.add(systemProperty("io.penstock.log").value("system"));
    // What a run by hand asks of a test, where that runs in a JVM of its own.
    for (String each : System.getProperties().stringPropertyNames()) {
      if (each.startsWith("penstock.storm.")) {
        options.add(systemProperty(each).value(System.getProperty(each)));
      }
    }
    List<String> bundles = new ArrayList<>(JUNIT);
    InContainer wanted = testClass.getAnnotation(InContainer.class);
    if (kind == ContainerKind.KARAF) {
      options.addAll(KarafFolder.options(wanted.features()));
      options.addAll(
          wanted.byOptions()
              ? List.of(PenstockOptions.karaf(wanted.parts()))
              : KarafFolder.components());
    } else {
      bundles.addAll(PAX_EXAM);
      if (wanted.byOptions()) {
        options.add(PenstockOptions.options(wanted.parts()));
      } else {
        bundles.addAll(OSGI_SERVICES);
      }
      if (kind == ContainerKind.FELIX || kind == ContainerKind.FELIX_FORKED) {
        bundles.add("org.apache.felix.log"); // Equinox has a log service of its own
      }
      options.add(
          systemProperty("penstock.itests.log")
              .value(logs.resolve(kind.label() + ".log").toString()));
      options.add(systemProperty("logback.configurationFile").value(logback()));
      // Felix and Equinox take turns in one JVM, which has one handler of URLs for good.
      options.add(frameworkProperty("felix.service.urlhandlers").value("false"));
    }
    if (!wanted.byOptions()) {
      bundles.addAll(PENSTOCK);
    }
    bundles.addAll(List.of(wanted.bundles()));
    for (String each : bundles) {
      options.add(bundle(ClassPathBundles.url(each)));
    }
    return options.toArray(Option[]::new);
  }

  private static String logback() {
    return Objects.requireNonNull(
            ContainerSession.class.getResource("/logback-test.xml"), "logback-test.xml")
        .toString();
  }

  private static Path logs() {
    return Path.of(
        Objects.requireNonNull(
            System.getProperty("penstock.itests.directory"),
            "system property penstock.itests.directory: the folder for the containers' logs"));
  }

  private static void release(FrameworkLoader framework, Path folder) throws IOException {
    if (framework != null) {
      framework.close();
    }
    delete(folder);
  }

  /** Deletes a tree; what its links lead to stays. */
  private static void delete(Path tree) throws IOException {
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException problem)
              throws IOException {
            if (problem != null) {
              throw problem;
            }
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
