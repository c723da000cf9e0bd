// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.impl.buffer.Paced;
import io.penstock.impl.engine.Engine;
import io.penstock.spi.EndDriver;
import io.penstock.stream.Wait;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Whose turn it is at an end: that of one call at a time, or of an operator who holds it. */
public abstract class TurnedEnd extends DrivenEnd {
  private static final VarHandle TURN;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      TURN = lookup.findVarHandle(TurnedEnd.class, "turn", Turn.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Whether the user has declared that there is one caller at a time, which needs no turn.
  private boolean alone;
  private @Nullable Paced paced;
  private volatile @Nullable Turn turn;

  TurnedEnd(String name, Engine engine, Wait setting) {
    super(name, engine, setting);
  }

  @Override
  public void attach(EndDriver value) {
    paced = value instanceof Paced it ? it : null;
    super.attach(value);
  }

  /** Says, before the first call, that calls never overlap, so that they need no turns. */
  public void alone() {
    alone = true;
  }

  boolean isAlone() {
    return alone;
  }

  @Nullable Paced paced() {
    return paced;
  }

  // ---- the turn

  /** Whose turn it is; made for the first call, because an idle end must weigh little. */
  Turn turn() {
    Turn present = turn;
    if (present == null) {
      TURN.compareAndSet(this, (Turn) null, paced == null ? new LightTurn() : new ApartTurn());
      present = Objects.requireNonNull(turn, "turn");
    }
    return present;
  }

  @Override
  public boolean busy() {
    return turn().held();
  }

  /** Passes on a turn that was taken as such, by a call or for a task. */
  void passTurn() {
    if (turn().exit()) {
      wake();
    }
  }

  /** The driver has given or taken bytes. Has the turn. */
  final void moved(int n) {
    turn().moved(n);
  }

  /** How many bytes have come from the driver, or gone to it. */
  public long bytes() {
    Turn present = turn;
    return present == null ? 0 : present.bytes();
  }

  /** How many operations of the driver have moved them. */
  @Override
  public long operations() {
    Turn present = turn;
    return present == null ? 0 : present.operations();
  }

  @Override
  final void wakeInLine() {
    for (Turn.InLine caller : inLine()) {
      caller.wake();
    }
  }

  /** The callers that wait for their turn; not to be changed. */
  final Turn.InLine[] inLine() {
    Turn present = turn;
    return present == null ? Turn.NO_CALLERS : present.inLine();
  }

  /** Wakes those who only wait as long as the holder of the turn does not. */
  abstract void tellHopers();

  // ---- looking on

  /**
   * Shows an onlooker what the driver moves from now on; what a call that is under way moves may be
   * left out. One thread at a time adds and removes.
   *
   * @return false if there is no driver yet
   */
  public abstract boolean show(Onlooker onlooker);

  /** Shows it nothing more; does nothing if it is not there. */
  public abstract void hide(Onlooker onlooker);

  /** Whether any onlooker is there. */
  public final boolean isTapped() {
    return driver() instanceof Tapped;
  }

  // ---- holding

  /**
   * Takes the turn for an operator, from the next call on. Until the release or the close no call
   * gets it.
   *
   * @return false if this end gives no turns, because its user has declared one caller
   */
  public boolean hold() {
    if (alone) {
      return false;
    }
    if (!isHeld() && !isOver()) {
      Turn.Place place = turn().enterForTask(() -> {});
      if (!turn().hold(place)) {
        giveUp(place);
      } else {
        tellHopers();
        if (isOver()) {
          release();
        }
      }
    }
    return true;
  }

  private boolean isOver() {
    return isClosed() || failure() != null;
  }

  /** Lets calls have the turn again. */
  public void release() {
    Turn present = turn;
    Turn.Place place = present == null ? null : present.unhold();
    if (place != null) {
      giveUp(place);
      // Nothing was watched meanwhile, and no caller may have been refused.
      wake();
    }
  }

  /** Takes the turn that an operator has; null if none has it. */
  Turn.@Nullable Place borrowHold() {
    Turn present = turn;
    return present == null || !present.isStill() ? null : present.unhold();
  }

  /** Gives it back to the operator. */
  void returnHold(Turn.Place place) {
    if (!turn().hold(place)) {
      giveUp(place);
    } else if (isOver()) {
      release();
    }
  }

  private void giveUp(Turn.Place place) {
    if (!turn().leave(place)) {
      passTurn();
    }
  }

  /** Whether an operator holds it. */
  public boolean isHeld() {
    Turn present = turn;
    return present != null && present.isOnHold();
  }

  /** Whether an operator has the turn now: nothing can be had here, whatever there is. */
  final boolean isStill() {
    Turn present = turn;
    return present != null && present.isStill();
  }

  /** A selector would find ready, over and over, what nobody may take. */
  @Override
  void arm(@Nullable NextTry by) {
    if (!isStill()) {
      super.arm(by);
    }
  }

  @Override
  public int interest() {
    return isStill() ? 0 : super.interest();
  }

  /** Every caller must hear of a failure. */
  @Override
  public void fail(Throwable cause) {
    super.fail(cause);
    release();
  }

  /** A close needs the turn. */
  @Override
  public boolean markClosed() {
    boolean first = super.markClosed();
    if (first) {
      release();
    }
    return first;
  }
}
