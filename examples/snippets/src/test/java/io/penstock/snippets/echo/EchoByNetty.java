// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets.echo;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import java.nio.charset.StandardCharsets;

/** Lines echoed by Netty; a line has up to 8192 bytes. */
final class EchoByNetty extends ChannelInitializer<SocketChannel> implements AutoCloseable {
  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  final Channel listener;

  EchoByNetty(int port) throws InterruptedException {
    ServerBootstrap server = new ServerBootstrap().group(group);
    server.channel(NioServerSocketChannel.class).childHandler(this);
    listener = server.bind(port).sync().channel();
  }

  @Override
  protected void initChannel(SocketChannel client) {
    client
        .pipeline()
        .addLast(new LineBasedFrameDecoder(8192))
        .addLast(new StringDecoder(StandardCharsets.UTF_8))
        .addLast(new StringEncoder(StandardCharsets.UTF_8))
        .addLast(new Echo());
  }

  private static final class Echo extends SimpleChannelInboundHandler<String> {
    @Override
    protected void channelRead0(ChannelHandlerContext client, String line) {
      client.writeAndFlush(line + "\n");
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext client) {
      client.channel().config().setAutoRead(client.channel().isWritable());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext client, Throwable cause) {
      client.close();
    }
  }

  @Override
  public void close() {
    group.shutdownGracefully();
  }
}
