// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.StreamTimeoutException;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.simulation.machine.Machine;
import io.penstock.simulation.machine.Plan;
import io.penstock.simulation.machine.Scenario;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Limits of every call that waits: none comes early, none late, and progress counts as it should.
 */
public final class Limits implements Scenario {
  private static final Duration MINUTES = Duration.ofMinutes(10);

  private World world;

  @Override
  public String name() {
    return "limits";
  }

  @Override
  public void play(Plan plan) throws Exception {
    world = new World(plan);
    long limit = plan.number("limit (ms)", 1, 600_000) * 1_000_000L;
    if (plan.once("short", 2)) {
      limit = plan.number("limit (us)", 30, 30_000) * 1000L;
    }
    Duration duration = Duration.ofNanos(limit);
    ByteSource source;
    ByteSink sink;
    Runnable end;
    Channel other = null;
    Listener listener = world.listen("x", ChannelOptions.defaults());
    if (plan.once("pipe", 2)) {
      Pipe pipe = world.pipes.create(PipeOptions.defaults().withCapacity(64));
      source = pipe.source();
      sink = pipe.sink();
      end =
          () -> {
            drop(source);
            close(pipe::close);
          };
    } else {
      Channel client = world.channels.connect(Endpoint.parse("sim:x"), ChannelOptions.defaults());
      other = listener.accept(Wait.forever());
      source = client.source();
      sink = other.sink();
      Channel server = other;
      end =
          () -> {
            close(client::close);
            close(server::close);
          };
    }
    int tries = plan.number("tries", 1, 4);
    for (int i = 0; i < tries; i++) {
      one(plan.number("what " + i, 0, 9), duration, source, sink, listener);
      plan.conversation();
    }
    end.run();
    listener.close();
    world.finish();
  }

  private interface Step {
    void run() throws Exception;
  }

  private static void close(Step step) {
    try {
      step.run();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void drop(ByteSource source) {
    try {
      source.drain();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A call that must time out, at its time. */
  private void late(String who, long limit, Step step) throws Exception {
    long begun = world.sim.now();
    try {
      step.run();
      world.sim.fail(who + " has not timed out");
    } catch (StreamTimeoutException e) {
      world.timed(who, begun, limit);
    }
  }

  private void one(int what, Duration limit, ByteSource source, ByteSink sink, Listener listener)
      throws Exception {
    long nanos = limit.toNanos();
    ByteBuffer dst = ByteBuffer.allocate(10);
    Wait upTo = Wait.upTo(limit);
    world.sim.note("limit " + limit + ", case " + what);
    switch (what) {
      case 0 -> late("read", nanos, () -> source.read(dst, upTo));
      case 1 ->
          late("read until", nanos, () -> source.read(dst, Wait.until(System.nanoTime() + nanos)));
      case 2 -> late("awaitReadable", nanos, () -> source.awaitReadable(upTo));
      case 3 -> late("readable().await", nanos, () -> source.readable().await(upTo));
      case 4 -> late("accept", nanos, () -> listener.accept(upTo));
      case 5 -> steps(source, sink, nanos, false);
      case 6 -> steps(source, sink, nanos, true);
      case 7 -> {
        source.readWait(Wait.forever());
        long begun = world.sim.now();
        Thread changer =
            world.actor(
                "changer",
                () -> {
                  Machine.sleepNanos(nanos / 2);
                  source.readWait(upTo);
                });
        try {
          source.read(dst);
          world.sim.fail("read has not timed out");
        } catch (StreamTimeoutException e) {
          world.timed("read under a changed setting", begun, nanos);
        }
        changer.join();
        source.readWait(Wait.forever());
      }
      case 8 ->
          late(
              "readUntil",
              nanos,
              () -> source.readUntil(ByteSequence.LF, 60, Wait.until(System.nanoTime() + nanos)));
      default -> {
        // A turn that somebody else has counts against the limit.
        Thread first =
            world.actor(
                "first",
                () -> {
                  ByteBuffer one = ByteBuffer.allocate(1);
                  source.read(one, Wait.upTo(MINUTES));
                  world.check(one.position() == 1, "the first reader has nothing");
                });
        Machine.sleepNanos(1_000_000);
        late("read out of turn", nanos, () -> source.read(dst, upTo));
        sink.writeFully(ByteBuffer.wrap(new byte[1]), Wait.forever());
        first.join();
      }
    }
  }

  /**
   * Bytes that come one by one, each in time: a limit for each step never ends it, one for all
   * does.
   */
  private void steps(ByteSource source, ByteSink sink, long nanos, boolean all) throws Exception {
    int n = 5;
    long apart = Math.max(1, nanos * 2 / 5);
    if (nanos < 10 * World.TICK) {
      // What lies between two steps is less than what the network and the others take.
      return;
    }
    Thread writer =
        world.actor(
            "dripper",
            () -> {
              for (int i = 0; i < n; i++) {
                Machine.sleepNanos(apart);
                sink.writeFully(ByteBuffer.wrap(new byte[] {7}), Wait.forever());
              }
            });
    ByteBuffer dst = ByteBuffer.allocate(n);
    if (all) {
      late(
          "readFully until",
          nanos,
          () -> source.readFully(dst, Wait.until(System.nanoTime() + nanos)));
      writer.join();
      dst.clear();
      source.readFully(dst, Wait.forever());
    } else {
      source.readFully(dst, Wait.upTo(Duration.ofNanos(nanos)));
      writer.join();
    }
  }
}
