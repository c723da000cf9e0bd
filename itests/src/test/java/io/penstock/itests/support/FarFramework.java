// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.itests.exam.ClassPathBundles;
import io.penstock.itests.exam.FrameworkLoader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.launch.Framework;

/**
 * Another framework, in a process of its own: Felix with Aries RSA, where a bundle of the tests
 * exports, imports and answers as {@link FarActivator} says. What it prints and logs is in {@code
 * target/containers/far-framework.log}.
 */
public final class FarFramework implements AutoCloseable {
  private static final List<String> BUNDLES =
      List.of(
          "org.osgi.util.function",
          "org.osgi.util.promise",
          "org.osgi.service.component",
          "slf4j.api",
          "ch.qos.logback.core",
          "ch.qos.logback.classic",
          "org.apache.felix.configadmin",
          "org.apache.felix.metatype",
          "org.apache.felix.log",
          "org.apache.felix.scr",
          "org.apache.felix.eventadmin",
          "org.apache.aries.rsa.spi",
          "org.apache.aries.rsa.core",
          "org.apache.aries.rsa.topology-manager",
          "io.penstock.api",
          "io.penstock.impl",
          "io.penstock.remote",
          "io.penstock.nats",
          "io.penstock.rsa");

  private static final Path TARGET = Path.of(System.getenv("PENSTOCK_TREE"), "itests", "target");
  private static final Path LOG = TARGET.resolve("containers").resolve("far-framework.log");

  private final Process process;

  private FarFramework(Process process) {
    this.process = process;
  }

  /**
   * Starts one. It is there when its listener is found.
   *
   * @param storage of the framework, a folder
   * @param server where a server of NATS is
   */
  public static FarFramework start(Path storage, String server) throws IOException {
    String classes =
        TARGET.resolve("test-classes")
            + File.pathSeparator
            + Files.readString(TARGET.resolve("classpath.txt")).strip();
    return new FarFramework(
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classes,
                FarFramework.class.getName(),
                storage.toString(),
                server)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(LOG.toFile()))
            .start());
  }

  /** Has it stop as frameworks do, and waits until it has gone. */
  @Override
  public void close() throws IOException {
    try {
      process.getOutputStream().close();
      assertTrue(process.waitFor(20, TimeUnit.SECONDS), "the other framework does not stop");
      assertEquals(0, process.exitValue(), "the other framework has failed: see its log");
      String said = Files.readString(LOG);
      assertFalse(said.contains("no bundle serves the registry"), "an orderly stop warns: " + LOG);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      Process unused = process.destroyForcibly();
    }
  }

  /** The process: its arguments are the storage and the server. It ends with its standard input. */
  public static void main(String[] arguments) throws Exception {
    Framework framework =
        FrameworkLoader.felix()
            .factory()
            .newFramework(
                Map.of(
                    Constants.FRAMEWORK_STORAGE,
                    arguments[0],
                    FarActivator.SERVER,
                    arguments[1],
                    "felix.service.urlhandlers",
                    "false",
                    // The product's lines go where everything else goes.
                    "io.penstock.log",
                    "system"));
    framework.start();
    BundleContext context = framework.getBundleContext();
    List<Bundle> bundles = new ArrayList<>();
    for (String each : BUNDLES) {
      bundles.add(context.installBundle(ClassPathBundles.url(each)));
    }
    for (Bundle each : bundles) {
      each.start();
    }
    Bundle unused =
        TestBundle.named("io.penstock.itests.far").activator(FarActivator.class).start(context);
    int end = System.in.read();
    framework.stop();
    FrameworkEvent stopped = framework.waitForStop(TimeUnit.SECONDS.toMillis(20));
    System.out.println("ended: " + end + ", stopped: " + stopped.getType());
  }
}
