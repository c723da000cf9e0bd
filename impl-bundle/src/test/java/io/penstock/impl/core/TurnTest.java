// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.WouldBlockException;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Parker;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which call has the turn next: the first in the queue, or one that is quicker than its thread. */
class TurnTest {
  enum Weight {
    LIGHT,
    APART;

    Turn make() {
      return this == LIGHT ? new LightTurn() : new ApartTurn();
    }
  }

  /** A caller in the queue that counts how often it was woken. */
  private static final class Caller implements Turn.InLine {
    int woken;

    @Override
    public void wake() {
      woken++;
    }
  }

  /** A caller is in the queue, called, and its thread does not run yet. */
  private static Turn.Place open(Turn turn, Caller caller) {
    assertTrue(turn.tryEnter());
    Turn.Place place = turn.enter(caller);
    assertFalse(turn.exit());
    assertTrue(turn.isOpen());
    return place;
  }

  private static boolean overtakes(Turn turn) {
    return turn.isOpen() && turn.overtake();
  }

  @ParameterizedTest
  @EnumSource
  void aCallOvertakesWhileTheFirstIsOnItsWay(Weight weight) {
    Turn turn = weight.make();
    Caller first = new Caller();
    assertTrue(turn.tryEnter());
    Turn.Place place = turn.enter(first);
    assertFalse(turn.claim(place), "the turn is held");
    for (int i = 0; i < 3; i++) {
      assertFalse(turn.exit());
      assertEquals(1, first.woken, "one call is enough");
      assertFalse(turn.takeFree(), "the first comes first, where a call would wait");
      assertTrue(overtakes(turn));
      assertFalse(turn.isOpen());
    }
    assertFalse(turn.exit());
    assertTrue(turn.claim(place), "its thread runs, and finds the turn open");
    assertFalse(turn.isOpen());
    assertFalse(turn.exit());
    assertTrue(turn.takeFree());
  }

  @ParameterizedTest
  @EnumSource
  void whoRunsIsOvertakenNoMore(Weight weight) {
    Turn turn = weight.make();
    Caller first = new Caller();
    Turn.Place place = open(turn, first);
    assertTrue(overtakes(turn));
    assertFalse(turn.claim(place), "another call was quicker");
    assertFalse(turn.exit());
    assertTrue(place.granted());
    assertEquals(2, first.woken);
    assertFalse(turn.isOpen());
  }

  @ParameterizedTest
  @EnumSource
  void aPlaceBehindTheFirstWaits(Weight weight) {
    Turn turn = weight.make();
    Caller first = new Caller();
    Caller second = new Caller();
    assertTrue(turn.tryEnter());
    Turn.Place place = turn.enter(first);
    Turn.Place behind = turn.enter(second);
    assertFalse(turn.exit());
    assertFalse(turn.claim(behind), "it was woken for another reason");
    assertTrue(turn.claim(place));
    assertEquals(0, second.woken);
    assertFalse(turn.exit());
    assertEquals(1, second.woken);
    assertTrue(overtakes(turn), "the second has not run as the first: it can be overtaken");
    assertFalse(turn.exit());
    assertTrue(turn.claim(behind));
  }

  /** Such as the pump of asynchronous writes: a later write must not come before theirs. */
  @ParameterizedTest
  @EnumSource
  void nothingOvertakesATask(Weight weight) {
    Turn turn = weight.make();
    Caller first = new Caller();
    int[] tasks = {0};
    assertTrue(turn.tryEnter());
    Turn.Place place = turn.enter(first);
    Turn.Place task = turn.enterForTask(() -> tasks[0]++);
    assertFalse(turn.exit());
    assertFalse(turn.isOpen());
    assertTrue(place.granted(), "the task waits for the first, which has the turn at once");
    assertFalse(turn.exit());
    assertTrue(task.granted());
    assertEquals(1, tasks[0]);
  }

  @ParameterizedTest
  @EnumSource
  void aTaskThatComesToAnOpenTurnClosesIt(Weight weight) {
    Turn turn = weight.make();
    Caller first = new Caller();
    int[] tasks = {0};
    Turn.Place place = open(turn, first);
    assertTrue(turn.isOpen());
    turn.enterForTask(() -> tasks[0]++);
    assertFalse(turn.isOpen());
    assertTrue(place.granted());
    assertEquals(2, first.woken);
    assertTrue(turn.claim(place));
    assertFalse(turn.exit());
    assertEquals(1, tasks[0]);
  }

  @ParameterizedTest
  @EnumSource
  void aTaskBehindACallThatOvertookHasItsPlace(Weight weight) {
    Turn turn = weight.make();
    int[] tasks = {0};
    Turn.Place place = open(turn, new Caller());
    assertTrue(overtakes(turn));
    turn.enterForTask(() -> tasks[0]++);
    assertFalse(turn.exit());
    assertTrue(place.granted());
    assertFalse(turn.exit());
    assertEquals(1, tasks[0]);
  }

