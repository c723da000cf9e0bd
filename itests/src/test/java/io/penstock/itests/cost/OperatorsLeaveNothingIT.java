// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.itests.support.Loaders;
import io.penstock.itests.support.OpenFiles;
import io.penstock.itests.support.Penstock;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** What is left of the operators' bundles once they have stopped, after each was asked: nothing. */
class OperatorsLeaveNothingIT extends WithOperators {
  @TempDir Path folder;

  @Test
  void nothingIsLeft(BundleContext context) throws Exception {
    // The first use has the JDK open and start what it keeps for good.
    ask(context, "first");
    Set<Thread> threads = Set.copyOf(Thread.getAllStackTraces().keySet());
    Set<String> ports = OpenFiles.listeningPorts();
    Set<String> files = OpenFiles.channels();

    List<Bundle> ours = ask(context, "second");

    assertEquals(ports, OpenFiles.listeningPorts());
    Set<String> opened = OpenFiles.channels();
    opened.removeAll(files);
    List<String> left = new ArrayList<>();
    for (String each : opened) {
      left.add(OpenFiles.described(each));
    }
    assertEquals(List.of(), left);
    Set<Thread> started = new HashSet<>(Thread.getAllStackTraces().keySet());
    started.removeAll(threads);
    // Felix Log ends its thread by an interrupt, which a listener that is being told may take away.
    started.removeIf(thread -> thread.getName().equals("FelixLogListener"));
    for (Thread thread : started) {
      // Those of a pool end a moment after it was shut down.
      thread.join(10_000);
    }
    started.removeIf(thread -> !thread.isAlive());
    assertEquals(Set.of(), started);
    List<WeakReference<ClassLoader>> loaders = uninstall(ours);
    Penstock.refresh(context);
    for (WeakReference<ClassLoader> loader : loaders) {
      Loaders.awaitCollected(context, loader);
    }
  }

  private List<Bundle> ask(BundleContext context, String name) throws Exception {
    List<Bundle> ours = start(context);
    Asking asking = new Asking(context, Files.createDirectory(folder.resolve(name)), 3);
    asking.end();
    stop(context);
    return ours;
  }

  private static List<WeakReference<ClassLoader>> uninstall(List<Bundle> bundles) throws Exception {
    List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
    for (Bundle bundle : bundles) {
      loaders.add(Loaders.of(bundle));
      bundle.uninstall();
    }
    return loaders;
  }
}
