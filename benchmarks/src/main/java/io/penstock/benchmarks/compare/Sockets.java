// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where Unix sockets are, for as long as this JVM runs. */
final class Sockets {
  private Sockets() {}

  /** A path in a folder of its own; both go when the JVM ends. */
  static Path fresh(String name) throws IOException {
    Path folder = Files.createTempDirectory("penstock-compare");
    folder.toFile().deleteOnExit();
    Path socket = folder.resolve(name);
    // What is registered last goes first.
    socket.toFile().deleteOnExit();
    return socket;
  }
}
