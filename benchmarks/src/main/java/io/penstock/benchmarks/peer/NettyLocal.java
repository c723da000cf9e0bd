// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import java.util.ArrayDeque;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Netty's channel inside a JVM. The writing thread is the event loop of the one side and the
 * reading thread that of the other, so that there are two threads as with every peer. Each write is
 * flushed. A LocalChannel takes whatever it gets, so the writer keeps count of what the reader has
 * had, and is woken when half of the buffer is free. Both loops spin for a while before they park,
 * as that serves Netty best.
 */
final class NettyLocal extends Conduit {
  /** How often a loop is run before its thread parks. */
  private static final int SPINS = 1000;

  private final ManualIoEventLoop writing =
      new ManualIoEventLoop(null, LocalIoHandler.newFactory());
  private final ManualIoEventLoop reading =
      new ManualIoEventLoop(null, LocalIoHandler.newFactory());
  private final LocalAddress address = new LocalAddress(NettyLocal.class);
  private final CountDownLatch bound = new CountDownLatch(1);
  private final ArrayDeque<ByteBuf> arrived = new ArrayDeque<>();
  private final int buffer;
  private @Nullable Channel client;
  private @Nullable Channel server;
  private final Sent sent = Apart.of(Sent::new);
  private final Received received = Apart.of(Received::new);
  private final Awaited awaited = Apart.of(Awaited::new);

  /** What the writer changes with each write, and what it knows of the reader. */
  private static final class Sent {
    private long bytes;
    private long receivedSeen;
  }

  /** What the reader looks at with each read. */
  private static final class Awaited {
    private volatile long bytes = Long.MAX_VALUE;
  }

  /** What the reader changes. */
  private static final class Received {
    private volatile long bytes;
    private boolean ended;
  }

  NettyLocal(Shape shape) {
    super(shape);
    buffer = shape.buffer();
  }

  private Channel connect() throws InterruptedException {
    bound.await();
    writing.setOwningThread(Thread.currentThread());
    var connecting =
        new Bootstrap()
            .group(writing)
            .channel(LocalChannel.class)
            .handler(new ChannelInboundHandlerAdapter())
            .connect(address);
    while (!connecting.isDone()) {
      writing.run(0);
    }
    return connecting.channel();
  }

  private Channel bind() {
    reading.setOwningThread(Thread.currentThread());
    var binding =
        new ServerBootstrap()
            .group(reading)
            .channel(LocalServerChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel accepted) {
                    accepted.pipeline().addLast(new Collector());
                  }
                })
            .bind(address);
    while (!binding.isDone()) {
      reading.run(0);
    }
    bound.countDown();
    return binding.channel();
  }

  @Override
  public void write() throws InterruptedException {
    Channel to = client;
    if (to == null) {
      to = connect();
      client = to;
    }
    if (sent.bytes - sent.receivedSeen > buffer) {
      sent.receivedSeen = received.bytes;
      if (sent.bytes - sent.receivedSeen > buffer) {
        await(sent.bytes - buffer / 2);
      }
    }
    sent.bytes += out.length;
    // What fails shows at the end: fewer bytes have arrived.
    var unused =
        to.writeAndFlush(to.alloc().heapBuffer(out.length).writeBytes(out), to.voidPromise());
  }

  private void await(long enough) {
    awaited.bytes = enough;
    for (int tries = 0; received.bytes < enough; tries++) {
      turn(writing, tries);
    }
    awaited.bytes = Long.MAX_VALUE;
  }

  private static void turn(ManualIoEventLoop loop, int tries) {
    if (tries < SPINS) {
      if (loop.runNow() == 0) {
        Thread.onSpinWait();
      }
    } else {
      loop.run(0);
    }
  }

  @Override
  public int read() {
    Channel from = server;
    if (from == null) {
      from = bind();
      server = from;
    }
    ByteBuf oldest;
    for (int tries = 0; (oldest = arrived.peek()) == null; tries++) {
      if (received.ended) {
        for (var closing = from.close(); !closing.isDone(); ) {
          reading.run(0);
        }
        return -1;
      }
      turn(reading, tries);
    }
    int n = Math.min(in.length, oldest.readableBytes());
    oldest.readBytes(in, 0, n);
    if (!oldest.isReadable()) {
      arrived.remove().release();
    }
    long had = received.bytes + n;
    received.bytes = had;
    if (had >= awaited.bytes) {
      writing.wakeup();
    }
    return n;
  }

  @Override
  public void end() throws InterruptedException {
    Channel to = client;
    if (to == null) {
      to = connect();
      client = to;
    }
    // Closing drops what has not been read.
    await(sent.bytes);
    var closing = to.close();
    while (!closing.isDone()) {
      writing.run(0);
    }
  }

  private final class Collector extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      arrived.add((ByteBuf) message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      received.ended = true;
    }
  }
}
