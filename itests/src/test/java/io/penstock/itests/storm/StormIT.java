// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.itests.exam.InContainer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;

/**
 * A short storm, the same each time. {@code proofs/storm/run} plays others, for hours, and shortens
 * those that fail.
 */
@InContainer(
    bundles = {
      "com.sun.jna",
      "io.penstock.tls",
      "bcprov",
      "bcutil",
      "bcpkix",
      "org.apache.sshd.osgi",
      "io.penstock.ssh"
    })
class StormIT {
  private static final String PROPERTY = "penstock.storm.";

  /** Short, for the path of a socket must be. */
  @TempDir Path folder;

  @Test
  @Timeout(value = 30, unit = TimeUnit.DAYS)
  void nothingIsLostOrLeft(BundleContext context) throws Exception {
    long seed = Long.getLong(PROPERTY + "seed", 1);
    String given = System.getProperty(PROPERTY + "list", "");
    List<Step> steps =
        given.isEmpty()
            ? Plan.of(seed, Integer.getInteger(PROPERTY + "steps", 16))
            : Step.parse(given);
    Storm.Plant plant = Storm.plant(System.getProperty(PROPERTY + "plant", "none"));
    int between = Integer.getInteger(PROPERTY + "count", 100);
    String done = new Storm(context, folder, steps, between, plant).play();
    assertTrue(done.startsWith(steps.size() + " steps"), done);
    System.out.println("storm, seed " + seed + ": " + done);
  }
}
