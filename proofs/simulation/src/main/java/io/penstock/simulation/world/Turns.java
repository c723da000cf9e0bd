// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.error.StreamTimeoutException;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.simulation.machine.Machine;
import io.penstock.simulation.machine.Plan;
import io.penstock.simulation.machine.Scenario;
import io.penstock.stream.Wait;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** Many writers and readers of one pipe take turns, give up, and are interrupted. */
public final class Turns implements Scenario {
  @Override
  public String name() {
    return "turns";
  }

  @Override
  public void play(Plan plan) throws Exception {
    World world = new World(plan);
    int capacity = plan.number("capacity", 1, 200);
    int writers = plan.number("writers", 1, 4);
    int readers = plan.number("readers", 1, 3);
    int records = plan.number("records", 1, 30);
    int impatience = plan.number("impatience", 0, 3);
    Pipe pipe = world.pipes.create(PipeOptions.defaults().withCapacity(capacity));
    long[] written = new long[1];
    long[] read = new long[1];
    int[] running = {writers};
    Thread[] threads = new Thread[writers + readers];
    for (int w = 0; w < writers; w++) {
      int id = w;
      threads[w] =
          world.actor(
              "writer " + id,
              () -> {
                for (int i = 0; i < records; i++) {
                  ByteBuffer bytes = World.bytes(id, 0, 1 + world.dice.below(2 * capacity));
                  while (bytes.hasRemaining()) {
                    int before = bytes.position();
                    try {
                      pipe.sink().write(bytes, wait1(world, impatience));
                    } catch (StreamTimeoutException e) {
                      world.sim.note("gave up");
                    } catch (InterruptedIOException e) {
                      boolean unused = Thread.interrupted();
                    }
                    written[0] += bytes.position() - before;
                    long held = world.sim.still(() -> pipe.source().available());
                    world.check(held <= capacity, "the pipe holds " + held + " of " + capacity);
                  }
                  world.pause(300_000);
                }
                if (--running[0] == 0) {
                  pipe.sink().end();
                }
              });
    }
    for (int r = 0; r < readers; r++) {
      threads[writers + r] =
          world.actor(
              "reader " + r,
              () -> {
                while (true) {
                  ByteBuffer dst = ByteBuffer.allocate(1 + world.dice.below(capacity));
                  try {
                    int n = pipe.source().read(dst, wait1(world, impatience));
                    if (n < 0) {
                      return;
                    }
                    read[0] += n;
                  } catch (StreamTimeoutException e) {
                    world.sim.note("gave up");
                  } catch (InterruptedIOException e) {
                    boolean unused = Thread.interrupted();
                  }
                  world.pause(300_000);
                }
              });
    }
    if (plan.once("interrupts", 3)) {
      world.actor(
          "interrupter",
          () -> {
            for (int i = 0; i < 20; i++) {
              Machine.sleepNanos(world.dice.below(2_000_000));
              threads[world.dice.below(threads.length)].interrupt();
            }
          });
    }
    world.join();
    world.check(written[0] == read[0], written[0] + " bytes written, " + read[0] + " read");
    plan.conversation();
    pipe.close();
    world.finish();
  }

  private static Wait wait1(World world, int impatience) {
    if (impatience == 0 || !world.dice.once(impatience + 1)) {
      return Wait.forever();
    }
    return Wait.upTo(Duration.ofNanos(world.dice.below(400_000)));
  }
}
