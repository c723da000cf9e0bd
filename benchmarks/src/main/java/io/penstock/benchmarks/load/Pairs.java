// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import static java.util.Objects.requireNonNull;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Texts;
import io.penstock.benchmarks.server.Serve;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Channels in memory, which need no descriptors: 64 of them ask for 64 B back, each again when it
 * was answered, beside many in which nothing moves. One thread serves all, another one asks.
 */
abstract class Pairs implements AutoCloseable {
  private static final int ACTIVE = 64;

  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private volatile Run run = new Run();

  /** What was counted, by the thread that asks. */
  private static final class Run {
    final Latencies latencies = new Latencies();
    final CountDownLatch done = new CountDownLatch(1);
    volatile boolean stop;
    int waiting;
  }

  /** One active pair at the side that asks. */
  private final class Asking {
    private long start;

    /** It asks at this time. */
    void asked() {
      start = System.nanoTime();
    }

    /** Whether it shall ask again. */
    boolean answered() {
      Run now = run;
      now.latencies.add(start, System.nanoTime());
      if (now.stop) {
        if (--now.waiting == 0) {
          now.done.countDown();
        }
        return false;
      }
      return true;
    }
  }

  /** Keeps some in which nothing moves. */
  abstract void addIdle(int count) throws Exception;

  /** Makes some that can ask. */
  abstract void addActive(int count) throws Exception;

  /** Has each active one ask for the first time. */
  abstract void askAll() throws Exception;

  static Pairs open(String who) throws Exception {
    return switch (who) {
      case "PENSTOCK" -> new Ours();
      case "NETTY" -> new Netty();
      default -> throw new IllegalArgumentException(who + " has no channels in memory");
    };
  }

  static void measure(String who, boolean brief) throws Exception {
    try (Pairs pairs = open(who)) {
      pairs.addActive(ACTIVE);
      long warm = (brief ? 50 : 2000) * 1_000_000L;
      pairs.run(warm);
      long before = Serve.allocated();
      Run steady = pairs.run(warm);
      double garbage = (double) (Serve.allocated() - before) / steady.latencies.count();
      Trial.tell(Kind.ALLOCATION, Texts.GARBAGE_PAIR, Requests.MESSAGE, garbage);
      int idle = 0;
      for (int count : brief ? List.of(10, 1000) : Texts.GROWTH) {
        pairs.addIdle(count - idle);
        idle = count;
        // What the collector has to do with the new ones shall be done.
        long heap = Serve.heap();
        if (heap <= 0) {
          throw new IllegalStateException("the heap is " + heap + " bytes");
        }
        long start = System.nanoTime();
        Run of = pairs.run((brief ? 20 : 1000) * 1_000_000L);
        double rate = of.latencies.count() * 1e6 / (System.nanoTime() - start);
        Trial.tell(Kind.REQUESTS, Texts.GROWTH_SIMULATED, count, rate);
        Trial.tell(Kind.P99, Texts.GROWTH_SIMULATED, count, of.latencies.percentile(99));
      }
    }
  }

  private Run run(long nanos) throws Exception {
    Run of = new Run();
    of.waiting = ACTIVE;
    run = of;
    askAll();
    await(of, nanos, false);
    of.stop = true;
    await(of, TimeUnit.SECONDS.toNanos(20), true);
    return of;
  }

  private void await(Run of, long nanos, boolean needed) throws Exception {
    boolean done = of.done.await(nanos, TimeUnit.NANOSECONDS);
    if (failure.isDone()) {
      throw new IOException("a channel failed", failure.join());
    }
    if (needed && !done) {
      throw new IOException("a request over a channel in memory was not answered");
    }
  }

  @Override
  public abstract void close();

  final void fail(Throwable cause) {
    failure.complete(cause);
  }

  // ---- this product

  private static final class Ours extends Pairs {
    private final Penstock penstock = Penstock.open();
    private final Poller serves = penstock.poller();
    private final Poller asks = penstock.poller();
    private final List<Client> clients = new ArrayList<>();
    private final List<ChannelPair> idle = new ArrayList<>();

    private final class Client {
      final Asking asking = new Asking();
      final io.penstock.channel.Channel channel;
      final ByteBuffer message = ByteBuffer.allocate(Requests.MESSAGE);
      int got;

      Client(io.penstock.channel.Channel channel) {
        this.channel = channel;
      }

      /** Asks first, on another thread than later: the answer may be there before this returns. */
      void askFirst() throws IOException {
        ask(ByteBuffer.allocate(Requests.MESSAGE));
      }

      void ask() throws IOException {
        ask(message);
      }

