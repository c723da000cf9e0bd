// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import io.penstock.channel.Endpoint;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** OpenSSH's programs as peers, with files of their own. */
final class OpenSsh {
  /** Keys that outlive quantum computers take a third of a second each. */
  static final String FAST_KEYS = "KexAlgorithms curve25519-sha256";

  private static final Path DAEMON = Path.of("/usr/sbin/sshd");
  private static final String USER = System.getProperty("user.name");

  private OpenSsh() {}

  /** What a program of OpenSSH's has done. */
  record Outcome(int status, byte[] out, String errors) {
    String text() {
      return new String(out, StandardCharsets.UTF_8);
    }
  }

  /** A server for the user who runs the tests, on the loopback interface. */
  static final class Server implements AutoCloseable {
    private final Process process;
    private final int port;
    private final Path log;

    private Server(Process process, int port, Path log) {
      this.process = process;
      this.port = port;
      this.log = log;
    }

    /** Starts it, and waits until it answers. */
    static Server start(String... settings) throws IOException {
      if (!Files.isExecutable(DAEMON)) {
        throw new IOException(
            "there is no " + DAEMON + ", expected Debian's openssh-server to be installed");
      }
      if (USER.equals("root")) {
        // It wants this folder for what is not privileged.
        Files.createDirectories(Path.of("/run/sshd"));
      }
      // Somebody else may take the port meanwhile: then it says so, and another one is tried.
      for (int attempt = 0; ; attempt++) {
        int port = freePort();
        Path config = Files.createTempFile(Bench.FOLDER, "sshd", ".config");
        Path log = Files.createTempFile(Bench.FOLDER, "sshd", ".log");
        List<String> lines = new ArrayList<>(List.of(settings));
        lines.addAll(
            List.of(
                "ListenAddress 127.0.0.1:" + port,
                // Else a port that it chooses for "localhost" is free at ::1, and may be another
                // program's at 127.0.0.1, where the tests connect.
                "AddressFamily inet",
                "HostKey " + Bench.HOST_KEY,
                "AuthorizedKeysFile " + Bench.AUTHORIZED,
                "PidFile none",
                "UsePAM no",
                "StrictModes no",
                "PermitRootLogin yes",
                "PasswordAuthentication no",
                "PrintMotd no",
                "PrintLastLog no",
                // A shell of that depth reads no start-up file of the user, which may do anything.
                "SetEnv SHLVL=2"));
        Files.write(config, lines);
        Process process =
            new ProcessBuilder(DAEMON.toString(), "-D", "-e", "-f", config.toString())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.PIPE)
                .start();
        Server server = new Server(process, port, log);
        if (server.listens()) {
          return server;
        }
        server.close();
        if (attempt == 4) {
          throw new IOException("sshd does not start: " + Files.readString(log));
        }
      }
    }

    private static int freePort() throws IOException {
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      }
    }

    /** Reads what it says until it listens; the rest goes to a file, so that it is not stalled. */
    private boolean listens() throws IOException {
      InputStream errors = process.getErrorStream();
      StringBuilder line = new StringBuilder();
      boolean found = false;
      while (!found) {
        int next = errors.read();
        if (next < 0) {
          break;
        }
        line.append((char) next);
        found = next == '\n' && line.toString().contains("Server listening on");
      }
      Files.writeString(log, line);
      Thread drain =
          new Thread(
              () -> {
                try (InputStream rest = errors;
                    var out = Files.newOutputStream(log, java.nio.file.StandardOpenOption.APPEND)) {
                  rest.transferTo(out);
                } catch (IOException e) {
                  System.getLogger("io.penstock").log(System.Logger.Level.DEBUG, "sshd ended", e);
                }
              },
              "sshd-log");
      drain.setDaemon(true);
      drain.start();
      return found;
    }

    int port() {
      return port;
    }

    /** How many lines with a text it has logged. */
    long said(String text) throws IOException {
      try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
        return lines.filter(line -> line.contains(text)).count();
      }
    }

    /** All that it has logged, once there is a line with a text in it. */
    String saidUntil(String text) throws IOException {
      awaits(text, 1);
      return Files.readString(log, StandardCharsets.ISO_8859_1);
    }

    /** Waits until there are so many lines with a text in its log. */
    void awaits(String text, long lines) throws IOException {
      long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (said(text) < lines) {
        if (System.nanoTime() > limit) {
          throw new IOException("sshd does not say '" + text + "': " + Files.readString(log));
        }
        LockSupport.parkNanos(1_000_000);
      }
    }

    /** Kills the processes that serve its connections. */
    void killConnections() {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
    }

    /** Stops them, as if the network was gone. */
    void stopConnections() throws IOException {
      for (ProcessHandle each : process.descendants().toList()) {
        new ProcessBuilder("kill", "-STOP", String.valueOf(each.pid())).start().onExit().join();
      }
    }

    Endpoint login(String... options) throws IOException {
      return Bench.endpoint(
          "ssh://"
              + USER
              + "@127.0.0.1:"
              + port
              + "?identity="
              + Bench.CLIENT_KEY
              + "&known-hosts="
              + Bench.knownHosts(port, Bench.HOST_KEY),
          options);
    }

    /** With a command, in which percent signs and ampersands are encoded. */
    Endpoint exec(String command, String... options) throws IOException {
      String encoded =
          command.replace("%", "%25").replace("&", "%26").replace("?", "%3F").replace("#", "%23");
      String[] all = new String[options.length + 1];
      all[0] = "exec=" + encoded;
      System.arraycopy(options, 0, all, 1, options.length);
      return login(all);
    }

    @Override
    public void close() {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  /** The command line of a client that logs in at a listener of ours. */
  static List<String> client(int port, Path key, String... words) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "ssh",
                "-F",
                "none",
                "-o",
                "UserKnownHostsFile=" + Bench.knownHosts(port, Bench.HOST_KEY),
                "-o",
                "GlobalKnownHostsFile=/dev/null",
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "BatchMode=yes",
                "-o",
                "LogLevel=ERROR",
                "-i",
                key.toString(),
                "-p",
                String.valueOf(port)));
    all.addAll(List.of(words));
    return all;
  }

  /** Runs a program to its end. */
  static Outcome run(List<String> command, byte[] input) throws Exception {
    Process process = new ProcessBuilder(command).start();
    try {
      var errors = new java.io.ByteArrayOutputStream();
      Thread reader = pump(process.getErrorStream(), errors);
      Thread writer =
          new Thread(
              () -> {
                try (var out = process.getOutputStream()) {
                  out.write(input);
                } catch (IOException e) {
                  System.getLogger("io.penstock").log(System.Logger.Level.DEBUG, "not read", e);
                }
              });
      writer.start();
      byte[] out = process.getInputStream().readAllBytes();
      reader.join();
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        throw new IOException(command + " does not end");
      }
      return new Outcome(process.exitValue(), out, errors.toString(StandardCharsets.UTF_8));
    } finally {
      process.destroyForcibly();
    }
  }

  static Thread pump(InputStream from, java.io.OutputStream to) {
    Thread thread =
        new Thread(
            () -> {
              try (from) {
                from.transferTo(to);
              } catch (IOException e) {
                System.getLogger("io.penstock").log(System.Logger.Level.DEBUG, "cut", e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
