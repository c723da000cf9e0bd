// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.simulation.machine.Dice;
import io.penstock.simulation.machine.Plan;
import io.penstock.simulation.machine.Sim;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.locks.LockSupport;

/** The network: what it does it does on a thread of its own, at its time. */
final class Net {
  /** How ends tell that they are ready. */
  enum Ways {
    /** By a call. */
    SIGNAL,
    /** By a selector. */
    SELECT,
    /** The source by a selector, the sink by a call. */
    MIXED
  }

  private record Event(long at, long number, Runnable task) {}

  final Sim sim = Sim.get();
  final Dice dice;
  final Map<String, SimListener> listeners = new LinkedHashMap<>();
  final Ways ways;
  final int latency;
  final int jitter;
  final int window;
  final int piece;
  final int shortMoves;
  final int wouldBlock;
  final int kick;
  final long perByte;

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.number, b.number));
  private final Thread thread = new Thread(this::run, "network");
  private long numbers;
  private boolean stopped;

  /** How far a direction may come before the connection is lost; at most once for each. */
  long cutAt = Long.MAX_VALUE;

  /** Nothing arrives before. */
  long partitionedUntil;

  /** Why nobody can connect now; null if somebody can. */
  boolean down;

  /** Connections are lost, and nobody hears of it: connecting takes for ever. */
  boolean silent;

  Runnable onConnect = () -> {};
  final java.util.List<Link> links = new java.util.ArrayList<>();

  Net(Plan plan) {
    this.dice = new Dice(plan.seed() ^ 0x5EED);
    this.ways = Ways.values()[plan.number("ways", 0, 2)];
    this.latency = plan.number("latency (us)", 0, 3000) * 1000;
    this.jitter = plan.number("jitter (us)", 0, 2000) * 1000;
    int size = plan.number("window", 0, 3);
    this.window = new int[] {64 * 1024, 4096, 300, 7}[size];
    this.piece = new int[] {1460, 536, 64, 3}[size];
    this.shortMoves = plan.number("short moves", 0, 3);
    this.wouldBlock = plan.number("would block", 0, 6);
    this.kick = plan.number("needless calls", 0, 4);
    this.perByte = new long[] {0, 8, 200}[plan.number("bandwidth", 0, 2)];
    thread.start();
  }

  /** The time. */
  long now() {
    return sim.now();
  }

  /** Has something happen later. */
  void after(long nanos, Runnable task) {
    at(now() + nanos, task);
  }

  void at(long when, Runnable task) {
    boolean first = events.isEmpty() || events.peek().at > when;
    events.add(new Event(when, numbers++, task));
    if (first) {
      LockSupport.unpark(thread);
    }
  }

  private void run() {
    while (!stopped) {
      Event next = events.peek();
      if (next == null) {
        LockSupport.park(this);
      } else if (next.at > now()) {
        LockSupport.parkNanos(this, next.at - now());
      } else {
        events.poll();
        next.task.run();
      }
    }
  }

  /** Ends it; what has not arrived never does. */
  void stop() {
    stopped = true;
    LockSupport.unpark(thread);
  }

  /** How long something is under way now. */
  long way() {
    return latency + (jitter == 0 ? 0 : dice.below(jitter));
  }

  /** Cuts all connections, as a machine that goes down does, or in silence. */
  void lose(boolean quietly) {
    for (Link link : new java.util.ArrayList<>(links)) {
      if (quietly) {
        link.mute();
      } else {
        link.reset("the network went down");
      }
    }
  }
}
