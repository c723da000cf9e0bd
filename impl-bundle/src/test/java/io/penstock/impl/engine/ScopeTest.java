// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What an owner has made and not closed. */
class ScopeTest {
  private final List<String> closed = new ArrayList<>();

  private final class Old implements Scope.Dated {
    private final long since;

    Old(long since) {
      this.since = since;
    }

    @Override
    public long since() {
      return since;
    }

    @Override
    public String describe() {
      return toString();
    }

    @Override
    public void closeNow() {
      closed.add(toString());
    }

    @Override
    public String toString() {
      return "made at " + since;
    }
  }

  private void add(Scope scope, String name) {
    scope.add(name, name, () -> closed.add(name));
  }

  /** With a clock that passes from the greatest number to the least. */
  @Test
  void membersWithADateComeByTheirAgeAfterTheOthers() {
    Scope scope = Scope.quiet();
    add(scope, "b");
    Old third = new Old(Long.MIN_VALUE + 5);
    scope.add(third);
    Old first = new Old(Long.MAX_VALUE - 5);
    scope.add(first);
    Old second = new Old(Long.MAX_VALUE);
    scope.add(second);
    add(scope, "a");
    assertEquals(5, scope.size());
    List<Object> expected = List.of("b", "a", first, second, third);
    assertEquals(expected, scope.things());
    assertEquals(expected, List.copyOf(scope.unclosed().keySet()));
    scope.remove(second);
    scope.remove("b");
    assertEquals(List.of("a", first, third), scope.things());
    scope.close();
    assertEquals(List.of("a", first.toString(), third.toString()), closed);
    assertEquals(0, scope.size());
  }

  @Test
  void whereEachWasMadeIsToldIfItWasTraced() {
    Scope traced = new Scope("somebody", () -> true);
    Old one = new Old(1);
    traced.add(one);
    StackTraceElement[] made = traced.unclosed().get(one).getStackTrace();
    assertTrue(made.length > 0);
    Scope plain = new Scope("somebody", () -> false);
    plain.add(one);
    assertEquals(0, plain.unclosed().get(one).getStackTrace().length);
  }

  @Test
  void whatComesAfterTheCloseIsClosed() {
    Scope scope = new Scope("somebody", () -> false);
    scope.close();
    Old late = new Old(1);
    String told = assertThrows(IllegalStateException.class, () -> scope.add(late)).getMessage();
    assertEquals("made at 1 cannot be made: the factory of somebody is closed", told);
    assertEquals(List.of(late.toString()), closed);
  }
}
