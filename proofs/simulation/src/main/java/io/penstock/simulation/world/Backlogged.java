// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Listener;
import io.penstock.error.AddressException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.simulation.machine.Machine;
import io.penstock.simulation.machine.Plan;
import io.penstock.simulation.machine.Scenario;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.time.Duration;

/**
 * More clients than places: who is in is served, the others wait in the system's line or are
 * refused, and each place that comes free is given to the next.
 */
public final class Backlogged implements Scenario {
  @Override
  public String name() {
    return "backlog";
  }

  @Override
  public void play(Plan plan) throws Exception {
    World world = new World(plan);
    int most = plan.number("most", 1, 4);
    int clients = plan.number("clients", 1, 9);
    Listener listener =
        world.listen(
            "x",
            ChannelOptions.defaults()
                .withMaxConnections(most)
                .withBacklog(plan.number("backlog", 1, 6)));
    SimListener driver = world.net.listeners.get("x");
    driver.exhausted = plan.once("descriptors run out", 3) ? plan.number("times", 1, 12) : 0;
    boolean pauses = plan.once("pauses", 3);
    int[] open = {0};
    int[] served = {0};
    int style = plan.number("accepts", 0, 3);
    Thread acceptor =
        world.actor(
            "acceptor",
            () -> {
              while (true) {
                Channel channel;
                try {
                  channel = accept(world, listener, style);
                } catch (StreamTimeoutException | WouldBlockException e) {
                  continue;
                } catch (StreamClosedException | AsynchronousCloseException e) {
                  return;
                }
                open[0]++;
                world.check(open[0] <= most, open[0] + " are in, the most is " + most);
                world.actor(
                    "server",
                    () -> {
                      ByteBuffer one = ByteBuffer.allocate(1);
                      try {
                        int n = channel.source().read(one, Wait.upTo(Duration.ofMinutes(5)));
                        world.pause(3_000_000);
                        if (n > 0) {
                          channel.sink().writeFully(one.flip(), Wait.upTo(Duration.ofMinutes(5)));
                        }
                      } catch (IOException e) {
                        world.typed("server", e);
                      }
                      open[0]--;
                      if (world.dice.once(3)) {
                        channel.abort(new IOException(World.PLANNED));
                      } else {
                        channel.close();
                      }
                    });
              }
            });
    Thread[] threads = new Thread[clients];
    for (int i = 0; i < clients; i++) {
      int id = i;
      threads[i] =
          world.actor(
              "client " + id,
              () -> {
                world.pause(20_000_000);
                while (!visit(world, id, served)) {
                  Machine.sleepNanos(1 + world.dice.below(50_000_000));
                }
                plan.conversation();
              });
    }
    if (pauses) {
      world.actor(
          "pauser",
          () -> {
            for (int i = 0; i < 6; i++) {
              listener.pause();
              Machine.sleepNanos(world.dice.below(30_000_000));
              listener.resume();
              Machine.sleepNanos(world.dice.below(30_000_000));
            }
          });
    }
    for (Thread thread : threads) {
      thread.join();
    }
    world.check(served[0] == clients, served[0] + " of " + clients + " were served");
    listener.close();
    acceptor.join();
    world.finish();
  }

  private static Channel accept(World world, Listener listener, int style) throws IOException {
    switch (style) {
      case 0:
        return listener.accept(Wait.forever());
      case 1:
        return listener.accept(Wait.upTo(Duration.ofMillis(1 + world.dice.below(30))));
      case 2:
        listener.acceptable().await(Wait.forever());
        return listener.accept(Wait.none());
      default:
        return world.dice.once(2)
            ? listener.accept(Wait.forever())
            : listener.accept(Wait.upTo(Duration.ofNanos(world.dice.below(100_000))));
    }
  }

  /** Returns whether the client was served; false when it may try again. */
  private static boolean visit(World world, int id, int[] served) throws IOException {
    Channel channel;
    try {
      channel = world.open("x", "client " + id);
    } catch (AddressException e) {
      world.check(e.kind() == AddressException.Kind.REFUSED, "client met " + e);
      return false;
    } catch (StreamTimeoutException e) {
      world.sim.note("not let in for a minute");
      return false;
    }
    try {
      channel.sink().writeFully(ByteBuffer.wrap(new byte[] {(byte) id}), Wait.forever());
      ByteBuffer one = ByteBuffer.allocate(1);
      // All the others may go before, each with what it takes.
      int n = channel.source().read(one, Wait.upTo(Duration.ofMinutes(20)));
      world.check(n > 0 && one.get(0) == (byte) id, "client " + id + " has got " + n);
      served[0]++;
      return true;
    } catch (io.penstock.error.ConnectionResetException e) {
      // The answer was cut by an abort that came before it had arrived.
      world.sim.note("cut: " + e);
      served[0]++;
      return true;
    } finally {
      channel.close();
    }
  }
}
