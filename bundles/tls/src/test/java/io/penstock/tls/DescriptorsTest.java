// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.stream.Wait;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A listener in a program that has too few descriptors for its clients. */
class DescriptorsTest {
  private static final int CALLERS = 150;

  @TempDir static Path folder;

  /** A program that has started, its port, and where it logs. */
  private record Program(Process process, int port, Path errors) implements AutoCloseable {
    static Program start(String how, String endpoint) throws IOException {
      Path errors = Files.createTempFile(folder, how, ".err");
      List<String> command = new ArrayList<>();
      // Enough for the virtual machine and a few dozen connections.
      command.addAll(List.of("/bin/sh", "-c", "ulimit -n 90; exec \"$0\" \"$@\""));
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp", jars()));
      command.addAll(List.of(ScarceDescriptors.class.getName(), how, endpoint));
      Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
      String said = process.inputReader(StandardCharsets.UTF_8).readLine();
      assertTrue(said != null, () -> read(errors));
      return new Program(process, Integer.parseInt(String.valueOf(said)), errors);
    }

    /** Warnings and worse. */
    List<String> warnings() {
      return said().lines().filter(l -> l.matches("(WARNING|SEVERE): .*")).toList();
    }

    String said() {
      return read(errors);
    }

    void awaitWantAndRest() {
      Bench.eventually("it says that it has none left", () -> !warnings().isEmpty());
      Bench.eventually("it rests", () -> ticksInASecond(process) < 50);
    }

    @Override
    public void close() throws IOException {
      process.getOutputStream().close();
      try {
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          throw new AssertionError("it goes on after the end of its input");
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        throw new AssertionError(e);
      }
      assertEquals(0, process.exitValue(), this::said);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"poller", "accept", "late", "relay"})
  void listenerOutlivesTheWantOfDescriptors(String how) throws Exception {
    List<Socket> callers = new ArrayList<>();
    try (Program program = Program.start(how, "tcp-listen://127.0.0.1:0")) {
      for (int i = 0; i < CALLERS; i++) {
        callers.add(call(program));
        callers.get(i).getOutputStream().write(i);
      }
      program.awaitWantAndRest();
      if (how.equals("late")) {
        program.process().getOutputStream().write('\n');
        program.process().getOutputStream().flush();
      }
      // An accepted caller is served all the same, and then makes room for those that wait.
      for (int i = 0; i < CALLERS; i++) {
        assertEquals(i, callers.get(i).getInputStream().read(), "caller " + i);
        callers.get(i).close();
      }
      callers.add(call(program));
      callers.get(CALLERS).getOutputStream().write(9);
      assertEquals(9, callers.get(CALLERS).getInputStream().read());
      assertEquals(1, program.warnings().size(), program::said);
      assertTrue(program.said().contains("Too many open files"), program::said);
    } finally {
      close(callers);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"poller", "accept"})
  void aListenerOutlivesTheWantOfDescriptors(String how) throws Exception {
    String endpoint = "tls-listen://127.0.0.1:0?handshakeTimeout=1h&key=" + Bench.SERVER_KEY;
    List<Socket> silent = new ArrayList<>();
    try (Program program = Program.start(how, endpoint)) {
      try (Channel before = connect(program.port())) {
        assertEchoes(before, 1);
        for (int i = 0; i < CALLERS; i++) {
          silent.add(call(program));
        }
        program.awaitWantAndRest();
        assertEchoes(before, 2);
        // As descriptors come back one by one, there is a want of them after each.
        close(silent);
        try (Channel after = connect(program.port())) {
          assertEchoes(after, 3);
        }
      }
      // Clients that have left are refused, for a reason of their own.
      List<String> lines =
          program.warnings().stream().filter(l -> !l.contains("no connection with")).toList();
      assertEquals(1, lines.size(), program::said);
      assertTrue(lines.get(0).contains("Too many open files"), program::said);
    } finally {
      close(silent);
    }
  }

  private static Socket call(Program program) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), program.port());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static void close(List<Socket> sockets) throws IOException {
    for (Socket each : sockets) {
      each.close();
    }
  }

  private static Channel connect(int port) throws IOException {
    return Bench.CHANNELS.open(
        Bench.endpoint("tls://127.0.0.1:" + port + "?trust=" + Bench.TRUST),
        ChannelOptions.defaults(),
        Wait.upTo(Duration.ofSeconds(30)));
  }

  private static void assertEchoes(Channel channel, int what) throws IOException {
    channel.sink().writeFully(ByteBuffer.wrap(new byte[] {(byte) what}), Bench.SOON);
    ByteBuffer back = ByteBuffer.allocate(1);
    assertEquals(1, channel.source().read(back, Bench.SOON));
    assertEquals(what, back.get(0));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How long a process computes in a second; it may still compile what it has just run. */
  private static long ticksInASecond(Process process) {
    long before = ticks(process);
    LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
    return ticks(process) - before;
  }

  /** How long a process has computed, in hundredths of a second. */
  private static long ticks(Process process) {
    String stat = read(Path.of("/proc/" + process.pid() + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  /**
   * The class path with each folder in a jar: a class that is looked for in a folder could not be
   * opened for want of a descriptor. Each jar is one descriptor, so only those that are needed.
   */
  private static String jars() throws IOException {
    List<String> path = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path from = Path.of(entry);
      if (Files.isDirectory(from)) {
        path.add(jar(from).toString());
      } else if (entry.contains("penstock") || entry.contains("tls-channel")) {
        path.add(entry);
      }
    }
    return String.join(File.pathSeparator, path);
  }

  private static Path jar(Path from) throws IOException {
    Path jar = folder.resolve(Integer.toHexString(from.hashCode()) + ".jar");
    if (Files.exists(jar)) {
      return jar;
    }
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        out.putNextEntry(new JarEntry(from.relativize(file).toString()));
        Files.copy(file, out);
      }
    }
    return jar;
  }
}
