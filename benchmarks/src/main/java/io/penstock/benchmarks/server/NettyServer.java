// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.LineBasedFrameDecoder;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * One event loop for all, pooled direct buffers, one flush for what was read at once; reads of up
 * to what is the best for all where bytes are counted.
 */
@SuppressWarnings("FutureReturnValueIgnored") // What fails closes the channel, which is noticed.
final class NettyServer {
  private NettyServer() {}

  static Address listen(Address address, Work work, boolean epoll) throws Exception {
    return listen(address, work, epoll, channel -> {});
  }

  /**
   * Listens.
   *
   * @param first puts what goes before the work into a pipeline
   */
  static Address listen(Address address, Work work, boolean epoll, Consumer<Channel> first)
      throws Exception {
    if (epoll && !Epoll.isAvailable()) {
      throw new UnsupportedOperationException("Netty's epoll", Epoll.unavailabilityCause());
    }
    EventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    ServerBootstrap server =
        new ServerBootstrap()
            .group(group)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    first.accept(channel);
                    if (work == Work.REQUESTS || work == Work.LINES) {
                      channel.pipeline().addLast(new LineBasedFrameDecoder(65536, false, true));
                    }
                    channel.pipeline().addLast(handler(work));
                  }
                });
    if (work == Work.COUNT || work == Work.LINES) {
      server.childOption(
          ChannelOption.RECVBUF_ALLOCATOR,
          new AdaptiveRecvByteBufAllocator(1024, 65536, Loops.buffer(address)));
    }
    if (address.unix()) {
      server.channel(
          epoll ? EpollServerDomainSocketChannel.class : NioServerDomainSocketChannel.class);
    } else {
      server
          .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
          .childOption(ChannelOption.TCP_NODELAY, true);
    }
    Channel channel =
        server
            .bind(
                address.unix() && epoll
                    ? new DomainSocketAddress(address.path())
                    : address.socketAddress())
            .sync()
            .channel();
    return address.bound(channel.localAddress());
  }

  private static ChannelInboundHandlerAdapter handler(Work work) {
    return switch (work) {
      case COUNT, LINES -> new Counting(work);
      case ECHO, REQUESTS -> new Echoing();
      case SPIN, DUPLEX -> throw new IllegalArgumentException("Netty does no " + work.text());
    };
  }

  private static final class Counting extends ChannelInboundHandlerAdapter {
    private final Work work;
    private final Tally tally = new Tally();

    Counting(Work work) {
      this.work = work;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      if (work == Work.LINES
          ? tally.line(bytes.readableBytes(), bytes.getByte(bytes.readerIndex()))
          : tally.bytes(bytes.readableBytes(), bytes.getByte(bytes.writerIndex() - 1))) {
        context.writeAndFlush(Unpooled.wrappedBuffer(tally.answer(work)));
      }
      bytes.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      // A client that comes and goes has reset it; the server goes on with the others.
      context.close();
    }
  }

  private static final class Echoing extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      context.write(message, context.voidPromise());
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) throws IOException {
      // A reset at the end of a run; a server goes on.
      context.close();
    }
  }
}
