// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletionStage;

/**
 * One simulated run: threads of which one runs at a time, a clock that moves only when it is looked
 * at or nobody can run, and a seed that decides everything else.
 *
 * <p>At each point (an access to shared memory, a lock, a wake-up) another thread may be chosen. A
 * run is a function of its seed: the hash of its schedule is the same each time.
 */
public final class Sim {
  /** The run that is under way; null before and after. */
  static Sim active;

  private static final long LOOK_NANOS = 23;
  private static final long SPIN_NANOS = 45;
  private static final long YIELD_NANOS = 400;
  private static final int LATEST_NANOS = 20_000;

  private record Due(long at, long number, SimThread thread, long round) {}

  private final Dice dice;
  private final int spacing;
  private final int spurious;
  private final long maxSteps;
  private final boolean stacks;
  private final ArrayList<SimThread> runnable = new ArrayList<>();
  private final PriorityQueue<Due> timers =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.number, b.number));
  private final List<SimThread> all = new ArrayList<>();
  private final ArrayDeque<String> trace = new ArrayDeque<>();
  private final List<String> log = new ArrayList<>();
  private SimThread current;
  private long now = 1_000_000_000L;
  private long steps;
  private long switches;
  private long untilSwitch;
  private long numbers;
  private long hash = 17;
  private String failure;
  private boolean stopped;
  private boolean still;
  private int warnings;

  /**
   * A run.
   *
   * @param spacing how many points lie between two choices by chance, on average; 1 for each point
   * @param spurious one of so many parks ends for no reason; 0 for none
   */
  public Sim(long seed, int spacing, int spurious, long maxSteps, boolean stacks) {
    this.dice = new Dice(seed);
    this.spacing = spacing;
    this.spurious = spurious;
    this.maxSteps = maxSteps;
    this.stacks = stacks;
    this.untilSwitch = 1 + dice.below(2 * spacing);
  }

  /** The run that is under way. */
  public static Sim get() {
    return active;
  }

  /** Takes the run to its end: nobody can run and nobody waits for the clock. */
  public void run(Runnable first) {
    if (active != null) {
      throw new IllegalStateException("another run is under way");
    }
    active = this;
    try {
      spawn(new SimThread(first, "main"));
      while (failure == null && !stopped) {
        expire();
        if (!runnable.isEmpty()) {
          resume(runnable.get(dice.below(runnable.size())));
        } else if (timers.isEmpty()) {
          break;
        } else {
          now = Math.max(now, timers.peek().at);
        }
      }
    } finally {
      active = null;
    }
  }

  private void resume(SimThread next) {
    if (current != next) {
      switches++;
    }
    hash = hash * 31 + next.number;
    hash = hash * 31 + now;
    current = next;
    untilSwitch = 1 + dice.below(2 * spacing);
    next.carrier.resume();
    current = null;
    if (next.state == SimThread.DONE) {
      runnable.remove(next);
    }
  }

  private void expire() {
    while (!timers.isEmpty() && timers.peek().at <= now) {
      Due due = timers.poll();
      if (due.thread.state == SimThread.BLOCKED && due.thread.wait == due.round) {
        due.thread.timedOut = true;
        ready(due.thread);
      }
    }
  }

  private void ready(SimThread thread) {
    thread.state = SimThread.RUNNABLE;
    thread.wait++;
    runnable.add(thread);
  }

  void spawn(SimThread thread) {
    if (thread.state != SimThread.NEW) {
      throw new IllegalThreadStateException(thread.getName() + " was started before");
    }
    thread.number = all.size() + 1;
    all.add(thread);
    thread.carrier = Carrier.make(thread, () -> body(thread));
    thread.state = SimThread.RUNNABLE;
    runnable.add(thread);
  }

  private void body(SimThread thread) {
    try {
      thread.run();
    } catch (Throwable e) {
      UncaughtHandlers.tell(this, thread, e);
    } finally {
      if (thread.held > 0) {
        fail(thread.getName() + " has ended with a lock");
      }
      thread.state = SimThread.DONE;
      for (SimThread waiting : thread.joining) {
        wake(waiting);
      }
    }
  }

  // ---- what the threads call

  /** Somebody else may run now. */
  public static void point() {
    Sim sim = active;
    if (sim != null) {
      sim.step();
    }
  }

  void step() {
    steps++;
    if (--untilSwitch <= 0 && !still) {
      if (steps > maxSteps) {
        fail("no end after " + steps + " steps: somebody turns in circles");
      }
      current.carrier.leave();
    }
  }

  /** Looks at something while nobody else runs. */
  public long still(java.util.function.LongSupplier look) {
    still = true;
    try {
      return look.getAsLong();
    } finally {
      still = false;
    }
  }

  /** Lets somebody else run in any case. */
  void yield() {
    steps++;
    now += YIELD_NANOS;
    if (steps > maxSteps) {
      fail("no end after " + steps + " steps: somebody turns in circles");
    }
    current.carrier.leave();
  }

  void spin() {
    now += SPIN_NANOS;
    step();
  }

  long look() {
    now += LOOK_NANOS;
    step();
    return now;
  }

  /** The time, for those who only look on. */
  public long now() {
    return now;
  }

  SimThread current() {
    return current;
  }

  /** How many steps there were. */
  public long steps() {
    return steps;
  }

  /** How often another thread ran on. */
  public long switches() {
    return switches;
  }

  /** A number that is the same for each run of a seed. */
  public long hash() {
    return hash;
  }

  /** Chance, by the seed. */
  public Dice dice() {
    return dice;
  }

  /**
   * Waits until woken, or until a time.
   *
   * @param until {@link Long#MAX_VALUE} for no limit
   * @return false when the time has come
   */
  boolean block(long until, Object on, boolean forLock) {
    SimThread me = current;
    if (me.held > 0 && !forLock) {
      fail(me.getName() + " waits for " + on + " while it holds " + me.locks);
    }
    me.state = SimThread.BLOCKED;
    me.on = on;
    me.timedOut = false;
    me.where = stacks ? new Throwable("waits here") : null;
    runnable.remove(me);
    if (until != Long.MAX_VALUE) {
      timers.add(new Due(until + dice.below(LATEST_NANOS), numbers++, me, me.wait));
    }
    me.carrier.leave();
    me.on = null;
    me.where = null;
    return !me.timedOut;
  }

  void wake(SimThread thread) {
    if (thread.state == SimThread.BLOCKED) {
      ready(thread);
    }
  }

  void park(long until, Object on) {
    SimThread me = current;
    step();
    if (me.permit || me.interrupted) {
      me.permit = false;
      return;
    }
    if (until <= now) {
      return;
    }
    long limit =
        spurious > 0 && dice.below(spurious) == 0
            ? Math.min(until, now + dice.below(100_000))
            : until;
    boolean unused = block(limit, on, false);
    me.permit = false;
  }

  void unpark(SimThread thread) {
    step();
    thread.permit = true;
    if (!thread.onOther) {
      wake(thread);
    }
  }

  // ---- what became of it

  /** Says that something is wrong: the first one counts, and the run is over. */
  public void fail(String what) {
    if (failure == null) {
      failure = what;
    }
    if (current != null && current.state != SimThread.DONE) {
      // Never resumed.
      current.carrier.leave();
    }
  }

  /** What went wrong, or null. */
  public String failure() {
    return failure;
  }

  /** Notes a failure without leaving: for those who are no thread of the run. */
  public void blame(String what) {
    if (failure == null) {
      failure = what;
    }
  }

  void say(String line) {
    log.add(line);
  }

  void warned() {
    warnings++;
  }

  /** What the product has logged at warning and above, and what the actors have noted. */
  public List<String> log() {
    return log;
  }

  /** How many warnings the product has logged. */
  public int warnings() {
    return warnings;
  }

  /** Notes what an actor does, for the story of a failing seed. */
  public void note(String what) {
    if (!stacks) {
      return;
    }
    trace.add(String.format("%.6f s %s: %s", (now - 1e9) / 1e9, name(), what));
    if (trace.size() > 400) {
      trace.remove();
    }
  }

  /** Whether the story is kept. */
  public boolean tells() {
    return stacks;
  }

  private String name() {
    return current == null ? "-" : current.getName();
  }

  /** The story so far, its end at least. */
  public List<String> story() {
    return new ArrayList<>(trace);
  }

  /** Who has not come to an end, and where they wait. */
  public List<String> left() {
    List<String> left = new ArrayList<>();
    for (SimThread thread : all) {
      if (thread.state != SimThread.DONE) {
        StringBuilder text = new StringBuilder(thread.getName());
        text.append(thread.state == SimThread.BLOCKED ? " waits for " + thread.on : " could run");
        if (thread.where != null) {
          for (StackTraceElement element : thread.where.getStackTrace()) {
            if (element.getClassName().startsWith("io.penstock.")
                && !element.getClassName().contains(".machine.")) {
              text.append("\n      at ").append(element);
            }
          }
        }
        left.add(text.toString());
      }
    }
    return left;
  }

  /** Runs something whenever a stage is over, in whichever thread completes it. */
  static void await(CompletionStage<?> stage, SimThread me) {
    Sim sim = active;
    stage.whenComplete((value, failed) -> sim.wake(me));
  }
}
