// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.remote.spi.RemoteEntry;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StaticRegistryTest {
  @Test
  void anEntryHasARankAndTags() {
    RemoteEntry entry =
        StaticRegistryFactory.read("orders=tls://db.example:7000; rank=3;zone=eu;tier=1", 4);
    assertEquals("orders", entry.name());
    assertEquals("tls://db.example:7000", entry.endpoint().toString());
    assertEquals(3, entry.rank());
    assertEquals(Map.of("zone", "eu", "tier", "1"), entry.tags());
    assertEquals(4, entry.id());
  }

  @Test
  void onlyTheEndpointIsNeeded() {
    RemoteEntry entry = StaticRegistryFactory.read("a=unix:/run/a.sock", 0);
    assertEquals("unix:/run/a.sock", entry.endpoint().toString());
    assertEquals(0, entry.rank());
    assertTrue(entry.tags().isEmpty());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tcp://a:1            | names no endpoint",
        "a=                   | is not an endpoint",
        "a=tcp://a:1;zone     | is no tag",
        "a=tcp://a:1;rank=x   | expected a number",
        "a=tcp://a:1;b=1;b=2  | is given twice",
        "a=exec:rm -r x       | expected one of the schemes",
        "a=tcp://a:1?spin=0ms | expected one without options",
        "a b=tcp://a:1        | without spaces",
      })
  void whatIsWrongIsNamed(String text, String expected) {
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> StaticRegistryFactory.read(text.strip(), 0))
            .getMessage();
    assertTrue(message.contains(expected), message);
    assertTrue(message.startsWith("servers: "), message);
  }
}
