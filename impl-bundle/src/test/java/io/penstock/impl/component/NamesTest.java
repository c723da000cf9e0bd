// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NamesTest {
  private final Names names = new Names();
  private final List<String> granted = new ArrayList<>();

  private Names.Claim claim(String pid) {
    return names.claim("x", pid, () -> granted.add(pid));
  }

  @Test
  void firstHasTheNameAndTheNextGetsIt() {
    Names.Claim one = claim("one");
    Names.Claim two = claim("two");
    Names.Claim three = claim("three");
    assertEquals(Optional.empty(), one.rival());
    assertEquals(Optional.of("one"), two.rival());

    two.release();
    assertEquals(List.of(), granted);
    one.release();
    assertEquals(List.of("three"), granted);
    assertEquals(Optional.empty(), three.rival());
  }

  @Test
  void releasingTwiceTakesNothingFromTheNext() {
    Names.Claim one = claim("one");
    claim("two");
    claim("three");
    one.release();
    one.release();
    assertEquals(List.of("two"), granted);
  }

  @Test
  void namesAreApart() {
    claim("one");
    assertEquals(Optional.empty(), names.claim("y", "two", () -> {}).rival());
  }
}
