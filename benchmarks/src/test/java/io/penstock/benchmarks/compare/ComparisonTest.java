// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.benchmarks.compare.Comparison.Form;
import java.io.File;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Builds that are measured; of one of them is known what is wrong with it. */
@DisabledIfEnvironmentVariable(
    named = "PENSTOCK_ELSEWHERE",
    matches = ".*\\bcomparison\\b.*",
    disabledReason = "tried in the build beside this one")
class ComparisonTest {
  private static final String CLASS_PATH = System.getProperty("java.class.path");

  /** As brief as it gets: other tests may run beside these. */
  private static final Form FORM = new Form(6, new Build.Pace(150, 3, 20), 25, false);

  private static final Build HONEST = new Build("the build", CLASS_PATH);

  @TempDir Path folder;
  private final List<String> said = new ArrayList<>();

  private int compare(Build base, Build head) throws Exception {
    return new Comparison(base, head, FORM, said::add).run(EnumSet.of(Route.PIPE_64));
  }

  private String line(String what) {
    return said.get(said.size() - 2 + (what.equals("time") ? 0 : 1));
  }

  /** The build, with something done at each write into a pipe. */
  private Build planted(String statements) throws Exception {
    Path source = Path.of("../impl-bundle/src/main/java/io/penstock/impl/core/SinkEnd.java");
    String method = "  public int write(ByteBuffer src) throws IOException {\n";
    String text = Files.readString(source);
    assertEquals(2, text.split(Pattern.quote(method), -1).length);
    Path planted = Files.createDirectories(folder.resolve("source")).resolve("SinkEnd.java");
    Files.writeString(planted, text.replace(method, method + statements));
    Path classes = Files.createDirectories(folder.resolve("classes"));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter output = new StringWriter();
    boolean compiled =
        compiler
            .getTask(
                output,
                null,
                null,
                List.of("-proc:none", "-nowarn", "-cp", CLASS_PATH, "-d", classes.toString()),
                null,
                compiler.getStandardFileManager(null, null, null).getJavaFileObjects(planted))
            .call();
    assertTrue(compiled, output::toString);
    return new Build("the planted build", classes + File.pathSeparator + CLASS_PATH);
  }

  @Test
  void plantedSlownessAndGarbageAreFoundAndFail() throws Exception {
    Build worse =
        planted(
            """
            for (long end = System.nanoTime() + 100_000; System.nanoTime() < end; ) {}
            if (new byte[1024 + src.remaining()].hashCode() == 1) {
              return 0;
            }
            """);
    assertEquals(1, compare(HONEST, worse), said::toString);
    assertTrue(line("time").endsWith("slower, beyond the bound"), said::toString);
    assertTrue(line("garbage").endsWith("more, beyond the bound"), said::toString);
    assertTrue(said.contains("measured again, for the new figures to decide: pipe-64"));
  }

  @Test
  void sameBuildTwiceShowsNoDifferenceBeyondTheBound() throws Exception {
    // That a small one is shown by chance is allowed: the machine may do anything meanwhile.
    assertEquals(0, compare(HONEST, HONEST), said::toString);
    assertTrue(line("time").startsWith("pipe-64     time "), said::toString);
  }

  @Test
  void pathWhoseClassesABuildLacksIsLeftOut() throws Exception {
    String without =
        Arrays.stream(CLASS_PATH.split(File.pathSeparator, -1))
            .filter(entry -> !entry.contains("io.penstock.impl") && !entry.contains("impl-bundle"))
            .collect(Collectors.joining(File.pathSeparator));
    assertEquals(2, compare(new Build("the old build", without), HONEST));
    assertTrue(
        said.get(0)
            .startsWith(
                "pipe-64 is left out: the old build lacks what it needs:"
                    + " java.lang.NoClassDefFoundError: io/penstock/standalone/Penstock"),
        said::toString);
    assertEquals("no path could be measured", said.get(said.size() - 1));
  }

  @ParameterizedTest
  @EnumSource(Route.class)
  void eachPathIsMeasured(Route route) throws Exception {
    Build.Figures figures = HONEST.measure(route, new Build.Pace(1, 1, 1));
    assertTrue(figures.nanos() > 0, figures::toString);
    assertTrue(figures.bytes() >= 0, figures::toString);
    assertEquals(route, Route.parse(route.text()));
  }

  @Test
  void unknownPathIsRefused() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Route.parse("pipe-65"));
    assertTrue(e.getMessage().startsWith("the path is 'pipe-65', expected one of [pipe-64, "));
  }

  // The script refuses an unknown path before it builds.
  @Test
  void scriptKnowsThePaths() throws Exception {
    String script = Files.readString(Path.of("compare"));
    List<String> paths = Arrays.stream(Route.values()).map(Route::text).toList();
    assertTrue(script.contains("\npaths=(" + String.join(" ", paths) + ")\n"));
    assertTrue(script.contains("of " + String.join(", ", paths) + "\n"));
    assertEquals(paths.size(), Set.copyOf(paths).size());
  }
}
