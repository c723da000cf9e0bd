// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * A server of plain sockets that reads to the end, and only then sends all of it back: a client
 * that gets an answer can close one direction and still read the other.
 */
final class Echo implements AutoCloseable {
  private static final int MIB = 1 << 20;
  private static final byte[] DATA = new byte[3 * MIB];

  static {
    new Random(7).nextBytes(DATA);
  }

  private final ServerSocketChannel socket;
  private final SocketAddress address;

  private Echo(ServerSocketChannel socket) throws IOException {
    this.socket = socket;
    this.address = socket.getLocalAddress();
    start("echo", this::run);
  }

  static Echo tcp() throws IOException {
    return new Echo(
        ServerSocketChannel.open()
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 2000));
  }

  static Echo unix(Path path) throws IOException {
    return new Echo(
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of(path), 2000));
  }

  private static void start(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  /** As an option has it. */
  String target() {
    return address instanceof InetSocketAddress inet
        ? "127.0.0.1:" + inet.getPort()
        : "unix:" + address;
  }

  /** As OpenSSH's command line has it. */
  String words() {
    return target().replace("unix:", "");
  }

  SocketAddress address() {
    return address;
  }

  private void run() {
    try {
      while (true) {
        SocketChannel peer = socket.accept();
        start("echo-peer", () -> serve(peer));
      }
    } catch (ClosedChannelException e) {
      System.getLogger("io.penstock").log(System.Logger.Level.DEBUG, "closed", e);
    } catch (IOException e) {
      System.getLogger("io.penstock").log(System.Logger.Level.WARNING, "no echo", e);
    }
  }

  private static void serve(SocketChannel peer) {
    try (peer) {
      byte[] all = Channels.newInputStream(peer).readAllBytes();
      Channels.newOutputStream(peer).write(all);
    } catch (IOException e) {
      System.getLogger("io.penstock").log(System.Logger.Level.DEBUG, "cut", e);
    }
  }

  /** Connects, sends 3 MiB, ends that direction, and gets the same back, and the end. */
  static void exchange(SocketAddress with) throws IOException {
    try (SocketChannel socket = SocketChannel.open(with)) {
      Channels.newOutputStream(socket).write(DATA);
      socket.shutdownOutput();
      byte[] back = Channels.newInputStream(socket).readAllBytes();
      assertEquals(DATA.length, back.length);
      assertArrayEquals(DATA, back);
    }
  }

  /** The same over a channel. */
  static void exchange(io.penstock.channel.Channel channel) throws IOException {
    channel.sink().writeFully(ByteBuffer.wrap(DATA), Bench.SOON);
    channel.sink().end();
    assertEquals(ByteBuffer.wrap(DATA), channel.source().readAll(16 * MIB, Bench.SOON));
  }

  /** What such a server does, on a channel. */
  static void serve(io.penstock.channel.Channel channel) throws IOException {
    ByteBuffer all = channel.source().readAll(16 * MIB, Bench.SOON);
    channel.sink().writeFully(all, Bench.SOON);
    channel.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
    if (address instanceof UnixDomainSocketAddress unix) {
      Files.deleteIfExists(unix.getPath());
    }
  }
}
