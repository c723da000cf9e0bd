// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A program that gives back what comes over TCP or TLS, until its standard input ends, and prints
 * its port first. The arguments: how it accepts, {@code poller}, {@code accept}, {@code late}
 * (which has one descriptor left when it waits for the first time, until the first byte of its
 * standard input) or {@code relay}, and where it listens.
 */
final class ScarceDescriptors {
  private static final int MANY = 1_000_000;
  private static final Queue<Channel> ACCEPTED = new ConcurrentLinkedQueue<>();
  private static final List<InputStream> TAKEN = new ArrayList<>();

  private ScarceDescriptors() {}

  /** Runs until standard input ends. */
  public static void main(String[] args) throws Exception {
    Penstock penstock = Penstock.open();
    penstock.provide(new TlsProvider(penstock.provider("tcp").orElseThrow()));
    Endpoint anywhere = Endpoint.parse(args[1]);
    Poller poller = penstock.poller();
    Listener listener;
    if (args[0].equals("relay")) {
      Relay relay =
          penstock
              .relays()
              .create(
                  anywhere,
                  Endpoint.parse("echo:"),
                  // By default there would be no more than the descriptors suffice for.
                  RelayOptions.defaults()
                      .withFork(true)
                      .withMaxConnections(MANY)
                      .withFrom(ChannelOptions.defaults().withMaxConnections(MANY)));
      relay.start();
      listener = relay.listeners().get(0);
    } else {
      listener =
          penstock.channels().listen(anywhere, ChannelOptions.defaults().withMaxConnections(MANY));
      if (args[0].equals("poller")) {
        poller.register(listener, Framing.bytes());
      } else {
        if (args[0].equals("late")) {
          takeAllButOne();
        }
        start("accepts", () -> accept(listener, poller));
      }
      if (!args[0].equals("late")) {
        start("polls", () -> echo(poller));
      }
    }
    System.out.println(listener.endpoint().address().replaceAll(".*:", ""));
    int end = System.in.read();
    if (args[0].equals("late")) {
      for (InputStream each : TAKEN) {
        each.close();
      }
      start("polls", () -> echo(poller));
      end = System.in.read();
    }
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

  /** Leaves one, because with none the system refuses to say that no peer is there. */
  private static void takeAllButOne() throws IOException {
    try {
      while (true) {
        TAKEN.add(new FileInputStream("/dev/null"));
      }
    } catch (FileNotFoundException e) {
      TAKEN.remove(0).close();
    }
  }

  private static void accept(Listener listener, Poller poller) throws IOException {
    while (true) {
      // The polling thread registers: no byte is told of before the channel is attached.
      ACCEPTED.add(listener.accept(Wait.forever()));
      poller.wakeup();
    }
  }

  private static void echo(Poller poller) throws IOException {
    ChannelHandler handler =
        new ChannelHandler() {
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
        };
    while (true) {
      Channel channel;
      while ((channel = ACCEPTED.poll()) != null) {
        poller.register(channel.source(), Framing.bytes()).attach(channel);
      }
      poller.poll(Wait.forever(), handler);
    }
  }

  private static Channel channel(Registration from) {
    return (Channel) Objects.requireNonNull(from.attachment());
  }
}
