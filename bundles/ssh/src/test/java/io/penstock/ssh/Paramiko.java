// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import io.penstock.channel.Endpoint;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.module.ModuleDescriptor.Version;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Python's SSH as a peer: scripts beside the tests, each a process of its own. */
final class Paramiko {
  private static final String PYTHON = python();

  private Paramiko() {}

  /** The Python that has the newest. */
  private static String python() {
    String newest = null;
    Version best = Version.parse("0");
    for (String candidate : List.of("python3", "/usr/bin/python3")) {
      try {
        OpenSsh.Outcome has =
            OpenSsh.run(
                List.of(candidate, "-c", "import paramiko; print(paramiko.__version__)"),
                new byte[0]);
        Version found = Version.parse(has.status() == 0 ? has.text().strip() : "0");
        if (found.compareTo(best) > 0) {
          newest = candidate;
          best = found;
        }
      } catch (IOException e) {
        System.getLogger("io.penstock").log(System.Logger.Level.DEBUG, "no " + candidate, e);
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
    if (newest == null) {
      throw new IllegalStateException(
          "no python3 has paramiko, expected that of pip or Debian's python3-paramiko");
    }
    return newest;
  }

  /** A script that runs. */
  static final class Script implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;
    private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
    private final Thread reader;

    private Script(String name, List<String> arguments) throws IOException {
      Path file = Files.createTempFile(Bench.FOLDER, "script", ".py");
      try (InputStream text = Paramiko.class.getResourceAsStream("/" + name)) {
        Files.write(file, text.readAllBytes());
      }
      List<String> command = new ArrayList<>(List.of(PYTHON, "-W", "ignore", file.toString()));
      command.addAll(arguments);
      process = new ProcessBuilder(command).start();
      output =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      reader = OpenSsh.pump(process.getErrorStream(), errors);
    }

    /** The next line that it tells. */
    String line() throws IOException {
      String line = output.readLine();
      if (line == null) {
        throw new IOException("the script has ended: " + said());
      }
      return line;
    }

    /** Lets it go on. */
    void go() throws IOException {
      process.getOutputStream().write('\n');
      process.getOutputStream().flush();
    }

    /** Waits for its end; the status. */
    int await() throws Exception {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        throw new IOException("the script does not end: " + said());
      }
      return process.exitValue();
    }

    private String said() {
      try {
        reader.join(1000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return errors.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
      process.destroyForcibly();
      output.close();
    }
  }

  /** Starts a client that does what a case says at a listener of ours. */
  static Script client(int port, Path key, Path knownHosts, String testCase, String... words)
      throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(String.valueOf(port), key.toString(), knownHosts.toString(), testCase));
    arguments.addAll(List.of(words));
    return new Script("paramiko_client.py", arguments);
  }

  static Script client(int port, String testCase, String... words) throws IOException {
    return client(port, Bench.CLIENT_KEY, Bench.knownHosts(port, Bench.HOST_KEY), testCase, words);
  }

  /** A server that runs. */
  record Server(Script script, int port) implements AutoCloseable {
    /** Starts one that kills itself at a stage; none if empty. */
    static Server start(String stage) throws IOException {
      Script script =
          new Script(
              "paramiko_server.py",
              List.of(Bench.HOST_KEY.toString(), Bench.AUTHORIZED.toString(), stage));
      return new Server(script, Integer.parseInt(script.line().replace("listening ", "")));
    }

    Endpoint login(String... options) throws IOException {
      return Bench.endpoint(
          "ssh://me@127.0.0.1:"
              + port
              + "?identity="
              + Bench.CLIENT_KEY
              + "&known-hosts="
              + Bench.knownHosts(port, Bench.HOST_KEY),
          options);
    }

    Endpoint exec(String command, String... options) throws IOException {
      String[] all = new String[options.length + 1];
      all[0] = "exec=" + command;
      System.arraycopy(options, 0, all, 1, options.length);
      return login(all);
    }

    @Override
    public void close() throws IOException {
      script.close();
    }
  }
}
