// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.cost;

import io.penstock.itests.exam.ClassPathBundles;
import io.penstock.itests.exam.InContainer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.framework.startlevel.BundleStartLevel;

/**
 * Felix, as an operator starts it: its bundles were installed before, and those of the operator
 * start after the others, as those of the Karaf features do. {@link FirstByte} prints how long it
 * took and ends the JVM.
 */
final class Start {
  /** Beside what a container of tests has for JUnit and Pax Exam. */
  private static final List<String> BUNDLES =
      List.of(
          "org.osgi.util.function",
          "org.osgi.util.promise",
          "org.osgi.service.component",
          "org.apache.felix.configadmin",
          "org.apache.felix.metatype",
          "org.apache.felix.log",
          "slf4j.api",
          "ch.qos.logback.core",
          "ch.qos.logback.classic",
          "org.apache.felix.scr",
          "io.penstock.api",
          "io.penstock.impl");

  private Start() {}

  /**
   * Installs the bundles into a folder that is not there, and else starts what is there.
   *
   * @param arguments {@code operated}, if what operators install is to be there, and the folder
   */
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[1]);
    boolean there = Files.exists(folder);
    Framework framework =
        factory()
            .newFramework(
                Map.of(
                    Constants.FRAMEWORK_STORAGE,
                    folder.toString(),
                    Constants.FRAMEWORK_BEGINNING_STARTLEVEL,
                    Integer.toString(InContainer.LATE)));
    if (there) {
      framework.start();
      framework.waitForStop(0);
    } else {
      framework.init();
      for (String each : BUNDLES) {
        install(framework, each, 1);
      }
      if (arguments[0].equals("operated")) {
        for (String each : Operated.class.getAnnotation(InContainer.class).late()) {
          install(framework, each, InContainer.LATE);
        }
      }
      Path jar = Files.createTempFile("first-byte", ".jar");
      try {
        write(jar);
        framework.getBundleContext().installBundle(jar.toUri().toString()).start();
      } finally {
        Files.delete(jar);
      }
      framework.stop();
      framework.waitForStop(0);
    }
  }

  private static FrameworkFactory factory() throws ReflectiveOperationException {
    return (FrameworkFactory)
        Class.forName("org.apache.felix.framework.FrameworkFactory").getConstructor().newInstance();
  }

  private static void install(Framework framework, String name, int level) throws Exception {
    Bundle bundle = framework.getBundleContext().installBundle(ClassPathBundles.url(name));
    bundle.adapt(BundleStartLevel.class).setStartLevel(level);
    if (bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
      bundle.start();
    }
  }

  /** A bundle of {@link FirstByte} alone. */
  private static void write(Path jar) throws IOException {
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.putValue(Constants.BUNDLE_MANIFESTVERSION, "2");
    main.putValue(Constants.BUNDLE_SYMBOLICNAME, "io.penstock.itests.cost.first");
    main.putValue(Constants.BUNDLE_ACTIVATOR, FirstByte.class.getName());
    main.putValue(
        Constants.IMPORT_PACKAGE,
        "org.osgi.framework,org.osgi.util.tracker,io.penstock.pipe,io.penstock.stream");
    String name = FirstByte.class.getName().replace('.', '/') + ".class";
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file, manifest);
        InputStream in = FirstByte.class.getClassLoader().getResourceAsStream(name)) {
      out.putNextEntry(new JarEntry(name));
      in.transferTo(out);
    }
  }
}
