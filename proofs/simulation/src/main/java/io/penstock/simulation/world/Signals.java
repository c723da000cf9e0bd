// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.simulation.machine.Plan;
import io.penstock.simulation.machine.Scenario;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A reader and a writer who move only when a watcher is called: it is called once for each change,
 * and sees the present state when it is attached late.
 */
public final class Signals implements Scenario {
  @Override
  public String name() {
    return "signals";
  }

  @Override
  public void play(Plan plan) throws Exception {
    World world = new World(plan);
    int capacity = plan.number("capacity", 1, 40);
    int size = plan.number("bytes", 1, 300);
    boolean channel = plan.once("channel", 2);
    Ends ends = channel ? Ends.channel(world) : Ends.pipe(world, capacity);
    CountDownLatch read = new CountDownLatch(1);
    CountDownLatch written = new CountDownLatch(1);
    long[] at = {0};
    long[] sent = {0};
    Executor one = world.engine.serial();
    Executor other = world.engine.serial();
    AtomicBoolean inReader = new AtomicBoolean();
    Runnable reader =
        () -> {
          world.check(inReader.compareAndSet(false, true), "a watcher is called twice at once");
          try {
            while (read.getCount() > 0) {
              ByteBuffer dst = ByteBuffer.allocate(1 + world.dice.below(capacity));
              int n = ends.source.read(dst, Wait.none());
              if (n == 0) {
                break;
              }
              if (n < 0) {
                world.check(at[0] == size, "the end after " + at[0] + " of " + size);
                read.countDown();
              } else {
                at[0] = world.verify("watcher", 5, at[0], dst.flip());
              }
            }
          } catch (java.io.IOException e) {
            world.sim.fail("the watcher's read failed: " + e);
          } finally {
            inReader.set(false);
          }
        };
    Runnable writer =
        () -> {
          try {
            while (sent[0] < size) {
              int n = (int) Math.min(1 + world.dice.below(2 * capacity), size - sent[0]);
              int moved = ends.sink.write(World.bytes(5, sent[0], n), Wait.none());
              sent[0] += moved;
              if (moved == 0) {
                return;
              }
            }
            if (written.getCount() > 0) {
              ends.sink.end();
              written.countDown();
            }
          } catch (java.io.IOException e) {
            world.sim.fail("the watcher's write failed: " + e);
          }
        };
    Watch writes = ends.sink.writable().onSet(other, writer);
    world.pause(5_000_000);
    Watch reads = ends.source.readable().onSet(one, reader);
    if (plan.once("patience", 2)) {
      ends.source.readable().await(Wait.upTo(Duration.ofMinutes(1)));
    }
    written.await();
    read.await();
    reads.close();
    writes.close();
    plan.conversation();
    ends.close.run();
    world.finish();
  }

  /** Two ends that belong together. */
  record Ends(
      io.penstock.stream.ByteSource source, io.penstock.stream.ByteSink sink, World.Body close) {
    static Ends pipe(World world, int capacity) {
      Pipe pipe = world.pipes.create(PipeOptions.defaults().withCapacity(capacity));
      return new Ends(pipe.source(), pipe.sink(), pipe::close);
    }

    static Ends channel(World world) throws Exception {
      io.penstock.channel.Listener listener =
          world.listen("x", io.penstock.channel.ChannelOptions.defaults());
      io.penstock.channel.Channel client = world.open("x", "client");
      io.penstock.channel.Channel server = listener.accept(Wait.forever());
      return new Ends(
          server.source(),
          client.sink(),
          () -> {
            client.close();
            server.close();
            listener.close();
          });
    }
  }
}
