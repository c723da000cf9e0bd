// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.server.Ssh;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The keys of an SSH server and its client in a folder of their own, until it is closed. */
record SshKeys(Path folder) implements AutoCloseable {
  SshKeys() throws IOException, InterruptedException {
    this(Files.createTempDirectory("penstock-ssh"));
    try {
      Ssh.prepare(folder);
    } catch (IOException | InterruptedException | RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    for (String name : Ssh.FILES) {
      Files.deleteIfExists(folder.resolve(name));
    }
    Files.delete(folder);
  }
}
