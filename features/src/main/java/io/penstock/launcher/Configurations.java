// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.apache.felix.cm.json.io.ConfigurationReader;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;

/**
 * A folder of configuration files. Each is a bundle, which is the form the Configurator reads
 * without asking for a name and a version in each file; one for each, so that a change of one
 * leaves the configurations of the others alone.
 *
 * <p>Used by one thread after the other: first that which starts the container, then that which
 * watches the folder.
 */
final class Configurations {
  private static final String RESOURCES = "OSGI-INF/configurator/";
  static final String LOGGER = "io.penstock.run";

  private final Path folder;

  /** What was last read of each file, whether it could be used or not. */
  private final SortedMap<Path, byte[]> read;

  /** The bundle of each file that is in use. */
  private final SortedMap<Path, Bundle> bundles = new TreeMap<>();

  private @Nullable BundleContext context;

  private Configurations(Path folder, SortedMap<Path, byte[]> read) {
    this.folder = folder;
    this.read = read;
  }

  /**
   * Reads the files in a folder whose names end in {@code .json}, and checks them.
   *
   * @param folder the folder
   * @throws IOException naming the folder or the file, and what is wrong with it
   */
  static Configurations in(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IOException(folder + ": not a folder");
    }
    SortedMap<Path, byte[]> read = new TreeMap<>();
    for (Path file : files(folder)) {
      byte[] content = Files.readAllBytes(file);
      check(file, content);
      read.put(file, content);
    }
    return new Configurations(folder, read);
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(e -> e.getFileName().toString().endsWith(".json")).sorted().toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Where the files are. */
  Path folder() {
    return folder;
  }

  /**
   * Has the Configurator apply all of them. The log says so when there are none: the files may have
   * another form, or be elsewhere.
   *
   * @param framework where it is
   * @throws BundleException if the framework refuses one
   * @throws IOException if a bundle cannot be made
   */
  void install(BundleContext framework) throws BundleException, IOException {
    context = framework;
    if (read.isEmpty()) {
      StandardErrorLogging.print(
          Level.WARNING,
          LOGGER,
          folder + " has no file whose name ends in .json: nothing is configured before it has one",
          null);
    }
    for (var file : read.entrySet()) {
      apply(file.getKey(), file.getValue());
    }
  }

  /**
   * Looks at the folder again, and applies what has changed. A file that cannot be used is named in
   * the log, and what it said before stays.
   */
  void refresh() {
    List<Path> files;
    try {
      files = files(folder);
    } catch (IOException e) {
      StandardErrorLogging.print(
          Level.WARNING, LOGGER, folder + " cannot be read; what was read from it stays", e);
      return;
    }
    for (Path gone : new ArrayList<>(read.keySet())) {
      if (!files.contains(gone)) {
        read.remove(gone);
        remove(gone);
      }
    }
    files.forEach(this::refresh);
  }

  private void refresh(Path file) {
    byte[] content = null;
    try {
      content = Files.readAllBytes(file);
      if (Arrays.equals(content, read.get(file))) {
        return;
      }
      check(file, content);
      apply(file, content);
      StandardErrorLogging.print(Level.INFO, LOGGER, file + " was read again", null);
    } catch (IOException | BundleException e) {
      // Without its cause, which says the same in the words of the parser.
      StandardErrorLogging.print(
          Level.WARNING,
          LOGGER,
          (e instanceof IOException && content != null ? e.getMessage() : file + ": " + e)
              + (bundles.containsKey(file)
                  ? "; what it said before stays"
                  : "; nothing of it is used"),
          null);
    }
    if (content != null) {
      // Not complained of again before it has changed.
      read.put(file, content);
    }
  }

  private void apply(Path file, byte[] content) throws BundleException, IOException {
    Bundle known = bundles.get(file);
    try (InputStream bytes = bundle(file, content)) {
      if (known != null) {
        known.update(bytes);
        return;
      }
      BundleContext framework = context;
      if (framework == null) {
        throw new IllegalStateException("not installed yet");
      }
      Bundle installed = framework.installBundle("penstock:conf/" + file.getFileName(), bytes);
      bundles.put(file, installed);
      installed.start();
    }
  }

  private void remove(Path file) {
    Bundle known = bundles.remove(file);
    if (known == null) {
      return;
    }
    try {
      known.uninstall();
      StandardErrorLogging.print(
          Level.INFO, LOGGER, file + " has gone, and what it said with it", null);
    } catch (BundleException e) {
      StandardErrorLogging.print(Level.WARNING, LOGGER, file + " cannot be taken back", e);
    }
  }

  /** Reads as the Configurator will, which does not say what is wrong. */
  private static void check(Path file, byte[] content) throws IOException {
    List<String> errors;
    try (Reader reader = new StringReader(new String(content, StandardCharsets.UTF_8))) {
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

  private static InputStream bundle(Path file, byte[] content) throws IOException {
    Manifest manifest = new Manifest();
    Attributes headers = manifest.getMainAttributes();
    headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    headers.putValue(Constants.BUNDLE_MANIFESTVERSION, "2");
    // No two files differ in that only, and none has a name that the framework does not take.
    String name = file.getFileName().toString();
    headers.putValue(
        Constants.BUNDLE_SYMBOLICNAME,
        "io.penstock.configurations."
            + Integer.toHexString(name.hashCode())
            + "-"
            + name.replaceAll("[^A-Za-z0-9_-]", "_"));
    headers.putValue(
        Constants.REQUIRE_CAPABILITY,
        "osgi.extender;filter:=\"(&(osgi.extender=osgi.configurator)(version>=1.0))\"");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
      jar.putNextEntry(new ZipEntry(RESOURCES + name));
      jar.write(content);
      jar.closeEntry();
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }
}
