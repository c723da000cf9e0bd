// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.component;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.remote.impl.node.OnRemoved;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RemoteSettingsTest {
  @Test
  void defaultsHoldWhereNothingIsSaid() {
    RemoteSettings settings = RemoteSettings.of(Map.of("servers", "nats://a:1, nats://b:2"));
    assertEquals(List.of("nats://a:1", "nats://b:2"), settings.registry().servers());
    assertEquals(Duration.ofSeconds(3), settings.registry().session());
    assertEquals(3, settings.registry().replicas());
    assertEquals(OnRemoved.ABORT_IF_SILENT, settings.onRemoved());
    assertEquals(Set.of("*"), settings.imports());
    assertEquals(Set.of(), settings.unknown());
  }

  @Test
  void everyKeyIsRead() {
    RemoteSettings settings =
        RemoteSettings.of(
            Map.of(
                "servers", new String[] {"nats://a:1", "nats://b:2"},
                "session", "1s",
                "onRemoved", "keep",
                "imports", "a, b",
                "replicas", 1,
                "tls.trust", "ca.pem",
                ".password", "secret",
                "user", "me",
                "misspelt", "x",
                "service.pid", "io.penstock.Remote"));
    assertEquals(2, settings.registry().servers().size());
    assertEquals(Duration.ofSeconds(1), settings.registry().session());
    assertEquals(1, settings.registry().replicas());
    assertEquals(OnRemoved.KEEP, settings.onRemoved());
    assertEquals(Set.of("a", "b"), settings.imports());
    assertEquals(Map.of("tls.trust", "ca.pem", "user", "me"), settings.registry().options());
    assertEquals(Map.of("password", "secret"), settings.registry().secrets());
    assertEquals(Set.of("misspelt"), settings.unknown());
    assertFalse(settings.toString().contains("secret"), settings.toString());
    assertEquals(
        Set.of(), RemoteSettings.of(Map.of("servers", "memory:a", "imports", "")).imports());
  }

  @Test
  void anotherSecretIsAnotherConfiguration() {
    assertNotEquals(
        RemoteSettings.of(Map.of("servers", "nats://a:1", ".token", "one")),
        RemoteSettings.of(Map.of("servers", "nats://a:1", ".token", "two")));
  }

  @ParameterizedTest
  @CsvSource({
    "servers,   ,                servers: there are none",
    "servers,   localhost,       servers: one of them has no scheme",
    "servers,   'nats://a,etcd://b', servers: one is of nats: and one of etcd:",
    "servers,   nats://me:pw@a:1, servers: an address has a password in it",
    "session,   999ms,           session: '999ms'",
    "session,   soon,            'soon'",
    "onRemoved, abrt,            onRemoved: 'abrt'",
    "replicas,  0,               replicas: '0'",
    "replicas,  6,               replicas: '6'",
  })
  void whatIsWrongIsNamed(String key, String value, String expected) {
    Map<String, String> all = new java.util.HashMap<>(Map.of("servers", "memory:a"));
    all.put(key, value == null ? "" : value);
    String message =
        assertThrows(IllegalArgumentException.class, () -> RemoteSettings.of(all)).getMessage();
    assertTrue(message.contains(expected), message);
    assertFalse(message.contains("pw"), message);
  }
}
