// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AcceptRestTest {
  private final List<String> lines = new ArrayList<>();
  private long now = Long.MAX_VALUE - 5;
  private final AcceptRest rest = new AcceptRest(() -> now);

  private void tell(String line) {
    rest.tell(() -> lines.add(line));
  }

  private void passes(Duration time) {
    now += time.toNanos();
  }

  @Test
  void eachRestIsTwiceAsLongUpToASecond() {
    List<Long> millis = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      millis.add(rest.next().toMillis());
    }
    assertEquals(List.of(10L, 20L, 40L, 80L, 160L, 320L, 640L, 1000L, 1000L), millis);
    rest.over();
    assertEquals(Duration.ofMillis(10), rest.next());
  }

  @Test
  void thereIsOneLineInAMinute() {
    tell("first");
    passes(Duration.ofSeconds(59));
    tell("second");
    passes(Duration.ofSeconds(2));
    tell("third");
    tell("fourth");
    assertEquals(List.of("first", "third"), lines);
  }

  @Test
  void aLineThatCouldNotBeLoggedIsTriedAgain() {
    rest.tell(
        () -> {
          throw new OutOfMemoryError("a test's");
        });
    tell("now");
    tell("not again");
    assertEquals(List.of("now"), lines);
  }

  @Test
  void aDescriptorIsGivenBackForTheLineAndAfterTheClose() throws Exception {
    rest.reserve();
    rest.tell(() -> lines.add(rest.reserved() ? "kept" : "free"));
    assertEquals(List.of("free"), lines);
    assertEquals(true, rest.reserved());
    rest.close();
    rest.reserve();
    assertEquals(false, rest.reserved());
  }
}
