// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.kind.Peers;
import io.penstock.impl.posix.Modes;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Children in a process that runs out of descriptors. */
class ScarceChildrenTest {
  @TempDir Path folder;

  static Stream<String> modes() {
    return Stream.concat(Modes.all().map(access -> access.wish()), Stream.of("none"));
  }

  /** A start that failed has closed descriptor 0, and then those of others. */
  @ParameterizedTest
  @MethodSource("modes")
  void nobodyGetsBytesOfAnother(String mode) throws Exception {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("/bin/sh", "-c", "ulimit -n 90; exec \"$0\" \"$@\" </dev/null"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-Dio.penstock.native=" + mode));
    command.addAll(List.of("-XX:-MaxFDLimit", "-XX:-UseContainerSupport", "-XX:+UseSerialGC"));
    // A class that is looked for in a folder could not be opened for want of a descriptor.
    command.addAll(List.of("-cp", Peers.jars(folder)));
    command.add(ScarceChildren.class.getName());
    Path errors = folder.resolve("errors");
    Process program = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(program.getInputStream(), StandardCharsets.UTF_8))) {
      List<String> said = out.lines().toList();
      String log = Files.readString(errors);
      assertTrue(program.waitFor(60, TimeUnit.SECONDS));
      assertEquals(
          List.of(
              "refused: true",
              "answered: true",
              "wrong: 0",
              "descriptor 0: true",
              "afterwards: 4",
              "pipes: 0"),
          said,
          log);
      assertEquals(0, program.exitValue(), log);
    } finally {
      program.destroyForcibly();
    }
  }
}
