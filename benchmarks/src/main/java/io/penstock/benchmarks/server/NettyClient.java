// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Netty's side of a load over TLS. Its writer waits while a MiB is on its way. */
@SuppressWarnings("FutureReturnValueIgnored") // What fails closes the channel, which is noticed.
final class NettyClient {
  private static final int ENOUGH = 1 << 20;

  private final SslContext tls;
  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(
          1, Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());

  NettyClient(SslContext tls) {
    this.tls = tls;
  }

  TlsLoad.Line connect(Address address) throws InterruptedException {
    NettyLine line = new NettyLine();
    SslHandler[] encrypts = new SslHandler[1];
    line.channel =
        new Bootstrap()
            .group(group)
            .channel(Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(ENOUGH / 2, ENOUGH))
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    encrypts[0] = tls.newHandler(channel.alloc(), "127.0.0.1", address.port());
                    channel.pipeline().addLast(encrypts[0], new LineBasedFrameDecoder(100), line);
                  }
                })
            .connect(address.socketAddress())
            .sync()
            .channel();
    encrypts[0].handshakeFuture().sync();
    return line;
  }

  private static final class NettyLine extends ChannelInboundHandlerAdapter
      implements TlsLoad.Line {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition writable = lock.newCondition();
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

    @SuppressWarnings("NullAway.Init") // Set before anybody else sees it.
    private Channel channel;

    @Override
    public void write(ByteBuffer bytes) throws InterruptedException {
      lock.lock();
      try {
        while (!channel.isWritable()) {
          writable.await();
        }
      } finally {
        lock.unlock();
      }
      channel.writeAndFlush(Unpooled.wrappedBuffer(bytes), channel.voidPromise());
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      lock.lock();
      try {
        writable.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      answers.add(bytes.toString(US_ASCII));
      bytes.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      answers.add(cause.toString());
      context.close();
    }

    @Override
    public String answer() throws InterruptedException {
      return answers.take();
    }

    @Override
    public void close() {
      channel.close().syncUninterruptibly();
    }
  }
}
