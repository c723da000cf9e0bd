// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The ranges that docs/durable.md states: the last value within is taken, the next is refused. */
class SettingsTest {
  private static Settings of(String key, String value) throws AddressException {
    return Settings.of(
        Endpoint.parse("file:/var/spool/x"), ChannelOptions.defaults().with(key, value));
  }

  @ParameterizedTest
  @CsvSource({
    "capacity,1", "capacity,1GiB", "keep,0", "keep,1GiB", "block,512", "block,1MiB",
    "window,1KiB", "window,1GiB", "sync,each", "sync,group", "sync,none", "ackTimeout,1ms",
    "onEnd,renew", "onEnd,stay"
  })
  void whatIsWithinIsTaken(String key, String value) {
    assertDoesNotThrow(() -> of(key, value));
  }

  @ParameterizedTest
  @CsvSource({
    "capacity,0",
    "capacity,much",
    "keep,-1",
    "block,511",
    "block,1048577",
    "window,1023",
    "window,1073741825",
    "sync,often",
    "ackTimeout,0ms",
    "ackTimeout,5",
    "onEnd,go"
  })
  void whatIsBeyondIsRefusedByName(String key, String value) {
    String refusal =
        assertThrows(IllegalArgumentException.class, () -> of(key, value)).getMessage();
    assertTrue(refusal.contains(key), refusal);
  }

  @Test
  void whatIsNotGivenHasItsDefault() throws Exception {
    Settings settings = Settings.of(Endpoint.parse("file:/var/spool/x"), ChannelOptions.defaults());
    assertEquals(1L << 30, settings.capacity());
    assertEquals(0, settings.keep());
    assertEquals(Duration.ofSeconds(30), settings.ackTimeout());
    assertEquals(64 << 10, settings.block());
    assertEquals(4 << 20, settings.window());
    assertEquals(Settings.Sync.GROUP, settings.sync());
    assertTrue(settings.reads() && settings.writes() && settings.renew() && !settings.takeover());
  }

  @ParameterizedTest
  @ValueSource(strings = {"file:/var/spool/", "file://host/x"})
  void noPathIsRefused(String location) {
    assertThrows(
        AddressException.class,
        () -> Settings.of(Endpoint.parse(location), ChannelOptions.defaults()));
  }
}
