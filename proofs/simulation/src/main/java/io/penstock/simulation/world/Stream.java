// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Listener;
import io.penstock.simulation.machine.Machine;
import io.penstock.simulation.machine.Plan;
import io.penstock.simulation.machine.Scenario;
import io.penstock.stream.Wait;
import java.io.IOException;

/** Two peers talk at once, over the network or in memory; the connection may be lost anywhere. */
public final class Stream implements Scenario {
  @Override
  public String name() {
    return "ends";
  }

  @Override
  public void play(Plan plan) throws Exception {
    World world = new World(plan);
    Talk there = new Talk(world, "there", 1);
    Talk back = new Talk(world, "back", 2);
    // 0 to 3: none; 4: cut at a byte; 5: aborted after a while; 6: nothing arrives for a while.
    int fault = plan.number("fault", 0, 6);
    boolean memory = plan.once("memory", 4);
    there.faulty = fault == 4 || fault == 5;
    back.faulty = there.faulty;
    Channel client;
    Channel server;
    if (memory) {
      ChannelPair pair =
          world.channels.pair(
              ChannelOptions.defaults().withSendBuffer(plan.number("buffer", 1, 3000)));
      client = pair.left();
      server = pair.right();
    } else {
      Listener listener = world.listen("x", ChannelOptions.defaults());
      if (fault == 4) {
        world.net.cutAt = plan.number("cut at", 0, 1 + there.size() + back.size());
      }
      if (fault == 6) {
        world.net.partitionedUntil =
            world.net.now() + plan.number("partition (ms)", 1, 100_000) * 1_000_000L;
      }
      client = null;
      server = null;
      Channel[] accepted = new Channel[1];
      Thread acceptor =
          world.actor("acceptor", () -> accepted[0] = listener.accept(Wait.forever()));
      client =
          world.channels.open(
              io.penstock.channel.Endpoint.parse("sim:x"),
              ChannelOptions.defaults().withConnectTimeout(java.time.Duration.ofHours(1)),
              Wait.forever());
      acceptor.join();
      server = accepted[0];
      listener.close();
    }
    Channel left = client;
    Channel right = server;
    world.actor("client writer", () -> there.write(left.sink()));
    world.actor("server reader", () -> there.read(right.source()));
    world.actor("server writer", () -> back.write(right.sink()));
    world.actor("client reader", () -> back.read(left.source()));
    if (plan.once("looks", 4)) {
      world.actor("looker", () -> there.look(right.source()));
    }
    if (fault == 5) {
      long when = plan.number("abort after (us)", 0, 300_000) * 1000L;
      boolean mine = plan.once("client aborts", 2);
      world.actor(
          "killer",
          () -> {
            Machine.sleepNanos(when);
            (mine ? left : right).abort(new IOException(World.PLANNED));
          });
    }
    world.join();
    if (!there.faulty) {
      world.check(there.whole && back.whole, "a conversation without a fault is not whole");
    }
    left.close();
    right.close();
    plan.conversation();
    plan.conversation();
    world.finish();
  }
}
