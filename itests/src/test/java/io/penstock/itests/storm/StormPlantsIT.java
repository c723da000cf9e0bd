// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.storm.Storm.Plant;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.osgi.framework.BundleContext;

/** The storm finds what is planted for it. */
@InContainer(
    value = ContainerKind.FELIX,
    bundles = {
      "com.sun.jna",
      "io.penstock.tls",
      "bcprov",
      "bcutil",
      "bcpkix",
      "org.apache.sshd.osgi",
      "io.penstock.ssh"
    })
class StormPlantsIT {

  /** Short, for the path of a socket must be. */
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "LEAK, refresh impl 0, LEFT, class loaders of io.penstock.impl",
    "DROP, tune pipe 1, DROPPED, tcp",
    "DEADLOCK, spoil pipe 1, DEADLOCK, storm-plant waits for"
  })
  void everyPlantIsFound(
      Plant plant, String step, Faults.Kind kind, String words, BundleContext context) {
    Storm storm = new Storm(context, folder, Step.parse(step), 1, plant);
    Faults.Found found = assertThrows(Faults.Found.class, storm::play);
    assertEquals(kind, found.kind(), found::toString);
    assertTrue(found.getMessage().contains(words), found::toString);
    assertTrue(found.getMessage().endsWith("steps: " + step), found::toString);
  }

  @Test
  void stepsAreReadAsTheyAreWritten() {
    List<Step> steps = Plan.of(7, 300);
    String text = String.join(",", steps.stream().map(Step::toString).toList());
    assertEquals(steps, Step.parse(text));
    assertEquals(steps, Plan.of(7, 300));
  }
}
