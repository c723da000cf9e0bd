// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.ssh.impl.Fingerprint;
import io.penstock.ssh.impl.Providers;
import io.penstock.testing.Case;
import java.io.IOException;
import java.nio.file.Path;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Host keys that are not there yet. */
class HostKeyFilesTest {
  @TempDir Path folder;

  private static String read(Path file) throws IOException {
    boolean unused = Providers.ready();
    return Fingerprint.of(HostKeyFiles.read(List.of(file), Optional.empty()).get(0).getPublic());
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
}
