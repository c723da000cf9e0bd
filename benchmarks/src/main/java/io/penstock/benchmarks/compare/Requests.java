// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import io.penstock.benchmarks.server.Address;
import io.penstock.benchmarks.server.PenstockPoller;
import io.penstock.benchmarks.server.Work;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Requests over some channels at once, each given back by a poller. With several of them the thread
 * of the poller has something to do most of the time: how long the system takes to wake it says
 * nothing of the product.
 */
final class Requests implements Load {
  private static final int CHANNELS = 16;

  private final Penstock client = Penstock.open();
  private final List<Channel> channels = new ArrayList<>();
  private final List<SocketChannel> idle = new ArrayList<>();
  private final ByteBuffer request;
  private final ByteBuffer answer;
  private byte next;

  private Requests(Address address, int size, int idleConnections) throws IOException {
    this.request = ByteBuffer.allocateDirect(size);
    this.answer = ByteBuffer.allocateDirect(size);
    Address bound = PenstockPoller.listen(Penstock.open(), address, Work.ECHO);
    for (int i = 0; i < idleConnections; i++) {
      idle.add(SocketChannel.open(bound.socketAddress()));
    }
    for (int i = 0; i < CHANNELS; i++) {
      channels.add(
          client
              .channels()
              .open(bound.connecting("tcp"), ChannelOptions.defaults(), Wait.forever()));
    }
  }

  /**
   * Over TCP.
   *
   * @param size bytes of a request
   * @param idleConnections how many more are open
   */
  static Requests tcp(int size, int idleConnections) throws IOException {
    return new Requests(new Address("tcp:0"), size, idleConnections);
  }

  /** Over Unix sockets. */
  static Requests unix(int size) throws IOException {
    Path socket = Sockets.fresh("poller");
    return new Requests(new Address("unix:" + socket), size, 0);
  }

  @Override
  public int batch() throws IOException {
    byte first = next++;
    for (Channel channel : channels) {
      request.clear().put(0, first);
      channel.sink().writeFully(request, Wait.forever());
    }
    for (Channel channel : channels) {
      answer.clear();
      while (answer.hasRemaining()) {
        if (channel.source().read(answer, Wait.forever()) < 0) {
          throw new EOFException("the answer ended after " + answer.position() + " bytes");
        }
      }
      if (answer.get(0) != first) {
        throw new IllegalStateException(
            "the answer begins with " + answer.get(0) + ", expected " + first);
      }
    }
    return CHANNELS;
  }

  @Override
  public void end() throws IOException {
    for (SocketChannel connection : idle) {
      connection.close();
    }
    for (Channel channel : channels) {
      channel.close();
    }
    client.close();
    // What serves ends with the JVM, as it does in a process of its own.
  }
}
