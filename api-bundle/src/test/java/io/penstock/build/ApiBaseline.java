// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import aQute.bnd.differ.Baseline;
import aQute.bnd.differ.DiffPluginImpl;
import aQute.bnd.osgi.Builder;
import aQute.bnd.osgi.Constants;
import aQute.bnd.osgi.Jar;
import aQute.bnd.osgi.Processor;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import javax.tools.ToolProvider;
import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Compares the API with an older one: each exported package's version must say how much it changed.
 */
final class ApiBaseline {
  private ApiBaseline() {}

  /**
   * What is wrong with the package versions of {@code newer}, given {@code older}: one line for
   * each package, naming the version it needs; empty when they fit. Versions below 1 count as well.
   */
  static List<String> complaints(Jar newer, Jar older) throws Exception {
    try (Processor processor = new Processor()) {
      processor.setProperty(Constants.BASELINEINCLUDEZEROMAJOR, "true");
      List<String> complaints = new ArrayList<>();
      for (Baseline.Info info :
          new Baseline(processor, new DiffPluginImpl()).baseline(newer, older, null)) {
        if (info.mismatch) {
          complaints.add(
              "package %s: %s change since %s, so its version must be at least %s, not %s"
                  .formatted(
                      info.packageName,
                      info.packageDiff.getDelta().toString().toLowerCase(Locale.ROOT),
                      info.olderVersion,
                      info.suggestedVersion,
                      info.newerVersion));
        }
      }
      return complaints;
    }
  }

  /**
   * The bundle of {@code sources}, a source root, built in {@code work} with the instructions of
   * these bnd files.
   */
  static Jar build(Path sources, Path work, List<Path> instructions) throws Exception {
    Path classes = Files.createDirectories(work.resolve("classes"));
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "-proc:none",
                "--release",
                "17",
                "-nowarn",
                "-d",
                classes.toString(),
                "-cp",
                annotations()));
    try (Stream<Path> files = Files.walk(sources)) {
      files.map(Path::toString).filter(file -> file.endsWith(".java")).forEach(arguments::add);
    }
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, arguments.toArray(String[]::new));
    if (status != 0) {
      throw new IOException("javac ended with status " + status + " in " + sources);
    }
    try (Builder builder = new Builder()) {
      for (Path file : instructions) {
        builder.mergeProperties(file.toFile(), true);
      }
      builder.unsetProperty(Constants.JPMS_MODULE_INFO);
      builder.setBundleSymbolicName("io.penstock.api");
      builder.setProperty(Constants.INCLUDERESOURCE, classes.toString());
      for (String jar : annotations().split(File.pathSeparator, -1)) {
        builder.addClasspath(new File(jar));
      }
      Jar jar = builder.build();
      if (!builder.isOk()) {
        throw new IOException("bnd refused " + sources + ": " + builder.getErrors());
      }
      builder.removeClose(jar);
      return jar;
    }
  }

  /** Unpacks the paths as they were at a commit of the repository that contains {@code folder}. */
  static void checkOut(Path folder, String commit, Path target, String... paths)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("git", "archive", "--format=zip", commit, "--"));
    command.addAll(List.of(paths));
    Path complaint = Files.createTempFile(target, "git", ".txt");
    Process git =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectError(complaint.toFile())
            .start();
    try (var zip = new ZipInputStream(git.getInputStream())) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path file = target.resolve(entry.getName());
        if (entry.isDirectory()) {
          Files.createDirectories(file);
        } else {
          Files.createDirectories(file.getParent());
          Files.copy(zip, file);
        }
      }
      zip.transferTo(OutputStream.nullOutputStream());
    }
    if (git.waitFor() != 0) {
      throw new IOException(
          "no commit %s to compare the API with (a clone without its history?): %s"
              .formatted(commit, Files.readString(complaint, StandardCharsets.UTF_8).strip()));
    }
  }

  private static String annotations() throws URISyntaxException {
    List<String> jars = new ArrayList<>();
    for (Class<?> type : List.of(Export.class, ProviderType.class, NullMarked.class)) {
      jars.add(
          Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
    }
    return String.join(File.pathSeparator, jars);
  }
}
