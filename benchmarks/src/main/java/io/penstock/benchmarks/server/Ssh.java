// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.channel.Endpoint;
import io.penstock.ssh.provider.SshProvider;
import io.penstock.standalone.Penstock;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** SSH with one cipher and one key for all, which is in a folder, and the daemon of OpenSSH. */
public final class Ssh {
  /** The cipher. */
  static final String CIPHER = "aes128-gcm@openssh.com";

  static final String DAEMON = "/usr/sbin/sshd";
  static final String USER = System.getProperty("user.name");

  /** Files of the folder. */
  public static final List<String> FILES =
      List.of("host", "host.pub", "key", "key.pub", "sshd.config", "known");

  private Ssh() {}

  /** For the report. */
  public static String text() {
    return CIPHER + ", a command each way in an open connection";
  }

  /** Makes the keys and the daemon's configuration. */
  public static void prepare(Path folder) throws IOException, InterruptedException {
    for (String key : List.of("host", "key")) {
      run(
          List.of(
              "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder.resolve(key).toString()));
    }
    Files.write(
        folder.resolve("sshd.config"),
        List.of(
            "HostKey " + folder.resolve("host"),
            "AuthorizedKeysFile " + folder.resolve("key.pub"),
            "Ciphers " + CIPHER,
            "PidFile none",
            "UsePAM no",
            "StrictModes no",
            "PermitRootLogin yes",
            "PasswordAuthentication no",
            "PrintMotd no",
            "PrintLastLog no",
            "MaxSessions 100"));
    if (USER.equals("root")) {
      // It wants this folder for what is not privileged.
      Files.createDirectories(Path.of("/run/sshd"));
    }
  }

  private static void run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + output);
    }
  }

  /**
   * Starts the daemon of OpenSSH.
   *
   * @param cores what its command is to begin with
   * @return its port, once it listens
   */
  public static Daemon daemon(List<String> cores, Path folder) throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    List<String> command = new java.util.ArrayList<>(cores);
    command.addAll(
        List.of(
            DAEMON,
            "-D",
            "-e",
            "-f",
            folder.resolve("sshd.config").toString(),
            "-o",
            "ListenAddress=127.0.0.1:" + port));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.PIPE)
            .start();
    BufferedReader errors =
        new BufferedReader(new InputStreamReader(process.getErrorStream(), UTF_8));
    for (String line; (line = errors.readLine()) != null; ) {
      if (line.contains("Server listening on")) {
        // What it says of each connection is little, and stays in the pipe.
        return new Daemon(process, port);
      }
    }
    process.destroyForcibly();
    throw new IOException(DAEMON + " has ended without listening");
  }

  /**
   * The daemon, which runs until it is closed.
   *
   * @param port where it listens
   */
  public record Daemon(Process process, int port) implements AutoCloseable {
    @Override
    public void close() {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      process.onExit().join();
    }
  }

  static Penstock penstock() {
    Penstock penstock = Penstock.open();
    penstock.provide(new SshProvider());
    return penstock;
  }

  static Endpoint listening(Address address, Path folder) {
    return Endpoint.parse(
        "ssh-listen://127.0.0.1:"
            + address.port()
            + "?hostkey="
            + folder.resolve("host")
            + "&authorized-keys="
            + folder.resolve("key.pub")
            + "&max-channels=2000");
  }

  /** Of one connection for all. */
  static Endpoint connecting(int port, Path folder) {
    return Endpoint.parse(
        "ssh://"
            + USER
            + "@127.0.0.1:"
            + port
            + "?identity="
            + folder.resolve("key")
            + "&known-hosts="
            + folder.resolve("known")
            + "&host-key-checking=no&share=true&persist=1h");
  }
}
