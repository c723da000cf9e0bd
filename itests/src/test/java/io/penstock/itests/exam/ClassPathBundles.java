// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.jar.Manifest;

/**
 * The bundles on the class path of the tests by symbolic name: containers get exactly what Maven
 * resolved, our own bundles from the folders where they were just built, and nothing is installed
 * or downloaded for it.
 */
public final class ClassPathBundles {

  private static final Map<String, URL> BUNDLES = find();

  private ClassPathBundles() {}

  /**
   * Finds a bundle.
   *
   * @throws IllegalArgumentException if there is none of that name, or only a folder of classes
   */
  public static String url(String symbolicName) {
    URL url = BUNDLES.get(symbolicName);
    if (url == null) {
      throw new IllegalArgumentException(
          "no bundle " + symbolicName + " on the class path of the tests");
    }
    if (url.getPath().endsWith("/")) {
      throw new IllegalArgumentException(
          "bundle " + symbolicName + " is a folder: build its jar first (mvn verify does)");
    }
    return url.toString();
  }

  private static Map<String, URL> find() {
    try {
      Map<String, URL> bundles = new HashMap<>();
      ClassLoader loader = ClassPathBundles.class.getClassLoader();
      for (URL manifest : Collections.list(loader.getResources("META-INF/MANIFEST.MF"))) {
        try (InputStream in = manifest.openStream()) {
          String name = new Manifest(in).getMainAttributes().getValue("Bundle-SymbolicName");
          if (name != null) {
            bundles.putIfAbsent(name.split(";")[0].trim(), root(manifest));
          }
        }
      }
      return Map.copyOf(bundles);
    } catch (IOException problem) {
      throw new UncheckedIOException("cannot read the class path of the tests", problem);
    }
  }

  private static URL root(URL manifest) throws IOException {
    return manifest.openConnection() instanceof JarURLConnection jar
        ? jar.getJarFileURL()
        : new URL(manifest, "..");
  }
}
