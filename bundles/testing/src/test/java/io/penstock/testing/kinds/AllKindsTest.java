// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.testing.contract.Case;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;

/** All kinds at once, in a program of its own, whose standard streams are among them. */
class AllKindsTest {
  /** What its threads may use of two seconds in which nothing happens: a spinning one uses all. */
  private static final int MOST_MILLIS = 200;

  @TempDir Path folder;

  @Case(seconds = 90)
  void oneThreadAndOnePollerServeEveryKindAndRestAfterwards() throws Exception {
    List<String> modes =
        Runtime.version().feature() < 22 ? List.of("auto") : List.of("auto", "jna");
    for (String mode : modes) {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      if (Runtime.version().feature() >= 22) {
        command.add("--enable-native-access=ALL-UNNAMED");
      }
      command.add("-Dio.penstock.native=" + mode);
      command.add("-cp");
      command.add(System.getProperty("java.class.path"));
      command.add(AllKindsMain.class.getName());
      command.add(java.nio.file.Files.createDirectory(folder.resolve(mode)).toString());
      Process program =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      String last = "";
      // What the program prints is what it reads next.
      try (OutputStream in = program.getOutputStream();
          BufferedReader out =
              new BufferedReader(
                  new InputStreamReader(program.getInputStream(), StandardCharsets.UTF_8))) {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
          last = line;
          if (line.startsWith("stdio ")) {
            in.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            in.flush();
          }
        }
      }
      assertTrue(program.waitFor(30, TimeUnit.SECONDS));
      assertEquals(0, program.exitValue(), last);
      assertTrue(last.matches("idle \\d+ ms"), last);
      int millis = Integer.parseInt(last.replaceAll("\\D", ""));
      assertTrue(millis < MOST_MILLIS, "it used " + millis + " ms of the processor while idle");
    }
  }
}
