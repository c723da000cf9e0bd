// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Listener;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.poller.SelectorPoller;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.simulation.machine.Plan;
import io.penstock.simulation.machine.Scenario;
import io.penstock.stream.Framing;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * A poller echoes lines to many clients; those who are too slow or silent are cut at their time.
 */
public final class Polled implements Scenario {
  private static final int MAX = 200;

  @Override
  public String name() {
    return "poller";
  }

  @Override
  public void play(Plan plan) throws Exception {
    World world = new World(plan);
    int clients = plan.number("clients", 1, 6);
    int lines = plan.number("lines", 0, 12);
    long within = plan.number("frame time-out (ms)", 200, 60_000) * 1_000_000L;
    long idle = plan.number("idle time-out (ms)", 200, 600_000) * 1_000_000L;
    boolean own = plan.once("own loop", 2);
    SelectorPoller poller = world.poller();
    Listener listener =
        world.listen(
            "x", ChannelOptions.defaults().withMaxConnections(plan.number("at once", 1, 6)));
    Echo echo = new Echo(world, within, idle);
    poller.register(
        listener,
        Framing.lines(MAX)
            .withFrameTimeout(Duration.ofNanos(within))
            .withIdleTimeout(Duration.ofNanos(idle)));
    Thread loop = null;
    boolean[] over = {false};
    if (own) {
      loop =
          world.actor(
              "loop",
              () -> {
                while (!over[0]) {
                  poller.poll(
                      world.dice.once(2) ? Wait.forever() : Wait.upTo(Duration.ofMillis(40_000)),
                      echo);
                }
              });
    } else {
      poller.start(echo);
    }
    Thread[] threads = new Thread[clients];
    for (int i = 0; i < clients; i++) {
      int id = i;
      int manner = plan.number("manner " + i, 0, 4);
      threads[i] =
          world.actor("client " + id, () -> client(world, id, manner, lines, within, idle));
    }
    for (Thread thread : threads) {
      thread.join();
      plan.conversation();
    }
    over[0] = true;
    poller.wakeup();
    if (loop != null) {
      loop.join();
    }
    poller.closeAll();
    poller.close();
    listener.close();
    world.check(echo.open.isEmpty(), echo.open.size() + " connections were never ended");
    world.finish();
  }

  /** 3: stops within a line; 4: stops between lines; else: says its lines and ends. */
  private static void client(World world, int id, int manner, int lines, long within, long idle)
      throws Exception {
    Channel channel = world.open("x", "client " + id);
    try {
      for (int i = 0; i < lines; i++) {
        String line = "client " + id + " line " + i + "x".repeat(world.dice.below(100));
        channel.sink().writeFully(line + "\n", Wait.forever());
        String back =
            channel
                .source()
                .readLine(
                    StandardCharsets.UTF_8,
                    MAX + 1,
                    Terminator.STRIP,
                    Wait.upTo(Duration.ofHours(1)));
        world.check(line.equals(back), "client " + id + " has got " + back + " for " + line);
        world.pause(1_000_000);
      }
      if (manner == 3) {
        channel.sink().writeFully("half a l", Wait.forever());
        world.sim.note("says no more");
      }
      if (manner < 3) {
        channel.sink().end();
      }
      int end = channel.source().read(ByteBuffer.allocate(10), Wait.upTo(Duration.ofHours(2)));
      world.check(end < 0 && manner < 3, "client " + id + ": " + end + " where there is nothing");
    } catch (IOException e) {
      world.typed("client " + id, e);
      world.check(
          !(e instanceof StreamTimeoutException), "client " + id + " was never answered: " + e);
      // A line that takes longer to come than the limit allows, and the silence of one who waits
      // for his answer, cut those who did nothing wrong, too.
      world.check(
          manner >= 3 || within < 2_000_000_000L || idle < 2_000_000_000L,
          "client " + id + " was cut for no reason: " + e);
    } finally {
      channel.abort(new IOException(World.PLANNED));
    }
  }

  /** Answers each line with itself. */
  private static final class Echo implements ChannelHandler {
    private final World world;
    private final long within;
    private final long idle;
    private final Map<Registration, Channel> open = new IdentityHashMap<>();
    private final Map<Registration, Long> since = new IdentityHashMap<>();

    Echo(World world, long within, long idle) {
      this.world = world;
      this.within = within;
      this.idle = idle;
    }

    @Override
    public void opened(Registration listener, Channel channel, Registration client) {
      open.put(client, channel);
      since.put(client, world.sim.now());
    }

    @Override
    public void data(Registration registration, ByteBuffer frame) {
      ByteBuffer copy = ByteBuffer.allocate(frame.remaining()).put(frame).flip();
      since.put(registration, world.sim.now());
      var unused = open.get(registration).sink().writeAsync(copy);
    }

    @Override
    public void ended(Registration registration) throws IOException {
      Channel channel = open.remove(registration);
      if (channel != null) {
        world.sim.note(channel.name() + " has ended");
        var unused =
            channel
                .sink()
                .endAsync()
                .whenComplete(
                    (done, failure) -> {
                      if (failure == null) {
                        var later = channel.closeAsync();
                      } else {
                        channel.abort(failure);
                      }
                    });
      }
    }

    @Override
    public void failed(Registration registration, Throwable cause) {
      Channel channel = open.remove(registration);
      world.sim.note("failed: " + cause);
      if (channel != null) {
        if (cause instanceof StreamTimeoutException) {
          long silent = world.sim.now() - since.get(registration);
          long least = Math.min(within, idle);
          world.check(silent >= least, "cut after " + silent + " ns, the limits are above");
          // The last byte may have come after the last line, by as long as the network takes.
          world.check(
              silent <= Math.max(within, idle) + 200_000_000L + World.TICK,
              "cut after " + silent + " ns, later than both limits");
        }
        channel.abort(cause);
      }
    }
  }
}
