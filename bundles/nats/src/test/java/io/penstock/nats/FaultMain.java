// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.AddressException;
import io.penstock.error.StorageException;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** The process that is killed or paused: writes or reads, and says what it knows to be safe. */
public final class FaultMain {
  static final Wait LONG = Wait.upTo(Duration.ofSeconds(90));
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(90);

  private FaultMain() {}

  /** Each byte follows from its position. */
  static byte at(long position) {
    return (byte) (position * 31 + (position >> 8) * 7 + (position >> 16));
  }

  static ByteBuffer bytes(long from, int count) {
    byte[] all = new byte[count];
    for (int i = 0; i < count; i++) {
      all[i] = at(from + i);
    }
    return ByteBuffer.wrap(all);
  }

  /** Fails unless all bytes are those of their positions. */
  static void check(ByteBuffer found, long from) {
    for (int i = 0; found.hasRemaining(); i++) {
      byte one = found.get();
      if (one != at(from + i)) {
        throw new AssertionError("byte " + (from + i) + " is " + one);
      }
    }
  }

  /**
   * Works until it is killed.
   *
   * @param arguments {@code write} or {@code read}, the location, a seed
   */
  public static void main(String[] arguments) throws Exception {
    Random random = new Random(Long.parseLong(arguments[2]));
    boolean writes = arguments[0].equals("write");
    try (Penstock penstock = Penstock.open();
        Channel channel = open(penstock, arguments[1])) {
      DurableFacet facet = channel.facet(DurableFacet.class).orElseThrow();
      if (writes) {
        write(channel, facet, random);
      } else {
        read(channel, facet, random);
      }
    } catch (ExecutionException e) {
      say(e.getCause() instanceof StorageException why ? "failed " + why.kind() : "failed " + e);
    } catch (StorageException e) {
      say("failed " + e.kind() + " " + e.count() + " " + e.getMessage());
    } catch (AddressException e) {
      say("refused " + e.kind() + " " + e.getMessage());
    } catch (IOException | RuntimeException | Error e) {
      say("failed " + e);
    }
  }

  /** While the servers are away, or have no leader, it is tried again. */
  private static Channel open(Penstock penstock, String location) throws IOException {
    long deadline = System.nanoTime() + PATIENCE;
    while (true) {
      try {
        return penstock
            .channels()
            .open(
                Endpoint.parse(location),
                // The opening gives up before, and says why.
                ChannelOptions.defaults().withConnectTimeout(Duration.ofSeconds(30)),
                Wait.upTo(Duration.ofSeconds(30)));
      } catch (AddressException e) {
        if (e.kind() != AddressException.Kind.REFUSED || System.nanoTime() > deadline) {
          throw e;
        }
        System.err.println("tries again: " + e);
      }
    }
  }

  private static void write(Channel channel, DurableFacet facet, Random random) throws Exception {
    long at = facet.acknowledged();
    say("opened " + at);
    while (true) {
      int size = 1 + random.nextInt(random.nextInt(20) == 0 ? 300_000 : 9000);
      channel.sink().writeFully(bytes(at, size), LONG);
      at += size;
      say("written " + at);
      if (random.nextInt(4) == 0) {
        channel.sink().flush(LONG);
        say("acknowledged " + at);
      }
    }
  }

  private static void read(Channel channel, DurableFacet facet, Random random) throws Exception {
    long at = facet.position();
    say("opened " + at);
    ByteBuffer some = ByteBuffer.allocate(60_000);
    while (true) {
      int n = channel.source().read(some.clear().limit(1 + random.nextInt(60_000)), LONG);
      check(some.flip(), at);
      at += n;
      if (facet.position() != at) {
        throw new AssertionError("at " + facet.position() + " after " + at);
      }
      say("read " + at);
      if (random.nextInt(6) == 0) {
        Void unused = facet.commit().toCompletableFuture().get(90, TimeUnit.SECONDS);
        say("committed " + at);
      }
    }
  }

  private static void say(String line) {
    System.out.println(line);
  }
}
