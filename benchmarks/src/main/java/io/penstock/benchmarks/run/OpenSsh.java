// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.benchmarks.server.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * OpenSSH's client. One process has the connection; another one for each command hands its input
 * and output to it, and neither touches a byte.
 *
 * @param command what runs a command in the connection
 */
record OpenSsh(Process connection, List<String> command, Path control, Path zeros)
    implements SshClient {
  static OpenSsh start(List<String> cores, int port, Path folder) throws IOException {
    // A path that is short enough for a socket.
    Path control = folder.resolve("control");
    Path zeros = folder.resolve("zeros");
    List<String> command =
        List.of(
            "ssh",
            "-F",
            "none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "LogLevel=ERROR",
            "-o",
            "IdentitiesOnly=yes",
            "-i",
            folder.resolve("key").toString(),
            "-p",
            String.valueOf(port),
            "-S",
            control.toString());
    List<String> master = new ArrayList<>(cores);
    master.addAll(command);
    // It says something once it is there, and stays.
    master.addAll(List.of("-M", "127.0.0.1", "echo there; exec cat"));
    Process connection = new ProcessBuilder(master).redirectError(Redirect.INHERIT).start();
    BufferedReader output =
        new BufferedReader(new InputStreamReader(connection.getInputStream(), UTF_8));
    if (output.readLine() == null) {
      throw new IOException(String.join(" ", master) + " has ended");
    }
    List<String> slave = new ArrayList<>(cores);
    slave.addAll(command);
    slave.add("127.0.0.1");
    return new OpenSsh(connection, slave, control, zeros);
  }

  @Override
  public Server server() {
    return Server.OPENSSH;
  }

  private Process run(String what, Redirect input, Redirect output) throws IOException {
    List<String> all = new ArrayList<>(command);
    all.add(what);
    return new ProcessBuilder(all)
        .redirectInput(input)
        .redirectOutput(output)
        .redirectError(Redirect.INHERIT)
        .start();
  }

  private static void check(Process process) throws IOException, InterruptedException {
    if (process.waitFor() != 0) {
      throw new IOException("ssh has ended with " + process.exitValue());
    }
  }

  @Override
  public double push(long bytes) throws IOException, InterruptedException {
    // All of it a hole, which costs nothing to read.
    try (RandomAccessFile file = new RandomAccessFile(zeros.toFile(), "rw")) {
      file.setLength(bytes);
    }
    long start = System.nanoTime();
    Process process = run("wc -c", Redirect.from(zeros.toFile()), Redirect.PIPE);
    String answer = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    check(process);
    if (!answer.equals(String.valueOf(bytes))) {
      throw new IOException("the command counted " + answer + " bytes, expected " + bytes);
    }
    return (double) bytes / (System.nanoTime() - start);
  }

  @Override
  public double pull(long bytes) throws IOException, InterruptedException {
    long start = System.nanoTime();
    check(
        run(
            "head -c " + bytes + " /dev/zero",
            Redirect.from(Path.of("/dev/null").toFile()),
            Redirect.DISCARD));
    return (double) bytes / (System.nanoTime() - start);
  }

  @Override
  public void close() throws IOException {
    connection.destroyForcibly();
    connection.onExit().join();
    Files.deleteIfExists(control);
    Files.deleteIfExists(zeros);
  }
}
