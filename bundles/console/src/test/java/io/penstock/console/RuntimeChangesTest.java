// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a browser is told of again. */
class RuntimeChangesTest {
  private static ServerDTO echo(long serviceId, long frames) {
    return new ServerDTO(
        serviceId,
        "echo",
        "a.Echo",
        "tcp-listen://127.0.0.1:" + serviceId,
        false,
        null,
        "lines",
        "poller",
        1,
        frames,
        0,
        null,
        0,
        List.of());
  }

  private static RuntimeDTO with(ServerDTO... servers) {
    return new RuntimeDTO(
        1,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(servers),
        List.of(),
        List.of(),
        List.of(),
        new ResourcesDTO(1, 1, 1, 1));
  }

  @Test
  void handlersOfOneNameAreToldApart() {
    RuntimeDTO before = with(echo(51, 1), echo(52, 7));
    RuntimeChanges idle = RuntimeChanges.between(before, with(echo(51, 1), echo(52, 7)));
    assertEquals(List.of(), idle.runtime().servers(), "neither has changed");
    RuntimeChanges moved = RuntimeChanges.between(before, with(echo(51, 2), echo(52, 7)));
    assertEquals(List.of(echo(51, 2)), moved.runtime().servers());
    assertEquals(List.of(), moved.gone());
    RuntimeChanges left = RuntimeChanges.between(before, with(echo(52, 7)));
    assertEquals(List.of(), left.runtime().servers());
    assertEquals(List.of("servers/51"), left.gone());
  }
}
