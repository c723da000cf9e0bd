// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The JDK (17) keeps the types of the record whose equals or hashCode was made last. */
class RecordsTest {
  @Test
  void comparingKeepsNoClassLoader() throws Exception {
    ReferenceQueue<ClassLoader> queue = new ReferenceQueue<>();
    WeakReference<ClassLoader> loader = compare(queue);
    boolean collected = false;
    for (int i = 0; i < 40 && !collected; i++) {
      System.gc();
      collected = queue.remove(250) == loader;
    }
    assertTrue(collected, "the class loader is still reachable");
  }

  /** In a method of its own, so that no frame holds what it uses. */
  private static WeakReference<ClassLoader> compare(ReferenceQueue<ClassLoader> queue)
      throws Exception {
    List<URL> path = new ArrayList<>();
    for (String each : System.getProperty("java.class.path").split(File.pathSeparator)) {
      path.add(new File(each).toURI().toURL());
    }
    URLClassLoader own =
        new URLClassLoader(path.toArray(new URL[0]), ClassLoader.getPlatformClassLoader());
    try (own) {
      Class<?> type = Class.forName(ComparedRecords.class.getName(), true, own);
      ((Runnable) type.getConstructor().newInstance()).run();
    }
    return new WeakReference<>(own, queue);
  }
}
