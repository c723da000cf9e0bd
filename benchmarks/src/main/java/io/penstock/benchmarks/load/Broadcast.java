// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Texts;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Each message of 1 KiB goes to 16 readers over TCP, at fixed times or as fast as they take it. A
 * reader that has no room misses messages, and shall not hold the others up. One thread sends; what
 * reads is the same for all peers: raw channels of the JDK.
 */
final class Broadcast {
  /** Bytes of a message. */
  static final int MESSAGE = 1024;

  private static final int READERS = 16;
  private static final int PER_SECOND = 2000;

  /** What a server has ready for a reader at most; the system's buffers come on top. */
  private static final int READY = 64 * 1024;

  /** One reader, as the sender sees it. */
  interface Outlet {
    /** Takes as much as there is room for; the message stays the sender's. */
    void write(ByteBuffer message) throws IOException;
  }

  /** Accepts. */
  interface Sender extends AutoCloseable {
    /** Where. */
    InetSocketAddress address() throws IOException;

    /** The next that has connected. */
    Outlet accept() throws Exception;

    @Override
    void close() throws IOException;
  }

  private Broadcast() {}

  static void measure(String who, boolean brief) throws Exception {
    try (Sender sender = sender(who)) {
      long warm = (brief ? 20 : 1500) * 1_000_000L;
      measure(sender, 0, PER_SECOND, warm);
      measure(sender, 0, 0, warm);
      long nanos = (brief ? 50 : 3000) * 1_000_000L;
      for (int slow : new int[] {0, 1}) {
        Reading steady = measure(sender, slow, PER_SECOND, nanos);
        Trial.tell(Kind.P50, Texts.SLOW, slow, steady.latencies().percentile(50));
        Trial.tell(Kind.P99, Texts.SLOW, slow, steady.latencies().percentile(99));
        Trial.tell(Kind.P99_9, Texts.SLOW, slow, steady.latencies().percentile(99.9));
        Reading flood = measure(sender, slow, 0, nanos);
        // By each of the fast ones.
        Trial.tell(
            Kind.THROUGHPUT,
            Texts.SLOW,
            slow,
            (double) flood.bytes() / flood.taken() / (READERS - slow));
      }
    }
  }

  private static Sender sender(String who) throws Exception {
    return switch (who) {
      case "PENSTOCK" -> new Ours();
      case "JDK" -> new Raw();
      case "NETTY_NIO" -> new Netty();
      default -> throw new IllegalArgumentException(who + " does not send to many");
    };
  }

  /**
   * Sends.
   *
   * @param slow how many of the readers are slow
   * @param perSecond messages for each reader; 0 for as fast as they take them
   */
  static Reading measure(Sender sender, int slow, int perSecond, long nanos) throws Exception {
    try (Reading reading = new Reading(MESSAGE)) {
      List<Copy> copies = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        SocketChannel channel = SocketChannel.open(sender.address());
        copies.add(new Copy(sender.accept()));
        if (i < slow) {
          reading.slow(channel);
        } else {
          reading.fast(channel);
        }
      }
      reading.start();
      long start = System.nanoTime();
      double interval = perSecond == 0 ? 0 : 1e9 / perSecond;
      long now = start;
      for (long i = 0; now - start < nanos; i++) {
        long due = perSecond == 0 ? now : start + (long) (i * interval);
        while ((now = System.nanoTime()) < due) {
          LockSupport.parkNanos(due - now);
        }
        for (Copy copy : copies) {
          copy.send(due);
        }
        reading.check();
      }
      reading.stop();
      return reading;
    }
  }

  /** A reader that has gone at the end of a measurement. */
  @SuppressWarnings("FutureReturnValueIgnored") // It is closed as well as can be.
  private static final class Gone extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  /** What one reader gets: whole messages, and none while the one before is not gone. */
  private static final class Copy {
    private final Outlet outlet;
    private final ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE);

    Copy(Outlet outlet) {
      this.outlet = outlet;
      message.position(MESSAGE);
    }

    void send(long due) throws IOException {
      if (!message.hasRemaining()) {
        message.clear().putLong(0, due);
      }
      outlet.write(message);
      if (message.position() == 0) {
        // There was no room for its first byte: the reader misses it.
        message.position(MESSAGE);
      }
    }
  }

  // ---- this product

  private static final class Ours implements Sender {
    private final Penstock penstock = Penstock.open();
    private final Listener listener;

    Ours() throws IOException {
      listener =
          penstock
              .channels()
              .listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), ChannelOptions.defaults());
    }

    @Override
    public InetSocketAddress address() {
      return new InetSocketAddress(
          InetAddress.getLoopbackAddress(),
          Integer.parseInt(listener.endpoint().address().replaceFirst(".*:", "")));
    }

    @Override
    public Outlet accept() throws IOException {
      var sink = listener.accept(Wait.forever()).sink();
      return message -> sink.write(message, Wait.none());
    }

    @Override
    public void close() {
      penstock.close();
    }
  }

  // ---- the JDK

  private static final class Raw implements Sender {
    private final ServerSocketChannel listener =
        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));

    Raw() throws IOException {}

    @Override
    public InetSocketAddress address() throws IOException {
      return (InetSocketAddress) listener.getLocalAddress();
    }

    @Override
    public Outlet accept() throws IOException {
      SocketChannel channel = listener.accept();
      channel.configureBlocking(false);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      return channel::write;
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  // ---- Netty

  @SuppressWarnings("FutureReturnValueIgnored") // What fails closes the channel.
  private static final class Netty implements Sender {
    private final EventLoopGroup group =
        new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
    private final Channel listener;

    Netty() throws InterruptedException {
      listener =
          new ServerBootstrap()
              .group(group)
              .channel(NioServerSocketChannel.class)
              .childOption(ChannelOption.TCP_NODELAY, true)
              .childOption(
                  ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(READY / 2, READY))
              .childHandler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      channel.pipeline().addLast(new Gone());
                      accepted.add(channel);
                    }
                  })
              .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .sync()
              .channel();
    }

    @Override
    public InetSocketAddress address() {
      return (InetSocketAddress) listener.localAddress();
    }

    @Override
    public Outlet accept() throws InterruptedException {
      Channel channel = accepted.take();
      return message -> {
        if (channel.isWritable()) {
          channel.writeAndFlush(
              channel.alloc().buffer(MESSAGE).writeBytes(message), channel.voidPromise());
        }
      };
    }

    @Override
    public void close() {
      listener.close();
      group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }
}
