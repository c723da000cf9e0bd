// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.simulation.machine.Machine;
import io.penstock.simulation.machine.Plan;
import io.penstock.simulation.machine.Scenario;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * What is told of asynchronous writes, and when: the connection first, then the writes in the order
 * of the calls, then the end, then that the channel is closed. Connects fail, and peers do not
 * read.
 */
public final class Refused implements Scenario {
  @Override
  public String name() {
    return "order";
  }

  @Override
  public void play(Plan plan) throws Exception {
    World world = new World(plan);
    // 0: nobody listens; 1: the connect takes for ever; 2: the peer does not read; 3: it aborts.
    int how = plan.number("how", 0, 3);
    int writes = plan.number("writes", 0, 4);
    int size = plan.number("size", 1, 3) * 100_000;
    boolean ends = plan.once("end", 2);
    Listener listener = how >= 2 ? world.listen("x", ChannelOptions.defaults()) : null;
    world.net.silent = how == 1;
    List<String> told = new ArrayList<>();
    List<String> expected = new ArrayList<>(List.of("connected"));
    Channel channel =
        world.channels.connect(
            Endpoint.parse("sim:x"),
            ChannelOptions.defaults()
                .withCloseTimeout(Duration.ofMillis(plan.number("close limit (ms)", 0, 300)))
                .withConnectTimeout(Duration.ofMillis(plan.number("connect limit (ms)", 1, 5000))));
    if (how >= 2) {
      Machine.sleepNanos(plan.number("before (us)", 0, 10_000) * 1000L);
    }
    boolean[] endFailed = {false};
    // At one stroke: what is asked for after a failure is refused, which may be told at any time.
    world.sim.still(
        () -> {
          tell(told, "connected", channel.connected());
          tell(told, "closed", channel.closed());
          if (told.contains("closed")) {
            expected.add("closed");
            return 0;
          }
          for (int i = 0; i < writes; i++) {
            tell(told, "write " + i, channel.sink().writeAsync(World.bytes(1, 0, size)));
            expected.add("write " + i);
          }
          if (ends) {
            CompletionStage<Void> end = channel.sink().endAsync();
            var unused = end.whenComplete((done, failure) -> endFailed[0] = failure != null);
            tell(told, "end", end);
            expected.add("end");
          }
          expected.add("closed");
          return 0;
        });
    boolean asked = expected.contains("end");
    Channel peer = null;
    if (how >= 2) {
      try {
        peer = listener.accept(Wait.upTo(Duration.ofSeconds(6)));
      } catch (IOException e) {
        world.typed("acceptor", e);
      }
    } else {
      try {
        channel.connected().toCompletableFuture().get();
        world.sim.fail("connected to nobody");
      } catch (java.util.concurrent.ExecutionException e) {
        world.sim.note("not connected: " + e.getCause());
      }
    }
    if (how == 3 && peer != null) {
      peer.abort(new IOException(World.PLANNED));
    }
    if (plan.once("closed by another", 2)) {
      world.actor("closer", channel::close);
    }
    channel.close();
    world.join();
    // Callbacks of stages may be on their way on other threads.
    Machine.sleepNanos(1_000_000_000L);
    if (how >= 2) {
      // A write that comes while the connection does has not waited for it.
      told.remove("connected");
      expected.remove("connected");
    }
    world.check(told.equals(expected), "told " + told + ", expected " + expected);
    if (asked && writes > 0 && how >= 2 && size > 70_000 && world.net.window <= 64 * 1024) {
      world.check(endFailed[0], "the end went well though bytes were dropped");
    }
    plan.conversation();
    if (peer != null) {
      peer.abort(new IOException(World.PLANNED));
    }
    if (listener != null) {
      listener.close();
    }
    world.finish();
  }

  private static void tell(List<String> told, String what, CompletionStage<?> stage) {
    var unused = stage.whenComplete((done, failure) -> told.add(what));
  }
}
