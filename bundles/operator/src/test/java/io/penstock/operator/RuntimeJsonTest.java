// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.runtime.EndDTO;
import io.penstock.runtime.FaultDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.RateDTO;
import io.penstock.runtime.ResourcesDTO;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RuntimeJsonTest {
  @Test
  void aRecordIsAnObjectWithTheNamesOfItsComponents() {
    assertEquals(
        "{\"message\":\"why\",\"at\":12,\"count\":3}",
        RuntimeJson.value(new FaultDTO("why", 12, 3)));
  }

  @Test
  void whatIsNotKnownIsNull() {
    assertEquals(
        "{\"total\":7,\"second\":null,\"minute\":2.500}",
        RuntimeJson.value(new RateDTO(7, -1, 2.5)));
    assertEquals(
        "{\"descriptors\":null,\"maxDescriptors\":null,\"buffered\":0,\"maxBuffered\":9}",
        RuntimeJson.value(new ResourcesDTO(-1, -1, 0, 9)));
    assertEquals("[null]", RuntimeJson.value(Arrays.asList((Object) null)));
    assertEquals("null", RuntimeJson.value(Double.NaN));
  }

  @Test
  void textIsPlainAsciiAndCannotEndTheString() {
    assertEquals(
        "\"a\\\"b\\\\c\\n\\r\\t\\u001b\\u00e4\\ud83d\\ude00\"",
        RuntimeJson.value("a\"b\\c\n\r\t\u001b\u00e4\ud83d\ude00"));
  }

  @Test
  void mapsAndListsMayBeEmpty() {
    assertEquals("{}", RuntimeJson.value(Map.of()));
    assertEquals("[]", RuntimeJson.value(List.of()));
    assertEquals("{\"a\":[1,true]}", RuntimeJson.value(Map.of("a", List.of(1, true))));
  }

  @Test
  void whatIsNoValueIsRefused() {
    var refused =
        assertThrows(IllegalArgumentException.class, () -> RuntimeJson.value(new Object()));
    assertEquals(
        "java.lang.Object cannot be written as JSON; expected a record or a value",
        refused.getMessage());
  }

  @Test
  void whatHasChangedOfARecordIsAllThatIsTold() {
    RateDTO still = new RateDTO(12, 0, 1);
    EndDTO then = new EndDTO(still, still, 3, 1, List.of(), false, false, false, true);
    EndDTO now =
        new EndDTO(new RateDTO(12, -1, 1), still, 4, 1, List.of(), false, true, false, true);
    FaultDTO fault = new FaultDTO("why", 12, 3);
    PipeDTO before = new PipeDTO(1, "orders", "", 64, 8, 32, then, then, null);
    PipeDTO after = new PipeDTO(1, "orders", "", 64, 9, 32, then, now, fault);
    assertEquals(Map.of(), RuntimeJson.changes(before, before));
    assertEquals(
        "{\"buffered\":9,\"source\":{\"bytes\":{\"total\":12,\"second\":null,\"minute\":1.000},"
            + "\"buffered\":4,\"paused\":true},\"fault\":{\"message\":\"why\",\"at\":12,\"count\":3}}",
        RuntimeJson.value(RuntimeJson.changes(before, after)));
    assertTrue(RuntimeJson.value(RuntimeJson.changes(after, before)).endsWith("\"fault\":null}"));
    assertThrows(IllegalArgumentException.class, () -> RuntimeJson.changes(fault, still));
    assertThrows(IllegalArgumentException.class, () -> RuntimeJson.changes(still, still));
  }

  @Test
  void everythingIsInTheObjectOfTheRuntime() {
    String json = RuntimeJson.of(Samples.runtime());
    for (String part :
        List.of(
            "{\"at\":1795383000000,\"pipes\":[{\"id\":1,\"name\":\"orders\"",
            "\"stack\":[\"a.B.read(B.java:1)\"",
            "\"state\":\"CONNECTED\"",
            "\"held\":\"full\"",
            "\"reason\":\"ADDRESS\"",
            "\"awaited\":[{\"name\":\"uplink\"",
            "\"fault\":null")) {
      assertTrue(json.contains(part), () -> part + " is not in " + json);
    }
  }
}
