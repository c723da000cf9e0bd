// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import io.penstock.cli.Program;
import io.penstock.standalone.Penstock;
import java.util.List;

/** Runs a command line that needs no container: the same classes, from the class path. */
final class Plain {
  private Plain() {}

  static int run(List<String> arguments) {
    Penstock penstock = Penstock.open();
    // The first native call of all takes a while, which the arguments take, too.
    Thread natives = new Thread(() -> penstock.channels().nativeMode(), "penstock-native");
    natives.setDaemon(true);
    natives.start();
    Program program = new Program(penstock.channels(), penstock.relays());
    Thread stop =
        new Thread(
            () -> {
              LastResort.stopping();
              program.close();
              penstock.close();
            },
            "penstock-shutdown");
    Runtime.getRuntime().addShutdownHook(stop);
    return program.run(arguments.toArray(String[]::new));
  }
}
