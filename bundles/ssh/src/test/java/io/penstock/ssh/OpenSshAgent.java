// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** OpenSSH's agent, with a socket of its own. */
final class OpenSshAgent implements AutoCloseable {
  private final Process process;
  private final Path socket;

  private OpenSshAgent(Process process, Path socket) {
    this.process = process;
    this.socket = socket;
  }

  /** Starts one, and adds keys to it. */
  static OpenSshAgent start(Path... keys) throws Exception {
    Path socket = Files.createTempDirectory(Bench.FOLDER, "agent").resolve("socket");
    Process process =
        new ProcessBuilder("ssh-agent", "-D", "-a", socket.toString())
            .redirectErrorStream(true)
            .start();
    OpenSshAgent agent = new OpenSshAgent(process, socket);
    // It says where it listens as soon as it does.
    StringBuilder said = new StringBuilder();
    while (said.indexOf("\n") < 0) {
      int next = process.getInputStream().read();
      if (next < 0) {
        throw new IOException("ssh-agent does not start: " + said);
      }
      said.append((char) next);
    }
    for (Path key : keys) {
      agent.add(key.toString());
    }
    return agent;
  }

  Path socket() {
    return socket;
  }

  /** Runs {@code ssh-add} with these words. */
  String add(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("ssh-add"));
    command.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("SSH_AUTH_SOCK", socket.toString());
    Process adding = builder.start();
    String said = new String(adding.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, adding.waitFor(), said);
    return said;
  }

  @Override
  public void close() throws IOException {
    process.destroy();
    try {
      process.waitFor(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
    Files.deleteIfExists(socket);
  }
}
