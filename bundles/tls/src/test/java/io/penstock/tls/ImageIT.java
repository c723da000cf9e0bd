// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A program of modules is linked into an image of its own, which has TLS and nothing of OSGi, nor a
 * flight recorder.
 */
class ImageIT {
  @TempDir Path work;

  @Test
  void linkedImageCopiesBytesThroughTcpAndTls() throws Exception {
    String modules =
        Stream.of("../../api-bundle", "../../impl-bundle", ".")
            .map(ImageIT::jar)
            .collect(Collectors.joining(File.pathSeparator));
    Path classes = compile(modules);
    Path image = work.resolve("image");
    List<String> roots = new ArrayList<>(List.of("sample", "io.penstock.tls"));
    // Elliptic curves have a module of their own in older Java.
    ModuleFinder.ofSystem().find("jdk.crypto.ec").ifPresent(found -> roots.add("jdk.crypto.ec"));
    tool(
        "jlink",
        "--module-path",
        modules + File.pathSeparator + classes,
        "--add-modules",
        String.join(",", roots),
        "--launcher",
        "sample=sample/sample.Main",
        "--output",
        image.toString());

    List<String> said = run(image, Bench.SERVER_KEY.toString(), Bench.TRUST.toString());

    assertEquals(List.of("tcp: tea", "tls: tea"), said.subList(0, 2), said::toString);
    List<String> linked = List.of(said.get(2).split(" ", -1));
    assertTrue(
        linked.containsAll(List.of("io.penstock.api", "io.penstock.impl", "io.penstock.tls")));
    assertEquals(
        List.of(),
        linked.stream()
            .filter(name -> name.contains("osgi") || name.contains("jna") || name.equals("jdk.jfr"))
            .toList());
    assertEquals(3, said.size(), said::toString);
  }

  private Path compile(String modules) throws IOException {
    Path sources = Files.createDirectories(work.resolve("java"));
    Files.writeString(
        sources.resolve("module-info.java"), "module sample { requires io.penstock.impl; }");
    Files.writeString(
        sources.resolve("Main.java"),
        """
        package sample;

        import io.penstock.channel.Channel;
        import io.penstock.channel.Listener;
        import io.penstock.standalone.Penstock;
        import io.penstock.stream.Wait;
        import java.nio.charset.StandardCharsets;
        import java.util.stream.Collectors;

        public final class Main {
          public static void main(String[] files) throws Exception {
            try (Penstock penstock = Penstock.open()) {
              copy(penstock, "tcp", "", "");
              copy(penstock, "tls", "?key=" + files[0], "?trust=" + files[1]);
            }
            System.out.println(
                ModuleLayer.boot().modules().stream()
                    .map(Module::getName)
                    .collect(Collectors.joining(" ")));
          }

          private static void copy(Penstock penstock, String scheme, String key, String trust)
              throws Exception {
            try (Listener listener =
                penstock.channels().listen(scheme + "-listen://127.0.0.1:0" + key)) {
              String address = listener.endpoint().address();
              String port = address.substring(address.lastIndexOf(':'));
              try (Channel client =
                      penstock.channels().open(scheme + "://127.0.0.1" + port + trust);
                  Channel server = listener.accept(Wait.millis(20_000))) {
                client.sink().writeFully("tea\\n", Wait.millis(20_000));
                server.source().readWait(Wait.millis(20_000));
                System.out.println(
                    scheme + ": " + server.source().readLine(StandardCharsets.UTF_8, 80));
              }
            }
          }
        }
        """);
    Path classes = Files.createDirectories(work.resolve("classes"));
    tool(
        "javac",
        "-d",
        classes.toString(),
        "-p",
        modules,
        sources.resolve("module-info.java").toString(),
        sources.resolve("Main.java").toString());
    return classes;
  }

  private static void tool(String name, String... arguments) {
    StringWriter out = new StringWriter();
    PrintWriter printer = new PrintWriter(out);
    int status = ToolProvider.findFirst(name).orElseThrow().run(printer, printer, arguments);
    assertEquals(0, status, out::toString);
  }

  private List<String> run(Path image, String... arguments) throws Exception {
    Path output = work.resolve("output.txt");
    List<String> command = new ArrayList<>(List.of(image.resolve("bin/sample").toString()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "not done");
    } finally {
      process.destroyForcibly();
    }
    List<String> said = Files.readAllLines(output);
    assertEquals(0, process.exitValue(), said::toString);
    return said;
  }

  private static String jar(String module) {
    try (Stream<Path> files = Files.list(Path.of(module, "target"))) {
      return files
          .filter(file -> file.getFileName().toString().matches(".*-[0-9.]+\\.jar"))
          .collect(Collectors.collectingAndThen(Collectors.toList(), ImageIT::only))
          .toString();
    } catch (IOException e) {
      throw new AssertionError("the module " + module + " is not built", e);
    }
  }

  private static Path only(List<Path> jars) {
    assertEquals(1, jars.size(), jars::toString);
    return jars.get(0);
  }
}
