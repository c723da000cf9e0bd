// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import com.sun.management.UnixOperatingSystemMXBean;
import io.netty.channel.embedded.EmbeddedChannel;
import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Texts;
import io.penstock.benchmarks.server.Serve;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;

/** What takes how much of the heap while nothing moves in it, within this JVM. */
final class Footprint {
  private static final int WARM = 16;

  /** Makes one, which lives as long as it is held. */
  private interface Maker {
    Object make() throws Exception;
  }

  private Footprint() {}

  static void measure(String who, boolean brief) throws Exception {
    int count = brief ? 100 : 1000;
    if (who.equals("NIO_PIPE")) {
      var system =
          (UnixOperatingSystemMXBean)
              ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
      // Each pipe has two descriptors; this process has others.
      count = (int) Math.max(1, Math.min(count, system.getMaxFileDescriptorCount() / 2 - 100));
    }
    Trial.tell(Kind.HEAP, Texts.MEMORY_PIPE, 1, bytes(maker(Peer.valueOf(who)), count));
    if (who.equals("PENSTOCK") || who.equals("NETTY")) {
      try (Pairs pairs = Pairs.open(who)) {
        pairs.addIdle(WARM);
        long before = Serve.heap();
        pairs.addIdle(count);
        double bytes = (double) (Serve.heap() - before) / count;
        Trial.tell(Kind.HEAP, Texts.MEMORY_PAIR, 1, bytes);
      }
    }
  }

  @SuppressWarnings("resource") // As long as the process.
  private static Maker maker(Peer peer) {
    return switch (peer) {
      case PENSTOCK -> {
        Penstock penstock = Penstock.open();
        yield () -> penstock.pipes().create(PipeOptions.defaults().withCapacity(Shape.BUFFER));
      }
      case PIPED_STREAMS -> () -> new PipedInputStream(new PipedOutputStream(), Shape.BUFFER);
      case NIO_PIPE -> java.nio.channels.Pipe::open;
      case OKIO -> () -> new okio.Pipe(Shape.BUFFER);
      case ARRAY_BLOCKING_QUEUE -> () -> new ArrayBlockingQueue<byte[]>(Shape.BUFFER / 8192);
      case NETTY -> EmbeddedChannel::new;
      default -> throw new IllegalArgumentException(peer + " is not asked for its heap");
    };
  }

  /** Bytes of heap of each, of so many. */
  private static double bytes(Maker maker, int count) throws Exception {
    List<Object> held = new ArrayList<>(count + WARM);
    for (int i = 0; i < WARM; i++) {
      held.add(maker.make());
    }
    long before = Serve.heap();
    for (int i = 0; i < count; i++) {
      held.add(maker.make());
    }
    double bytes = (double) (Serve.heap() - before) / count;
    if (held.size() != count + WARM) {
      throw new IllegalStateException("holds " + held.size() + ", expected " + (count + WARM));
    }
    return bytes;
  }
}
