// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the jar in a virtual machine of its own: whole, and with a bundle taken out. */
class ContainerJarIT {
  private static final Path JAR = Path.of("target", "penstock.jar").toAbsolutePath();

  @TempDir Path folder;
  private Path current;
  private Path temporary;

  @BeforeEach
  void makeFolders() throws IOException {
    current = Files.createDirectory(folder.resolve("current"));
    temporary = Files.createDirectory(folder.resolve("temporary"));
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    assertAll(
        () -> assertEquals(List.of(), list(current), "the current folder"),
        () -> assertEquals(List.of(), list(temporary), "the folder for temporary files"));
  }

  @Test
  void theWholeJarRunsTheCommandLine() throws Exception {
    Outcome outcome = run(JAR, "--version");
    assertAll(
        () -> assertEquals(0, outcome.status, outcome::toString),
        () -> assertTrue(outcome.out.startsWith("penstock "), outcome::toString),
        () -> assertEquals("", outcome.err));
  }

  /** A container could not make its cache. */
  @Test
  void aCommandLineOfTheCoreBundlesNeedsNoContainer() throws Exception {
    Files.delete(temporary);
    try {
      Outcome relay = run(JAR, "relay", "echo:", "exec:echo moved");
      Outcome help = run(JAR, "--help");
      Outcome unknown = run(JAR, "relay", "nosuch:", "stdio:");
      assertAll(
          () -> assertEquals(0, relay.status, relay::toString),
          () -> assertEquals(0, help.status, help::toString),
          () -> assertTrue(help.out.startsWith("Usage: penstock"), help::toString),
          () -> assertEquals(2, unknown.status, unknown::toString),
          () -> assertTrue(unknown.err.contains("tls, tls-listen"), unknown::toString),
          () -> assertTrue(unknown.err.contains("ssh, ssh-forward-listen"), unknown::toString));
    } finally {
      Files.createDirectory(temporary);
    }
  }

  @Test
  void theVersionIsToldAmongOtherOptions() throws Exception {
    Outcome outcome = run(JAR, "-vV");
    assertAll(
        () -> assertEquals(0, outcome.status, outcome::toString),
        () -> assertTrue(outcome.out.contains("framework Apache"), outcome::toString));
  }

  @Test
  void badArgumentsHaveTheirOwnStatus() throws Exception {
    Outcome outcome = run(JAR, "relay");
    assertAll(
        () -> assertEquals(2, outcome.status, outcome::toString),
        () -> assertEquals("", outcome.out));
  }

  @Test
  void aMissingImplementationIsNamedByItsServices() throws Exception {
    assertMissing(
        "2-io.penstock.impl.jar",
        "component io.penstock.cli.CommandLineComponent waits for service",
        "io.penstock.channel.ChannelFactory",
        "io.penstock.relay.RelayFactory");
  }

  @Test
  void aMissingApiIsNamedByItsPackages() throws Exception {
    assertMissing(
        "2-io.penstock.api.jar",
        "bundle io.penstock.cli lacks package",
        "(osgi.wiring.package=io.penstock.channel)");
  }

  @Test
  void aMissingCommandLineIsNamed() throws Exception {
    assertMissing(
        "3-io.penstock.cli.jar", "no bundle registers a Callable with penstock.main=true");
  }

  @Test
  void aMissingComponentRuntimeIsNamed() throws Exception {
    assertMissing("1-org.apache.felix.scr.jar", "org.apache.felix.scr");
  }

  @Test
  void aBrokenConfigurationIsNamedWithItsPlace() throws Exception {
    Path conf = Files.createDirectory(folder.resolve("conf, with spaces"));
    Files.writeString(conf.resolve("a.json"), "{ \"pid\": { \"key\": \"value\" } }");
    Path broken = Files.writeString(conf.resolve("b.json"), "{\n  \"pid\": { broken }\n}");
    Outcome outcome = run(JAR, "run", "--conf", conf.toString());
    assertAll(
        () -> assertEquals(2, outcome.status, outcome::toString),
        () -> assertTrue(outcome.err.contains(broken.toString()), outcome::toString),
        () -> assertTrue(outcome.err.contains("line no=2"), outcome::toString),
        () -> assertEquals(1, outcome.err.lines().count(), outcome::toString));
  }

  /** Expects one line and status 1 from the jar without one of its core bundles. */
  private void assertMissing(String bundle, String... phrases) throws Exception {
    Path jar = folder.resolve("without.jar");
    copyWithout("bundles/core/" + bundle, jar);
    Outcome outcome = run(jar, "--version");
    assertAll(
        () -> assertEquals(1, outcome.status, outcome::toString),
        () -> assertEquals("", outcome.out),
        () -> assertEquals(1, outcome.err.lines().count(), outcome::toString));
    for (String phrase : phrases) {
      assertTrue(outcome.err.contains(phrase), () -> "'" + phrase + "' in " + outcome);
    }
  }

  private static void copyWithout(String name, Path copy) throws IOException {
    boolean found = false;
    try (JarFile jar = new JarFile(JAR.toFile());
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(copy))) {
      for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
        if (entry.getName().equals(name)) {
          found = true;
        } else {
          out.putNextEntry(new ZipEntry(entry.getName()));
          try (InputStream in = jar.getInputStream(entry)) {
            in.transferTo(out);
          }
          out.closeEntry();
        }
      }
    }
    assertTrue(found, () -> name + " in " + JAR);
  }

  private Outcome run(Path jar, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Djava.io.tmpdir=" + temporary);
    // The script's part, which keeps the virtual machine from warning about Felix.
    if (Runtime.version().feature() >= 23) {
      command.add("--sun-misc-unsafe-memory-access=allow");
    }
    command.addAll(List.of("-jar", jar.toString()));
    command.addAll(List.of(arguments));
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process process =
        new ProcessBuilder(command)
            .directory(current.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try (OutputStream stdin = process.getOutputStream()) {
      stdin.flush();
    }
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
      throw new AssertionError("still running after 30 s: " + Files.readString(err));
    }
    return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  private record Outcome(int status, String out, String err) {}
}
