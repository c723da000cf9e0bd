// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.stream.Wait;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
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

/** A listener in a program that has too few descriptors for those who come. */
class DescriptorsTest {
  private static final int SILENT = 150;

  @TempDir static Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"poller", "accept"})
  void aListenerOutlivesTheWantOfDescriptors(String how) throws Exception {
    Path errors = folder.resolve(how + ".err");
    List<String> command = new ArrayList<>();
    // Enough for the virtual machine and a few dozen connections.
    command.addAll(List.of("/bin/sh", "-c", "ulimit -n 90; exec \"$0\" \"$@\""));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp", jars()));
    command.addAll(List.of(ScarceDescriptors.class.getName(), how, Bench.SERVER_KEY.toString()));
    Process program = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    List<Socket> silent = new ArrayList<>();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(program.getInputStream(), StandardCharsets.UTF_8))) {
      String said = out.readLine();
      assertTrue(said != null, () -> read(errors));
      int port = Integer.parseInt(String.valueOf(said));
      try (Channel before = connect(port)) {
        assertEchoes(before, 1);
        for (int i = 0; i < SILENT; i++) {
          silent.add(new Socket(InetAddress.getLoopbackAddress(), port));
        }
        Bench.eventually("it says that it has none left", () -> !warnings(errors).isEmpty());
        Bench.eventually("it rests", () -> ticksInASecond(program) < 50);
        assertEchoes(before, 2);
        // As descriptors come back one by one, there is a want of them after each.
        for (Socket each : silent) {
          each.close();
        }
        try (Channel after = connect(port)) {
          assertEchoes(after, 3);
        }
      }
      // Those who have left are refused, for a reason of their own.
      List<String> lines =
          warnings(errors).stream().filter(l -> !l.contains("no connection with")).toList();
      assertEquals(1, lines.size(), () -> read(errors));
      assertTrue(lines.get(0).contains("Too many open files"), () -> read(errors));
    } finally {
      for (Socket each : silent) {
        each.close();
      }
      program.getOutputStream().close();
      if (!program.waitFor(20, TimeUnit.SECONDS)) {
        program.destroyForcibly();
      }
    }
    assertEquals(0, program.exitValue(), () -> read(errors));
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

  private static List<String> warnings(Path errors) {
    return read(errors).lines().filter(l -> l.matches("(WARNING|SEVERE): .*")).toList();
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
