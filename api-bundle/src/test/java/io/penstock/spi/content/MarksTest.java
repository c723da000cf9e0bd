// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi.content;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.StreamTruncatedException;
import org.junit.jupiter.api.Test;

/** Streams one after the other, and marks that the place has lost. */
class MarksTest {
  private final Marks marks = new Marks(0);

  @Test
  void eachStreamIsMetAfterTheOther() throws Exception {
    assertFalse(marks.put(0, new Mark(10, null)));
    assertFalse(marks.put(1, new Mark(30, null)));
    assertEquals(2, marks.next());
    assertEquals(10, marks.readable(50));
    assertFalse(marks.meetsEnd("a", 9));
    assertTrue(marks.meetsEnd("a", 10));
    assertTrue(marks.commit(10, true));
    assertEquals(1, marks.stream());
    assertEquals(30, marks.readable(50));
    assertTrue(marks.hasEnded(30));
    assertTrue(marks.commit(30, true));
    assertEquals(50, marks.readable(50));
    assertFalse(marks.isOver(50));
  }

  @Test
  void anEndThatWasLostDoesNotHideThoseBehindIt() throws Exception {
    boolean unused = marks.put(0, new Mark(10, null));
    assertTrue(marks.commit(10, true));
    // That of stream 1 is lost: what it had goes on with stream 2.
    assertFalse(marks.put(2, new Mark(30, null)));
    assertEquals(3, marks.next());
    assertEquals(30, marks.readable(50));
    assertFalse(marks.isOver(29));
    assertTrue(marks.meetsEnd("a", 30));
    assertTrue(marks.commit(30, true));
    assertEquals(3, marks.stream());
    assertFalse(marks.isOver(50));
    assertFalse(marks.put(3, new Mark(50, "gone")));
    assertTrue(marks.isOver(50));
    assertFalse(marks.hasEnded(50));
    assertThrows(StreamTruncatedException.class, () -> marks.meetsEnd("a", 50));
  }

  @Test
  void anEndThatWasMetBeforeThePlaceHasItCounts() {
    assertFalse(marks.commit(10, true));
    assertTrue(marks.put(0, new Mark(10, null)));
    assertEquals(1, marks.stream());
  }
}
