// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.ssh.impl.Given;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which agent is meant. */
class AgentOptionTest {
  private static Given given(String value) {
    return new Given(Map.of("agent", value));
  }

  @Test
  void agentIsThatOfOurEnvironmentOrAPath() throws Exception {
    assertEquals(Optional.of(Path.of("/run/a")), ClientOptions.agent(given("true"), "/run/a"));
    assertEquals(Optional.of(Path.of("/run/b")), ClientOptions.agent(given("/run/b"), "/run/a"));
    assertEquals(Optional.empty(), ClientOptions.agent(given("false"), "/run/a"));
    assertEquals(Optional.empty(), ClientOptions.agent(new Given(Map.of()), "/run/a"));
    for (String nothing : new String[] {null, ""}) {
      IOException refused =
          assertThrows(IOException.class, () -> ClientOptions.agent(given("true"), nothing));
      assertTrue(refused.getMessage().contains("SSH_AUTH_SOCK"), refused.getMessage());
    }
  }
}