  @ParameterizedTest
  @EnumSource
  void aFirstThatGivesUpCallsTheNext(Weight weight) {
    Turn turn = weight.make();
    Caller second = new Caller();
    assertTrue(turn.tryEnter());
    Turn.Place place = turn.enter(new Caller());
    Turn.Place behind = turn.enter(second);
    assertFalse(turn.exit());
    assertFalse(turn.leave(place), "it was called: it has the turn to pass on");
    assertFalse(turn.exit());
    assertEquals(1, second.woken);
    assertTrue(turn.claim(behind));
    assertFalse(turn.exit());
    assertTrue(turn.takeFree());
  }

  @ParameterizedTest
  @EnumSource
  void aPlaceThatGivesUpWhileTheTurnIsHeldIsForgotten(Weight weight) {
    Turn turn = weight.make();
    Caller first = new Caller();
    Turn.Place place = open(turn, first);
    assertTrue(overtakes(turn));
    assertTrue(turn.leave(place));
    assertFalse(turn.exit());
    assertTrue(turn.takeFree());
    assertEquals(1, first.woken);
  }

  @ParameterizedTest
  @EnumSource
  void aTaskThatGivesUpLetsOthersOvertakeAgain(Weight weight) {
    Turn turn = weight.make();
    assertTrue(turn.tryEnter());
    turn.enter(new Caller());
    Turn.Place task = turn.enterForTask(() -> {});
    assertTrue(turn.leave(task));
    assertFalse(turn.exit());
    assertTrue(overtakes(turn));
  }

  @ParameterizedTest
  @EnumSource
  void aTryThatWasRefusedAtAnOpenTurnIsTold(Weight weight) {
    Turn turn = weight.make();
    Turn.Place place = open(turn, new Caller());
    assertFalse(turn.tryEnter(), "the first comes first");
    assertTrue(turn.held());
    assertTrue(turn.claim(place));
    assertTrue(turn.exit(), "the refused one is told");
    assertTrue(turn.tryEnter());
    assertFalse(turn.exit());
  }

  @ParameterizedTest
  @EnumSource
  void aTryThatWasRefusedByACallThatOvertookIsTold(Weight weight) {
    Turn turn = weight.make();
    Turn.Place unused = open(turn, new Caller());
    assertTrue(overtakes(turn));
    assertFalse(turn.tryEnter());
    assertTrue(turn.exit(), "the turn is open: the refused one may overtake, too");
    assertTrue(overtakes(turn));
  }

  // ---- which calls overtake

  private final Engine engine = new Engine(Parker.SYSTEM);
  private final MemoryPipe memory = new MemoryPipe("p", 4, false);
  private final SinkEnd sink = new SinkEnd("p", engine, Wait.forever(), memory.sink());
  private final SourceEnd source = new SourceEnd("p", engine, Wait.forever(), memory.source());

  @AfterEach
  void close() throws IOException {
    sink.close();
    source.close();
    engine.close();
  }

  @Test
  void aWriteOvertakesWhereThereIsRoom() throws IOException {
    Turn.Place place = open(sink.turn(), new Caller());
    assertEquals(3, sink.write(ByteBuffer.allocate(3), Wait.none()));
    assertEquals(1, sink.write(ByteBuffer.allocate(3), Wait.none()));
    assertTrue(sink.turn().isOpen());
    assertEquals(0, sink.write(ByteBuffer.allocate(3), Wait.none()), "it would wait");
    assertTrue(sink.turn().claim(place));
    sink.passTurn();
  }

  @Test
  void aWriteOfManyStepsLinesUp() throws IOException {
    Turn.Place place = open(sink.turn(), new Caller());
    assertThrows(
        WouldBlockException.class, () -> sink.writeFully(ByteBuffer.allocate(1), Wait.none()));
    assertEquals(0, sink.give(ByteBuffer.allocate(1), Wait.none()));
    assertTrue(sink.turn().claim(place));
    sink.passTurn();
  }

  @Test
  void aReadOvertakesWhereThereAreBytes() throws IOException {
    sink.write(ByteBuffer.allocate(3));
    Turn.Place place = open(source.turn(), new Caller());
    assertEquals(2, source.read(ByteBuffer.allocate(2), Wait.none()));
    assertEquals(1, source.read(ByteBuffer.allocate(2), Wait.none()));
    assertTrue(source.turn().isOpen());
    assertFalse(source.tryEnterOnce(), "it would wait");
    assertTrue(source.turn().claim(place));
    source.passTurn();
  }

  @Test
  void aReadOfManyStepsLinesUp() throws IOException {
    sink.write(ByteBuffer.allocate(3));
    Turn.Place place = open(source.turn(), new Caller());
    assertFalse(source.tryEnter());
    assertTrue(source.turn().claim(place));
    source.passTurn();
  }
}
