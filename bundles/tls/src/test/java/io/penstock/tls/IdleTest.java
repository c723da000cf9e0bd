// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That nothing is looked at in intervals, and that connections bring no threads with them. */
class IdleTest {
  /** How often the threads may be switched to in ten seconds in which nothing happens. */
  private static final int SWITCHES = 5;

  @TempDir static Path folder;

  private static final List<Process> PROGRAMS = new ArrayList<>();

  // All at once: most of the time they wait.
  @BeforeAll
  static void start() throws IOException {
    PROGRAMS.add(start("idle", "10"));
    PROGRAMS.add(start("planted", "2"));
    PROGRAMS.add(start("threads", "10", "500"));
  }

  @AfterAll
  static void stop() {
    PROGRAMS.forEach(Process::destroyForcibly);
  }

  private static Process start(String... arguments) throws IOException {
    Path own = Files.createDirectory(folder.resolve(arguments[0]));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-cp", System.getProperty("java.class.path")));
    command.add(IdleProgram.class.getName());
    command.addAll(List.of(arguments));
    command.add(own.toString());
    return new ProcessBuilder(command).redirectError(own.resolve("err").toFile()).start();
  }

  private static String said(int number, String name) throws Exception {
    Process program = PROGRAMS.get(number);
    Path errors = folder.resolve(name).resolve("err");
    assertTrue(program.waitFor(180, TimeUnit.SECONDS), () -> "not done: " + read(errors));
    assertEquals(0, program.exitValue(), () -> read(errors));
    return read(errors);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static int switches(String said) {
    String line = said.lines().filter(l -> l.startsWith("switches ")).findFirst().orElseThrow();
    return Integer.parseInt(line.split(" ")[1]);
  }

  @Test
  void withEverythingOpenNothingHappensInTenSeconds() throws Exception {
    String said = said(0, "idle");
    assertTrue(switches(said) <= SWITCHES, said);
    // The check sees a loop that looks ten times a second.
    said = said(1, "planted");
    assertTrue(switches(said) > SWITCHES, said);
  }

  @Test
  void threadsDoNotComeWithConnections() throws Exception {
    String said = said(2, "threads");
    List<String> lines = said.lines().filter(l -> l.matches("(few|many) .*")).toList();
    assertEquals(2, lines.size(), said);
    assertEquals(lines.get(0).substring("few ".length()), lines.get(1).substring("many ".length()));
  }
}
