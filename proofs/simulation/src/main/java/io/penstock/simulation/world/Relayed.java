// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.simulation.machine.Machine;
import io.penstock.simulation.machine.Plan;
import io.penstock.simulation.machine.Scenario;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;

/** A relay between two peers carries bytes, ends, failures and back-pressure across. */
public final class Relayed implements Scenario {
  @Override
  public String name() {
    return "relay";
  }

  @Override
  public void play(Plan plan) throws Exception {
    World world = new World(plan);
    Talk there = new Talk(world, "there", 1);
    Talk back = new Talk(world, "back", 2);
    // 0 to 2: none; 3: cut at a byte; 4: aborted; 5: nobody says anything, and the relay ends.
    int fault = plan.number("fault", 0, 5);
    there.faulty = fault == 3 || fault == 4;
    back.faulty = there.faulty;
    boolean answers = plan.once("answers at the end", 2);
    RelayOptions options =
        RelayOptions.defaults().withBuffer(plan.number("buffer", 1, 2000)).withFork(true);
    long idle = plan.number("idle (ms)", 100, 500_000) * 1_000_000L;
    if (fault == 5) {
      options = options.withIdle(Wait.upTo(Duration.ofNanos(idle)));
    }
    Listener behind = world.listen("back", ChannelOptions.defaults());
    Relay relay =
        world.relays.create(
            Endpoint.parse("sim-listen:front"), Endpoint.parse("sim:back"), options);
    relay.start();
    Channel client = world.open("front", "client");
    Channel server = behind.accept(Wait.forever());
    if (fault == 3) {
      world.net.cutAt = plan.number("cut at", 0, 1 + there.size() + back.size());
    }
    if (fault == 5) {
      silence(world, client, server, idle);
    } else {
      world.actor("client writer", () -> there.write(client.sink()));
      world.actor("client reader", () -> back.read(client.source()));
      Thread reader = world.actor("server reader", () -> there.read(server.source()));
      world.actor(
          "server writer",
          () -> {
            if (answers) {
              // Comes only if the relay carries the end of one direction alone.
              reader.join();
            }
            back.write(server.sink());
          });
      if (fault == 4) {
        long when = plan.number("abort after (us)", 0, 300_000) * 1000L;
        boolean mine = plan.once("client aborts", 2);
        world.actor(
            "killer",
            () -> {
              Machine.sleepNanos(when);
              (mine ? client : server).abort(new IOException(World.PLANNED));
            });
      }
    }
    world.join();
    if (fault < 3) {
      world.check(there.whole && back.whole, "a conversation without a fault is not whole");
    }
    client.close();
    server.close();
    plan.conversation();
    plan.conversation();
    relay.close();
    try {
      relay.completed().toCompletableFuture().get();
    } catch (ExecutionException e) {
      world.sim.note("relay: " + e.getCause());
    }
    behind.close();
    world.finish();
  }

  /** The relay ends it after a while, neither early nor late. */
  private static void silence(World world, Channel client, Channel server, long idle)
      throws Exception {
    long begun = world.sim.now();
    for (Channel each : new Channel[] {client, server}) {
      java.nio.ByteBuffer dst = java.nio.ByteBuffer.allocate(1);
      try {
        int n = each.source().read(dst, Wait.upTo(Duration.ofHours(1)));
        world.check(n < 0, n + " bytes from nobody");
      } catch (IOException e) {
        world.typed("peer of a relay that was idle", e);
      }
    }
    long took = world.sim.now() - begun;
    // It may have begun before us, by the ways there.
    world.check(took >= idle - 40_000_000, "idle ended " + (idle - took) + " ns early");
    world.check(
        took <= idle + 40_000_000 + World.TICK, "idle ended " + (took - idle) / 1000 + " us late");
  }
}
