// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.apache.felix.cm.json.io.ConfigurationReader;
import org.osgi.framework.Constants;

/**
 * A folder of configuration files as a bundle, which is the form the Configurator reads without
 * asking for a name and a version in each file.
 */
final class Configurations {
  private static final String RESOURCES = "OSGI-INF/configurator/";

  private final List<Path> files;

  private Configurations(List<Path> files) {
    this.files = files;
  }

  /**
   * Finds the files in a folder whose names end in {@code .json}, and checks them.
   *
   * @param folder the folder
   * @throws IOException naming the folder or the file, and what is wrong with it
   */
  static Configurations in(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IOException(folder + ": not a folder");
    }
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> files =
          entries.filter(e -> e.getFileName().toString().endsWith(".json")).sorted().toList();
      for (Path file : files) {
        check(file);
      }
      return new Configurations(files);
    }
  }

  /** Reads as the Configurator will, which does not say what is wrong. */
  private static void check(Path file) throws IOException {
    List<String> errors;
    try (Reader reader = new StringReader(Files.readString(file))) {
      ConfigurationReader configurations =
          org.apache.felix.cm.json.io.Configurations.buildReader()
              .verifyAsBundleResource(true)
              .build(reader);
      configurations.readConfigurationResource();
      errors = configurations.getIgnoredErrors();
    } catch (IOException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
    if (!errors.isEmpty()) {
      throw new IOException(file + ": " + String.join("; ", errors));
    }
  }

  /**
   * Gives the bundle.
   *
   * @throws IOException if a file cannot be read
   */
  InputStream bundle() throws IOException {
    Manifest manifest = new Manifest();
    Attributes headers = manifest.getMainAttributes();
    headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    headers.putValue(Constants.BUNDLE_MANIFESTVERSION, "2");
    headers.putValue(Constants.BUNDLE_SYMBOLICNAME, "io.penstock.configurations");
    headers.putValue(
        Constants.REQUIRE_CAPABILITY,
        "osgi.extender;filter:=\"(&(osgi.extender=osgi.configurator)(version>=1.0))\"");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
      for (Path file : files) {
        jar.putNextEntry(new ZipEntry(RESOURCES + file.getFileName()));
        Files.copy(file, jar);
        jar.closeEntry();
      }
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }
}
