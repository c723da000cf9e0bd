// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import java.util.List;
import java.util.Map;
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
    assertEquals(List.of(), idle.runtime().get("servers"), "neither has changed");
    RuntimeChanges moved = RuntimeChanges.between(before, with(echo(51, 2), echo(52, 7)));
    assertEquals(List.of(Map.of("serviceId", 51L, "frames", 2L)), moved.runtime().get("servers"));
    assertEquals(List.of(), moved.gone());
    RuntimeChanges come = RuntimeChanges.between(with(echo(51, 1)), before);
    assertEquals(List.of(echo(52, 7)), come.runtime().get("servers"));
    RuntimeChanges left = RuntimeChanges.between(before, with(echo(52, 7)));
    assertEquals(List.of(), left.runtime().get("servers"));
    assertEquals(List.of("servers/51"), left.gone());
  }
}
