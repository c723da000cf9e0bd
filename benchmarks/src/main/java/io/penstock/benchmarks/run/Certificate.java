// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.server.Tls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A key and its certificate in a folder of their own, until it is closed. */
record Certificate(Path folder) implements AutoCloseable {
  Certificate() throws IOException, InterruptedException {
    this(Files.createTempDirectory("penstock-tls"));
    try {
      Tls.prepare(folder);
    } catch (IOException | InterruptedException | RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    for (String name : List.of("password", "key.p12", "certificate.pem")) {
      Files.deleteIfExists(folder.resolve(name));
    }
    Files.delete(folder);
  }
}
