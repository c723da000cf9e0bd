// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.StreamFault;
import io.penstock.impl.buffer.Contents;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Parker;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.kind.memory.MemoryPair;
import io.penstock.impl.pipe.Pipes;
import io.penstock.impl.poller.SelectorPoller;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.relay.Relays;
import io.penstock.pipe.PipeFactory;
import io.penstock.relay.RelayFactory;
import io.penstock.simulation.machine.Dice;
import io.penstock.simulation.machine.Machine;
import io.penstock.simulation.machine.Plan;
import io.penstock.simulation.machine.Sim;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** The product on the machine, and the actors that use it. */
final class World {
  /** How late a limit may come: a selector counts in milliseconds, and others run meanwhile. */
  static final long TICK = 3_000_000;

  private static final Parker DRIVEN =
      new Parker() {
        @Override
        public void park(Object blocker) {
          LockSupport.park(blocker);
        }

        @Override
        public void parkNanos(Object blocker, long nanos) {
          LockSupport.parkNanos(blocker, nanos);
        }

        @Override
        public void unpark(Thread thread) {
          LockSupport.unpark(thread);
        }

        @Override
        public void giveWay() {
          Machine.yield();
        }

        @Override
        public long nanoTime() {
          return System.nanoTime();
        }
      };

  /** What an actor gives as its reason for an abort: whoever meets it meets the truth. */
  static final String PLANNED = "planned by an actor";

  /** What an actor does. */
  interface Body {
    void run() throws Exception;
  }

  final Plan plan;
  final Sim sim = Sim.get();
  final Dice dice;
  final Net net;
  final Engine engine;
  final Scope scope = Scope.quiet();
  final Channels channels;
  final PipeFactory pipes;
  final RelayFactory relays;
  private final List<Thread> actors = new ArrayList<>();

  World(Plan plan) {
    this.plan = plan;
    this.dice = new Dice(plan.seed() + 77);
    this.net = new Net(plan);
    this.engine = plan.once("driven engine", 3) ? new Engine(DRIVEN) : new Engine();
    Providers providers = new Providers();
    providers.add(new SimProvider(net));
    this.channels =
        new Channels(
            engine,
            providers,
            scope,
            options -> {
              MemoryPair pair = MemoryPair.create("pair", options);
              return List.of(pair.left(), pair.right());
            },
            new Natives(new PosixAccess("none"), new ReceivedHandles()));
    this.pipes = new Pipes(engine, scope, new Contents());
    this.relays = new Relays(engine, channels, scope);
  }

  SelectorPoller poller() {
    return new SelectorPoller(engine);
  }

  /** Begins an actor; what it throws fails the run. */
  Thread actor(String name, Body body) {
    Thread thread =
        new Thread(
            () -> {
              try {
                body.run();
              } catch (Exception e) {
                throw new IllegalStateException(name + " met what it did not expect", e);
              }
            },
            name);
    actors.add(thread);
    thread.start();
    return thread;
  }

  /** Waits for all actors. */
  void join() throws InterruptedException {
    for (int i = 0; i < actors.size(); i++) {
      actors.get(i).join();
    }
  }

  Listener listen(String name, ChannelOptions options) throws IOException {
    return channels.listen(Endpoint.parse("sim-listen:" + name), options);
  }

  Channel open(String name, String as) throws IOException {
    return channels.open(
        Endpoint.parse("sim:" + name),
        ChannelOptions.defaults().withName(as),
        Wait.upTo(Duration.ofSeconds(60)));
  }

  /** A pause, often none. */
  void pause(int most) {
    if (!dice.once(3)) {
      Machine.sleepNanos(dice.below(most));
    }
  }

  void check(boolean holds, String what) {
    if (!holds) {
      sim.fail(what);
    }
  }

  /** Whether an exception is one that says what happened to a stream. */
  static boolean typed(IOException failure) {
    return failure instanceof StreamFault
        || failure instanceof java.io.EOFException
        || String.valueOf(failure.getMessage()).contains(PLANNED);
  }

  void typed(String who, IOException failure) {
    sim.note(who + " met " + failure);
    check(typed(failure), who + " met an error without a type: " + failure);
  }

  /** The byte at a place of a stream. */
  static byte at(long stream, long position) {
    return (byte) Dice.mix(stream * 1_000_003 + position);
  }

  static ByteBuffer bytes(long stream, long position, int size) {
    ByteBuffer bytes = ByteBuffer.allocate(size);
    for (int i = 0; i < size; i++) {
      bytes.put(i, at(stream, position + i));
    }
    return bytes;
  }

  /** Compares what was read with what belongs there; returns the next place. */
  long verify(String who, long stream, long position, ByteBuffer read) {
    long p = position;
    while (read.hasRemaining()) {
      byte got = read.get();
      if (got != at(stream, p)) {
        sim.fail(who + ": the byte at " + p + " is not the one that was written there");
      }
      p++;
    }
    return p;
  }

  /** Compares a wait with its limit. */
  void timed(String who, long begun, long limit) {
    long took = sim.now() - begun;
    check(took >= limit, who + " timed out " + (limit - took) + " ns early");
    check(took <= limit + TICK, who + " timed out " + (took - limit) / 1000 + " us late");
  }

  /** Ends everything; nothing may be left. */
  void finish() throws Exception {
    join();
    if (plan.once("long idle", 2)) {
      // Whatever has a limit has passed it by then; who still has a timer has forgotten it.
      Machine.sleepNanos(Duration.ofMinutes(30).toNanos());
      for (String left : sim.left()) {
        check(
            !left.startsWith("penstock-timer") && !left.startsWith("penstock-worker"),
            "half an hour after everything was closed there is still: " + left);
      }
    }
    // Some things are let go on other threads.
    Machine.sleepNanos(10_000_000_000L);
    check(scope.size() == 0, scope.size() + " things are still open in the scope");
    scope.close();
    engine.close();
    net.stop();
  }
}
