// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.ssh.impl.CryptoProviders;
import io.penstock.ssh.impl.Fingerprint;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Host keys that are not there yet. */
class HostKeyFilesTest {
  @TempDir Path folder;

  private static String read(Path file) throws IOException {
    boolean unused = CryptoProviders.ready();
    return Fingerprint.of(
        HostKeyFiles.read(List.of(file), Optional.empty(), true).get(0).getPublic());
  }

  /** As when a container starts with several listeners that are configured with the same file. */
  @Case(seconds = 60)
  void listenersThatStartTogetherHaveTheSameKey() throws Exception {
    int together = 4;
    ExecutorService threads = Executors.newFixedThreadPool(together);
    try {
      for (int round = 0; round < 100; round++) {
        Path file = folder.resolve("host" + round);
        CyclicBarrier start = new CyclicBarrier(together);
        List<Callable<String>> listeners = new ArrayList<>();
        for (int i = 0; i < together; i++) {
          listeners.add(
              () -> {
                start.await();
                return read(file);
              });
        }
        Set<String> keys = new TreeSet<>();
        for (Future<String> key : threads.invokeAll(listeners)) {
          keys.add(key.get());
        }
        assertEquals(Set.of(read(file)), keys);
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void missingFolderIsNamed() {
    Path file = folder.resolve("none").resolve("host");
    IOException refused = assertThrows(IOException.class, () -> read(file));
    assertEquals(
        "hostkey: "
            + file
            + " cannot be made: expected the folder "
            + file.getParent()
            + " to be there",
        refused.getMessage());
  }

  /** As processes do that start at the same moment: none waits for another. */
  @Case(seconds = 60)
  void whoeverFindsAKeyThatIsBeingMadeFindsAllOfIt() throws Exception {
    boolean unused = CryptoProviders.ready();
    int together = 4;
    ExecutorService threads = Executors.newFixedThreadPool(together);
    try {
      for (int round = 0; round < 50; round++) {
        Path file = folder.resolve("beside" + round);
        CyclicBarrier start = new CyclicBarrier(together);
        List<Callable<String>> processes = new ArrayList<>();
        for (int i = 0; i < together; i++) {
          processes.add(
              () -> {
                start.await();
                HostKeyFiles.make(file, null);
                return read(file);
              });
        }
        Set<String> keys = new TreeSet<>();
        for (Future<String> key : threads.invokeAll(processes)) {
          keys.add(key.get());
        }
        assertEquals(Set.of(read(file)), keys);
        assertEquals(
            "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
      }
    } finally {
      threads.shutdown();
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(50, left.count());
    }
  }

  /** Makes a key where nothing can be written, as on a full disk. */
  @Case(seconds = 60)
  void diskThatIsFullLeavesNoFile() throws Exception {
    Path file = folder.resolve("full");
    ProcessBuilder maker =
        new ProcessBuilder(
            "sh",
            "-c",
            "ulimit -f 0; exec \"$@\"",
            "sh",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:-UsePerfData",
            "-cp",
            System.getProperty("java.class.path"),
            Maker.class.getName(),
            file.toString());
    maker.redirectErrorStream(true);
    Process process = maker.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(3, process.waitFor(), said);
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(), left.toList(), said);
    }
    assertEquals(read(file), read(file));
  }

  /** Of a process of its own. */
  static final class Maker {
    private Maker() {}

    public static void main(String[] arguments) {
      try {
        System.out.println(read(Path.of(arguments[0])));
      } catch (IOException e) {
        System.out.println(e.getMessage());
        System.exit(3);
      }
    }
  }
}
