// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import aQute.bnd.osgi.Jar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The API of this build against that of the last milestone, whose commit {@code baseline.commit}
 * names: a change needs the package version that says so.
 */
class ApiBaselineIT {
  private static final Path ROOT = Path.of("..");

  @TempDir Path work;

  @Test
  void packageVersionsSayWhatChangedSinceTheLastMilestone() throws Exception {
    String commit = Files.readString(Path.of("baseline.commit")).strip();
    if (commit.equals("none")) {
      System.out.println(
          "API baseline: baseline.commit says none, so there is nothing to compare with.");
      return;
    }
    ApiBaseline.checkOut(ROOT, commit, work, "bnd.bnd", "api-bundle");
    Path then = work.resolve("api-bundle");
    List<Path> instructions =
        Stream.of(work.resolve("bnd.bnd"), then.resolve("bnd.bnd")).filter(Files::exists).toList();
    try (Jar older = ApiBaseline.build(then.resolve("src/main/java"), work, instructions);
        Jar newer = new Jar(jar().toFile())) {
      System.out.println("API baseline: compared with " + commit + ".");
      assertEquals(
          List.of(), ApiBaseline.complaints(newer, older), () -> "compared with " + commit);
    }
  }

  @Test
  void addedDefaultMethodWithoutNewVersionIsRefused() throws Exception {
    assertEquals(
        List.of(
            "package sample: minor change since 0.1.0, so its version must be at least 0.2.0, not 0.1.0"),
        changing("0.1.0", "0.1.0", "default void more() {}"));
    assertEquals(
        List.of(
            "package sample: minor change since 1.0.0, so its version must be at least 1.1.0, not 1.0.0"),
        changing("1.0.0", "1.0.0", "default void more() {}"));
    assertEquals(List.of(), changing("1.0.0", "1.1.0", "default void more() {}"));
    assertEquals(List.of(), changing("1.0.0", "1.0.0", ""));
  }

  @Test
  void commitThatIsNotThereIsNamed() {
    String missing = "0123456789012345678901234567890123456789";
    var thrown =
        assertThrows(IOException.class, () -> ApiBaseline.checkOut(ROOT, missing, work, "bnd.bnd"));
    assertTrue(thrown.getMessage().contains(missing), thrown::getMessage);
  }

  private List<String> changing(String before, String after, String added) throws Exception {
    Path folder = Files.createTempDirectory(work, "change");
    try (Jar older = sample(folder.resolve("older"), before, "");
        Jar newer = sample(folder.resolve("newer"), after, added)) {
      return ApiBaseline.complaints(newer, older);
    }
  }

  private static Jar sample(Path folder, String version, String added) throws Exception {
    Path sources = Files.createDirectories(folder.resolve("java/sample"));
    Files.writeString(
        sources.resolve("package-info.java"),
        """
        @org.osgi.annotation.bundle.Export
        @org.osgi.annotation.versioning.Version("%s")
        package sample;
        """
            .formatted(version));
    Files.writeString(
        sources.resolve("Sample.java"),
        """
        package sample;
        @org.osgi.annotation.versioning.ProviderType
        public interface Sample { void one(); %s }
        """
            .formatted(added));
    return ApiBaseline.build(folder.resolve("java"), folder, List.of());
  }

  private static Path jar() throws Exception {
    try (Stream<Path> files = Files.list(Path.of("target"))) {
      return files
          .filter(
              file -> file.getFileName().toString().matches("io\\.penstock\\.api-[0-9.]+\\.jar"))
          .findFirst()
          .orElseThrow();
    }
  }
}
