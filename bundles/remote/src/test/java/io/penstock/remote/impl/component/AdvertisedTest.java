// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.component;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.remote.spi.RemoteEntry;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdvertisedTest {
  private static RemoteEntry entry(String bound, Map<String, Object> properties) {
    return PublishedServices.entry("node", 1, "orders", Endpoint.parse(bound), properties);
  }

  private static Map<String, Object> advertise(String text) {
    return text == null ? Map.of() : Map.of("penstock.advertise", text);
  }

  @ParameterizedTest
  @CsvSource({
    "tcp-listen://127.0.0.1:7000,              ,          tcp://127.0.0.1:7000",
    "tcp-listen://*:7000,              db.example,          tcp://db.example:7000",
    "tcp-listen://*:7000,              db.example:80,       tcp://db.example:80",
    "tls-listen://:7000,               10.0.0.1,            tls://10.0.0.1:7000",
    "tcp-listen://[::]:7000,           [fe80::1],           tcp://[fe80::1]:7000",
    "tcp-listen://[::]:7000,           [fe80::1]:9,         tcp://[fe80::1]:9",
    "ssh-listen://h:22,                ,                    ssh://h:22",
    "unix-listen:/run/a.sock,          ,                    unix:/run/a.sock",
  })
  void itIsPublishedWhereOthersReachIt(String bound, String advertised, String expected) {
    assertEquals(expected, entry(bound, advertise(advertised)).endpoint().toString());
  }

  @ParameterizedTest
  @CsvSource({
    "tcp-listen://*:7000,       ,            advertise: it is not given",
    "tcp-listen://0.0.0.0:7000, ,            advertise: it is not given",
    "tcp-listen://[::]:7000,    ,            advertise: it is not given",
    "tcp-listen://h:7000,       *:7000,      advertise: '*:7000'",
    "tcp-listen://h:7000,       x:0,         advertise: 'x:0'",
    "tcp-listen://h:7000,       x:99999,     advertise: 'x:99999'",
    "tcp-listen://h:7000,       x:y,         advertise: 'x:y'",
    "mem-listen:a,              ,            mem-listen: cannot be published",
    "unix-listen:/a,            h:1,         advertise: 'h:1'",
  })
  void whatCannotBePublishedIsNamed(String bound, String advertised, String expected) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> entry(bound, advertise(advertised)))
            .getMessage();
    assertTrue(message.contains(expected), message);
  }

  @Test
  void rankAndTagsAreRead() {
    RemoteEntry entry =
        entry(
            "tcp-listen://h:1", Map.of("penstock.rank", 7, "penstock.tags", " zone=eu , tier = 1"));
    assertEquals(7, entry.rank());
    assertEquals(Map.of("zone", "eu", "tier", "1"), entry.tags());
    for (String tags : new String[] {"zone", "=eu", "zone=eu,zone=us", "zone="}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> entry("tcp-listen://h:1", Map.of("penstock.tags", tags)),
          tags);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> entry("tcp-listen://h:1", Map.of("penstock.rank", "high")));
  }
}
