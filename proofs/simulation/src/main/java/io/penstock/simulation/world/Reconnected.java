// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Listener;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.component.Simulated;
import io.penstock.simulation.machine.Machine;
import io.penstock.simulation.machine.Plan;
import io.penstock.simulation.machine.Scenario;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A configured channel whose server comes and goes for hours: it is connected again soon after the
 * server is back, tries ever more rarely while it is not, and nobody holds a dead one.
 */
public final class Reconnected implements Scenario {
  private static final long TRY = 20_000_000;

  @Override
  public String name() {
    return "reconnect";
  }

  @Override
  public void play(Plan plan) throws Exception {
    World world = new World(plan);
    long min = plan.number("min (ms)", 10, 1000) * 1_000_000L;
    long max = min * plan.number("max by min", 1, 400);
    List<Channel> registered = new ArrayList<>();
    int[] known = {0};
    Listener[] listener = {world.listen("x", ChannelOptions.defaults())};
    Simulated configured =
        new Simulated(
            world.engine,
            world.channels,
            Map.of(
                "endpoint",
                "sim:x",
                "reconnectMin",
                min / 1_000_000 + "ms",
                "reconnectMax",
                max / 1_000_000 + "ms",
                "connectTimeout",
                "5s",
                "closeTimeout",
                "1s"),
            channel -> {
              registered.add(channel);
              known[0]++;
            },
            registered::remove);
    int rounds = plan.number("rounds", 1, 5);
    for (int i = 0; i < rounds; i++) {
      Channel server = serve(world, listener[0], max);
      world.check(registered.size() <= 1, registered.size() + " channels are registered");
      long up = plan.number("up " + i + " (s)", 0, 3000) * 1_000_000_000L;
      Machine.sleepNanos(up);
      // No more tries than a run may have steps for.
      long outage =
          Math.min(plan.number("down " + i + " (s)", 0, 4000) * 1_000_000_000L, 500 * max);
      int how = plan.number("how " + i, 0, 3);
      if (how == 3) {
        // The user closes it, and the next one comes.
        Channel mine = registered.isEmpty() ? null : registered.get(0);
        if (mine != null) {
          mine.close();
        }
      } else {
        listener[0].close();
        long begun = world.sim.now();
        if (how == 0) {
          server.abort(new IOException(World.PLANNED));
        } else if (how == 1) {
          server.close();
        } else {
          world.net.lose(false);
        }
        reader(world, registered);
        List<Long> tries = watch(world, outage);
        // One that lived for less than the last delay has not begun the delays anew.
        growing(world, begun, tries, min, max, up > max + TRY);
        listener[0] = world.listen("x", ChannelOptions.defaults());
      }
      server.abort(new IOException(World.PLANNED));
      plan.conversation();
    }
    Channel last = serve(world, listener[0], max);
    configured.stop();
    world.check(registered.isEmpty(), "a channel is still registered after the stop");
    last.abort(new IOException(World.PLANNED));
    listener[0].close();
    world.finish();
  }

  /** Somebody who uses the channel, and so notices its end. */
  private static void reader(World world, List<Channel> registered) {
    if (!registered.isEmpty()) {
      Channel mine = registered.get(0);
      world.actor(
          "user",
          () -> {
            try {
              int n = mine.source().read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofHours(10)));
              world.check(n <= 0, "a byte from nobody");
            } catch (IOException e) {
              world.check(
                  !(e instanceof StreamTimeoutException), "the user never hears of the end");
            }
          });
    }
  }

  /** Somebody connects within the longest delay, and what it takes. */
  private static Channel serve(World world, Listener listener, long max) throws Exception {
    long begun = world.sim.now();
    try {
      return listener.accept(Wait.upTo(Duration.ofNanos(max + 7_000_000_000L)));
    } catch (StreamTimeoutException e) {
      world.sim.fail(
          "nobody has connected in " + (world.sim.now() - begun) / 1_000_000 + " ms: " + e);
      throw e;
    }
  }

  /** When it was tried to connect while nobody listened. */
  private static List<Long> watch(World world, long outage) {
    List<Long> tries = new ArrayList<>();
    world.net.onConnect = () -> tries.add(world.sim.now());
    Machine.sleepNanos(outage);
    world.net.onConnect = () -> {};
    return tries;
  }

  private static void growing(
      World world, long begun, List<Long> tries, long min, long max, boolean anew) {
    long last = begun;
    double late = 0;
    int lates = 0;
    for (int i = 0; i < tries.size(); i++) {
      long delay = tries.get(i) - last;
      // Each try is refused by the network, which takes time of its own.
      world.check(delay <= max + TRY + 2_000_000_000L, "try " + i + " came after " + delay + " ns");
      if (i > 0) {
        world.check(delay >= min, "try " + i + " came after " + delay + " ns, the least is " + min);
        double bound = anew ? Math.min(max, min * Math.pow(2, i + 1)) : max;
        world.check(
            delay <= bound + TRY, "try " + i + " came after " + delay + ", most is " + bound);
        if (bound >= max) {
          lates++;
          late += delay;
        }
      }
      last = tries.get(i);
    }
    if (lates >= 30 && max > 8 * min) {
      double mean = late / lates;
      world.check(
          mean > min + (max - min) / 4.0,
          "after "
              + tries.size()
              + " tries in vain the mean delay is "
              + (long) mean
              + " ns of "
              + max);
    }
    long outage = world.sim.now() - begun;
    // Were the delays no longer than at first, there would be many more.
    double most = 30 + 4.0 * outage / Math.max(max, 1) + Math.log(max / (double) min) * 3;
    world.check(
        tries.size() <= most,
        tries.size() + " tries in " + outage / 1_000_000 + " ms, expected at most " + (int) most);
  }
}
