// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import aQute.bnd.osgi.Builder;
import aQute.bnd.osgi.Jar;
import aQute.bnd.osgi.repository.SimpleIndexer;
import biz.aQute.resolve.Bndrun;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.service.resolver.ResolutionException;

/**
 * A {@code .bndrun} that requires only the user's bundle resolves to a set that runs. It resolves
 * with the index that this writes beside the bundles, for users.
 */
class ResolveIT {
  private static final Path BUNDLES = Path.of("target", "repository").toAbsolutePath();
  private static final Pattern NAME = Pattern.compile("([^;,']+);version='[^']*'");

  @TempDir Path folder;

  @BeforeAll
  static void index() throws Exception {
    write(BUNDLES, "Penstock");
  }

  private static void write(Path bundles, String name) throws Exception {
    Set<File> jars;
    try (Stream<Path> files = Files.list(bundles)) {
      jars =
          files
              .filter(file -> file.toString().endsWith(".jar"))
              .map(Path::toFile)
              .collect(Collectors.toCollection(TreeSet::new));
    }
    assertTrue(!jars.isEmpty(), bundles::toString);
    new SimpleIndexer()
        .files(jars)
        .base(bundles.toUri())
        .name(name)
        .index(bundles.resolve("index.xml").toFile());
  }

  /** Makes the bundle of one of the packages here, as a user's build does. */
  private void bundle(String name, Path into) throws Exception {
    try (Builder builder = new Builder()) {
      builder.addClasspath(new File("target/test-classes"));
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
        if (entry.contains("io.penstock.api")) {
          builder.addClasspath(new File(entry));
        }
      }
      builder.setProperty("Bundle-SymbolicName", name);
      builder.setProperty("Bundle-Version", "1.0.0");
      builder.setProperty("Private-Package", "io.penstock.build.user." + name);
      Jar jar = builder.build();
      assertEquals(List.of(), builder.getErrors());
      jar.write(into.resolve(name + ".jar").toFile());
    }
  }

  private List<String> resolve(String name) throws Exception {
    return resolve(name, name);
  }

  /** What runs where a bundle is required, with the user's bundle to choose from. */
  private List<String> resolve(String name, String required) throws Exception {
    Path own = Files.createDirectories(folder.resolve("own"));
    bundle(name, own);
    write(own, "the user's");
    Path run = folder.resolve(name + ".bndrun");
    Files.writeString(
        run,
        "-standalone: "
            + own.resolve("index.xml").toUri()
            + ", "
            + BUNDLES.resolve("index.xml").toUri()
            + "\n-runfw: org.apache.felix.framework\n-runee: JavaSE-17\n"
            // Services are needed when a bundle is active, and bnd looks only when told to.
            + "-resolve.effective: active\n"
            + "-runrequires: bnd.identity;id='"
            + required
            + "'\n");
    try (Bndrun bndrun = Bndrun.createBndrun(null, run.toFile())) {
      String bundles = bndrun.resolve(false, false);
      assertTrue(bndrun.isOk(), () -> bndrun.getErrors() + " " + bndrun.getWarnings());
      List<String> names = new ArrayList<>();
      NAME.matcher(bundles.replaceAll("[\\s\\\\]", ""))
          .results()
          .forEach(bundle -> names.add(bundle.group(1)));
      return names;
    } catch (ResolutionException e) {
      return fail(e.getMessage() + ": " + e.getUnresolvedRequirements(), e);
    }
  }

  private static void holds(List<String> bundles, String... wanted) {
    for (String each : wanted) {
      assertTrue(bundles.contains(each), () -> each + " is not among " + bundles);
    }
  }

  @Test
  void aBundleWithConfiguredServicesRuns() throws Exception {
    List<String> bundles = resolve("plain");
    holds(
        bundles,
        "plain",
        "io.penstock.api",
        "io.penstock.impl",
        "org.apache.felix.scr",
        "org.apache.felix.configadmin");
    assertTrue(!bundles.contains("io.penstock.ssh"), bundles::toString);
  }

  @Test
  void aBundleThatRequiresSshGetsAllOfIt() throws Exception {
    holds(
        resolve("ssh"),
        "ssh",
        "io.penstock.api",
        "io.penstock.impl",
        "io.penstock.ssh",
        "org.apache.felix.scr",
        "org.apache.felix.configadmin",
        "org.apache.sshd.osgi",
        "slf4j.api");
  }

  @Test
  void theOperatorsPageGetsWhatItShows() throws Exception {
    List<String> bundles = resolve("plain", "io.penstock.console");
    holds(
        bundles,
        "io.penstock.console",
        "io.penstock.operator",
        "io.penstock.api",
        "io.penstock.impl",
        "org.apache.felix.scr",
        "org.apache.felix.configadmin");
    assertTrue(!bundles.contains("plain"), bundles::toString);
  }
}
