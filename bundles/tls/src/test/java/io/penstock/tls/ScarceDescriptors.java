// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Framing;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A program that gives back what comes over TLS, until its standard input ends, and prints its port
 * first. The arguments: how it accepts, {@code poller} or {@code accept}, and the file with its
 * key.
 */
final class ScarceDescriptors {
  private static final Queue<Channel> ACCEPTED = new ConcurrentLinkedQueue<>();

  private ScarceDescriptors() {}

  /** Runs until standard input ends. */
  public static void main(String[] args) throws Exception {
    Penstock penstock = Penstock.open();
    penstock.provide(new TlsProvider(penstock.provider("tcp").orElseThrow()));
    Listener listener =
        penstock
            .channels()
            .listen(
                Endpoint.parse("tls-listen://127.0.0.1:0?handshakeTimeout=1h&key=" + args[1]),
                ChannelOptions.defaults());
    Poller poller = penstock.poller();
    if (args[0].equals("poller")) {
      poller.register(listener, Framing.bytes());
    } else {
      start("accepts", () -> accept(listener, poller));
    }
    start("polls", () -> echo(poller));
    System.out.println(listener.endpoint().address().replaceAll(".*:", ""));
    int end = System.in.read();
    System.exit(end < 0 ? 0 : 1);
  }

  private interface Task {
    void run() throws IOException;
  }

  private static void start(String name, Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                e.printStackTrace();
                System.exit(3);
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  private static void accept(Listener listener, Poller poller) throws IOException {
    while (true) {
      // Registered by whoever polls, so that no byte is told of before the channel is attached.
      ACCEPTED.add(listener.accept(Wait.forever()));
      poller.wakeup();
    }
  }

  private static void echo(Poller poller) throws IOException {
    ChannelHandler handler = new Echo();
    while (true) {
      Channel channel;
      while ((channel = ACCEPTED.poll()) != null) {
        poller.register(channel.source(), Framing.bytes()).attach(channel);
      }
      poller.poll(Wait.forever(), handler);
    }
  }

  /** Gives back what comes. */
  private static final class Echo implements ChannelHandler {
    @Override
    public void opened(Registration from, Channel channel, Registration client) {
      client.attach(channel);
    }

    @Override
    public void data(Registration from, ByteBuffer frame) throws IOException {
      channel(from).sink().writeFully(frame, Wait.forever());
    }

    @Override
    public void ended(Registration from) throws IOException {
      channel(from).close();
    }

    @Override
    public void failed(Registration from, Throwable cause) {
      cause.printStackTrace();
      System.exit(4);
    }

    private static Channel channel(Registration from) {
      return (Channel) Objects.requireNonNull(from.attachment());
    }
  }
}
