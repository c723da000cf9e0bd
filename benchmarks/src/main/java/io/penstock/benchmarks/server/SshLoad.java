// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A process that is a client of an SSH server, over one connection. For each line of standard input
 * it answers with one: {@code push BYTES} and {@code pull BYTES} with GB/s into and out of a
 * command, {@code trips COUNT} with percentiles 50 and 99, in ns, of running a command that does
 * nothing, and {@code idle COUNT} with the bytes of heap for each of so many channels, which stay.
 */
public final class SshLoad {
  private static final int CHUNK = 65536;

  /** A command that runs. */
  interface Program extends AutoCloseable {
    /** Writes all of it. */
    void write(byte[] bytes, int length) throws Exception;

    /** Ends its input. */
    void end() throws Exception;

    /** Reads some of its output; -1 at the end. */
    int read(byte[] into) throws Exception;

    /** Waits for its end; the status. */
    int status() throws Exception;

    @Override
    void close() throws IOException;
  }

  /** One connection. */
  interface Connection {
    Program exec(String command) throws Exception;
  }

  private SshLoad() {}

  /**
   * Connects, and measures what it is told.
   *
   * @param arguments whose client it is, the port and the folder of the keys
   */
  public static void main(String[] arguments) throws Exception {
    Connection connection =
        SshClients.connect(
            Server.valueOf(arguments[0]), Integer.parseInt(arguments[1]), Path.of(arguments[2]));
    List<Program> idle = new ArrayList<>();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    for (String line; (line = input.readLine()) != null; ) {
      List<String> words = List.of(line.split(" ", -1));
      long number = Long.parseLong(words.get(1));
      System.out.println(
          switch (words.get(0)) {
            case "push" -> String.valueOf(push(connection, number));
            case "pull" -> String.valueOf(pull(connection, number));
            case "trips" -> trips(connection, (int) number);
            case "idle" -> String.valueOf(idle(connection, (int) number, idle));
            default -> throw new IllegalArgumentException("asked '" + line + "'");
          });
    }
    System.exit(0);
  }

  private static double push(Connection connection, long bytes) throws Exception {
    byte[] chunk = new byte[CHUNK];
    long start = System.nanoTime();
    try (Program program = connection.exec("wc -c")) {
      for (long left = bytes; left > 0; left -= CHUNK) {
        program.write(chunk, (int) Math.min(left, CHUNK));
      }
      program.end();
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      for (int n; (n = program.read(chunk)) >= 0; ) {
        answer.write(chunk, 0, n);
      }
      check(Long.parseLong(answer.toString(UTF_8).strip()), bytes, program.status());
    }
    return (double) bytes / (System.nanoTime() - start);
  }

  private static double pull(Connection connection, long bytes) throws Exception {
    byte[] chunk = new byte[CHUNK];
    long start = System.nanoTime();
    try (Program program = connection.exec("head -c " + bytes + " /dev/zero")) {
      long count = 0;
      for (int n; (n = program.read(chunk)) >= 0; ) {
        count += n;
      }
      check(count, bytes, program.status());
    }
    return (double) bytes / (System.nanoTime() - start);
  }

  private static void check(long count, long expected, int status) throws IOException {
    if (count != expected || status != 0) {
      throw new IOException(
          "counted " + count + " bytes and status " + status + ", expected " + expected + " and 0");
    }
  }

  private static String trips(Connection connection, int count) throws Exception {
    long[] times = new long[count];
    byte[] nothing = new byte[1];
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      try (Program program = connection.exec("true")) {
        int read = program.read(nothing);
        int status = program.status();
        times[i] = System.nanoTime() - start;
        if (read != -1 || status != 0) {
          throw new IOException("read " + read + " and status " + status);
        }
      }
    }
    Arrays.sort(times);
    return times[count / 2] + " " + times[count * 99 / 100];
  }

  private static double idle(Connection connection, int count, List<Program> idle)
      throws Exception {
    long before = Serve.heap();
    for (int i = 0; i < count; i++) {
      idle.add(connection.exec("cat"));
    }
    return (double) (Serve.heap() - before) / count;
  }
}