      private void ask(ByteBuffer message) throws IOException {
        asking.asked();
        write(channel, message.clear());
      }
    }

    Ours() {
      start(
          serves,
          new ChannelHandler() {
            @Override
            public void data(Registration registration, ByteBuffer frame) throws IOException {
              var channel = (io.penstock.channel.Channel) requireNonNull(registration.attachment());
              write(channel, frame);
            }
          });
      start(
          asks,
          new ChannelHandler() {
            @Override
            public void data(Registration registration, ByteBuffer frame) throws IOException {
              Client client = (Client) requireNonNull(registration.attachment());
              client.got += frame.remaining();
              if (client.got == Requests.MESSAGE) {
                client.got = 0;
                if (client.asking.answered()) {
                  client.ask();
                }
              }
            }
          });
    }

    /** There is room for all; only the thread that has asked first may not be gone yet. */
    private static void write(io.penstock.channel.Channel channel, ByteBuffer message)
        throws IOException {
      while (channel.sink().write(message, Wait.none()) == 0) {
        Thread.onSpinWait();
      }
      if (message.hasRemaining()) {
        throw new IllegalStateException(
            "there was no room for " + message.remaining() + " bytes of a request");
      }
    }

    private void start(Poller poller, ChannelHandler handler) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  while (true) {
                    poller.poll(Wait.forever(), handler);
                  }
                } catch (IOException | RuntimeException | Error e) {
                  fail(e);
                }
              });
      thread.setDaemon(true);
      thread.start();
    }

    private ChannelPair served() {
      ChannelPair pair = penstock.channels().pair(ChannelOptions.defaults());
      serves.register(pair.right().source(), Framing.bytes()).attach(pair.right());
      return pair;
    }

    @Override
    void addIdle(int count) {
      for (int i = 0; i < count; i++) {
        idle.add(served());
      }
    }

    @Override
    void addActive(int count) {
      for (int i = 0; i < count; i++) {
        Client client = new Client(served().left());
        asks.register(client.channel.source(), Framing.bytes()).attach(client);
        clients.add(client);
      }
    }

    @Override
    void askAll() throws IOException {
      for (Client client : clients) {
        client.askFirst();
      }
    }

    @Override
    public void close() {
      penstock.close();
    }
  }

  // ---- Netty

  @SuppressWarnings("FutureReturnValueIgnored") // What fails is told to the pipeline.
  private static final class Netty extends Pairs {
    private final EventLoopGroup serves =
        new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());
    private final EventLoopGroup asks =
        new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());
    private final LocalAddress address = new LocalAddress(Pairs.class);
    private final List<Channel> clients = new ArrayList<>();
    private final List<Channel> idle = new ArrayList<>();
    private int connected;

    private final class Echoed extends ChannelInboundHandlerAdapter {
      final Asking asking = new Asking();
      int got;

      @Override
      public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        got += bytes.readableBytes();
        bytes.release();
        if (got == Requests.MESSAGE) {
          got = 0;
          if (asking.answered()) {
            ask(context.channel());
          }
        }
      }

      void ask(Channel channel) {
        asking.asked();
        channel.writeAndFlush(
            channel.alloc().buffer(Requests.MESSAGE).writeZero(Requests.MESSAGE),
            channel.voidPromise());
      }

      @Override
      public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        fail(cause);
      }
    }

    Netty() throws InterruptedException {
      new ServerBootstrap()
          .group(serves)
          .channel(LocalServerChannel.class)
          .childHandler(
              new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                  channel
                      .pipeline()
                      .addLast(
                          new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext to, Object message) {
                              to.writeAndFlush(message, to.voidPromise());
                            }
                          });
                }
              })
          .bind(address)
          .sync();
    }

    // Each has an address with its number: one that is made of a hash is now and then that of
    // another.
    private Channel connect(ChannelInboundHandlerAdapter handler) throws InterruptedException {
      return new Bootstrap()
          .group(asks)
          .channel(LocalChannel.class)
          .handler(handler)
          .connect(address, new LocalAddress("asks-" + connected++))
          .sync()
          .channel();
    }

    @Override
    void addIdle(int count) throws InterruptedException {
      for (int i = 0; i < count; i++) {
        idle.add(connect(new ChannelInboundHandlerAdapter()));
      }
    }

    @Override
    void addActive(int count) throws InterruptedException {
      for (int i = 0; i < count; i++) {
        clients.add(connect(new Echoed()));
      }
    }

    @Override
    void askAll() throws InterruptedException {
      asks.submit(
              () -> {
                for (Channel client : clients) {
                  client.pipeline().get(Echoed.class).ask(client);
                }
              })
          .sync();
    }

    @Override
    public void close() {
      serves.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }
}
