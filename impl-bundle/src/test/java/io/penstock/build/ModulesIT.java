// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Exports;
import java.lang.module.ModuleDescriptor.Requires.Modifier;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jars are modules as well as bundles: what they declare, and a program on the module path. */
class ModulesIT {
  private static final Path API = jar("api");
  private static final Path IMPLEMENTATION = jar("impl");

  @TempDir Path work;

  @Test
  void apiIsAModuleThatExportsItsPackagesAndNeedsOnlyTheJdk() {
    ModuleDescriptor module = describe(API);
    assertEquals("io.penstock.api", module.name());
    assertEquals(Set.of("java.base"), required(module));
    assertEquals(module.packages(), exported(module));
    assertEquals(
        Set.of(
            "channel",
            "channel.facet",
            "error",
            "pipe",
            "poller",
            "relay",
            "runtime",
            "serve",
            "spi",
            "spi.content",
            "stream"),
        exported(module).stream()
            .map(name -> name.substring("io.penstock.".length()))
            .collect(Collectors.toSet()));
  }

  @Test
  void implementationIsAModuleThatExportsOnlyStandalone() {
    ModuleDescriptor module = describe(IMPLEMENTATION);
    assertEquals("io.penstock.impl", module.name());
    assertEquals(Set.of("java.base", "java.management", "io.penstock.api"), required(module));
    assertEquals(Set.of("io.penstock.standalone"), exported(module));
  }

  @Test
  void apiAndImplementationShareNoPackage() {
    var shared = new TreeSet<>(describe(API).packages());
    shared.retainAll(describe(IMPLEMENTATION).packages());
    assertEquals(Set.of(), shared);
  }

  @Test
  void jarToolDescribesTheModule() {
    var out = new StringWriter();
    var printer = new PrintWriter(out);
    int status =
        java.util.spi.ToolProvider.findFirst("jar")
            .orElseThrow()
            .run(printer, printer, "--describe-module", "--file", API.toString());
    assertEquals(0, status, out::toString);
    assertEquals("io.penstock.api@", out.toString().substring(0, "io.penstock.api@".length()));
  }

  @Test
  void programOnTheModulePathOpensAndUsesAPipe() throws Exception {
    Path sources = Files.createDirectories(work.resolve("java"));
    Files.writeString(
        sources.resolve("module-info.java"), "module sample { requires io.penstock.impl; }");
    Files.writeString(
        sources.resolve("Main.java"),
        """
        package sample;

        import io.penstock.pipe.PipeOptions;
        import io.penstock.standalone.Penstock;
        import io.penstock.stream.Terminator;
        import io.penstock.stream.Wait;
        import java.nio.charset.StandardCharsets;

        public final class Main {
          public static void main(String[] arguments) throws Exception {
            try (var penstock = Penstock.open();
                var pipe = penstock.pipes().create(PipeOptions.defaults())) {
              pipe.sink().writeFully("through a pipe\\n", Wait.none());
              String line =
                  pipe.source().readLine(StandardCharsets.UTF_8, 80, Terminator.STRIP, Wait.none());
              System.out.print(line + " of " + Penstock.class.getModule().getName());
            }
          }
        }
        """);
    Path classes = Files.createDirectories(work.resolve("classes"));
    String modules = API + File.pathSeparator + IMPLEMENTATION;
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-d",
                classes.toString(),
                "-p",
                modules,
                sources.resolve("module-info.java").toString(),
                sources.resolve("Main.java").toString());
    assertEquals(0, status);
    assertEquals("through a pipe of io.penstock.impl", run(modules + File.pathSeparator + classes));
  }

  private String run(String modulePath) throws Exception {
    Path output = work.resolve("output.txt");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(java, "-p", modulePath, "-m", "sample/sample.Main")
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    int status = process.waitFor();
    String text = Files.readString(output);
    assertEquals(0, status, text);
    return text;
  }

  private static ModuleDescriptor describe(Path jar) {
    return ModuleFinder.of(jar).findAll().iterator().next().descriptor();
  }

  /** What must be there at run time. */
  private static Set<String> required(ModuleDescriptor module) {
    return module.requires().stream()
        .filter(requires -> !requires.modifiers().contains(Modifier.STATIC))
        .map(ModuleDescriptor.Requires::name)
        .collect(Collectors.toSet());
  }

  private static Set<String> exported(ModuleDescriptor module) {
    return module.exports().stream().map(Exports::source).collect(Collectors.toSet());
  }

  private static Path jar(String folder) {
    Path target = Path.of("..", folder + "-bundle", "target");
    List<Path> jars = new ArrayList<>();
    try (Stream<Path> files = Files.list(target)) {
      files
          .filter(file -> file.getFileName().toString().matches(".*-[0-9.]+\\.jar"))
          .forEach(jars::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (jars.size() != 1) {
      throw new AssertionError("one bundle expected in " + target + ", found " + jars);
    }
    return jars.get(0);
  }
}
