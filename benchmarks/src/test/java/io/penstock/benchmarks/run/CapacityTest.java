// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class CapacityTest {
  private static final List<Integer> ALL = List.of(10, 100, 1000, 10_000, 50_000);

  @Test
  void descriptorsBoundConnections() {
    assertEquals(List.of(10, 100, 1000, 10_000), new Capacity(20_000, 60_000).steps(ALL, 64));
    assertEquals(List.of(10, 100, 404), new Capacity(1024, 28_000).steps(ALL, 64));
  }

  @Test
  void portsDoAsWell() {
    assertEquals(
        List.of(10, 100, 1000, 10_000, 17_968),
        new Capacity(Long.MAX_VALUE, 28_232).steps(ALL, 64));
  }

  @Test
  void whereThereIsHardlyAnyOneIsLeft() {
    assertEquals(List.of(1), new Capacity(256, 28_000).steps(ALL, 64));
  }

  @Test
  void thisMachineAllowsSome() throws IOException {
    Capacity here = Capacity.here();
    assertTrue(here.descriptors() > 0 && here.ports() > 0, here::text);
  }
}
