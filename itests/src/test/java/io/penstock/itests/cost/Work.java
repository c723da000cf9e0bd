// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.cost;

import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.itests.support.Services;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.BundleContext;

/** What a container is measured with, in turns. */
final class Work {
  private static final int IDLE = 40;
  private static final int CLIENTS = 32;
  private static final int REQUEST = 64;
  private static final int PIECES = 100;
  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();
  private static final long ONE = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long TURN = TimeUnit.MILLISECONDS.toNanos(900);

  private final PipeFactory pipes;
  private final ChannelFactory channels;
  private final Poller poller;
  private final List<Pipe> idle = new ArrayList<>();
  private final ExecutorService movers = Executors.newFixedThreadPool(PROCESSORS);
  private final List<Socket> clients = new ArrayList<>();
  private final byte[] request = new byte[REQUEST];
  private final byte[] answer = new byte[REQUEST];
  private Listener listener;
  private CompletableFuture<Void> serving;

  Work(BundleContext context) throws IOException {
    pipes = Services.any(context, PipeFactory.class, "");
    channels = Services.any(context, ChannelFactory.class, "");
    poller = Services.any(context, Poller.class, "");
    for (int i = 0; i < IDLE; i++) {
      idle.add(pipes.create(PipeOptions.defaults().withName("idle-" + i)));
    }
    listen();
  }

  private void listen() throws IOException {
    listener =
        channels.listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), ChannelOptions.defaults());
    poller.register(listener, Framing.bytes());
    serving = poller.start(new Answering()).toCompletableFuture();
    int port = Integer.parseInt(listener.endpoint().toString().replaceAll(".*:(\\d+).*", "$1"));
    for (int i = 0; i < CLIENTS; i++) {
      Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
      client.setTcpNoDelay(true);
      clients.add(client);
    }
  }

  /** How much one turn moves a second: bytes, or requests. */
  double turn(String name) throws Exception {
    return switch (name) {
      case "pipe64" -> pipe(64);
      case "pipe8192" -> pipe(8192);
      case "requests" -> rate(this::requests);
      default -> throw new IllegalArgumentException("no turn " + name);
    };
  }

  /**
   * Bytes a second through pipes that keep all processors busy, each written and read by one
   * thread. From thread to thread a figure says more of which processors the two were given than of
   * the pipe.
   */
  private double pipe(int piece) throws Exception {
    double sum = 0;
    List<Callable<Double>> tasks = Collections.nCopies(PROCESSORS, () -> through(piece));
    for (Future<Double> each : movers.invokeAll(tasks)) {
      sum += each.get();
    }
    return sum;
  }

  /** Many pipes one after the other: where its buffer lies says more of a pipe's speed than all. */
  private double through(int piece) throws IOException {
    return rate(
        () -> {
          try (Pipe pipe = pipes.create(PipeOptions.defaults())) {
            ByteBuffer bytes = ByteBuffer.allocate(piece);
            long moved = 0;
            for (long from = System.nanoTime(); System.nanoTime() - from < ONE; ) {
              for (int i = 0; i < PIECES; i++) {
                pipe.sink().writeFully(bytes.clear(), Wait.none());
                pipe.source().readFully(bytes.clear(), Wait.none());
              }
              moved += (long) piece * PIECES;
            }
            return moved;
          }
        });
  }

  /** A request of each client that one poller answers. */
  private long requests() throws IOException {
    for (Socket each : clients) {
      OutputStream out = each.getOutputStream();
      out.write(request);
    }
    for (Socket each : clients) {
      new DataInputStream(each.getInputStream()).readFully(answer);
    }
    return CLIENTS;
  }

  private interface Round {
    long go() throws IOException;
  }

  /** How much a second in one turn. */
  private static double rate(Round round) throws IOException {
    long done = 0;
    long from = System.nanoTime();
    long now = from;
    while (now - from < TURN) {
      done += round.go();
      now = System.nanoTime();
    }
    return done * 1e9 / (now - from);
  }

  /** Lets go of everything. */
  void end() throws Exception {
    movers.shutdown();
    for (Socket each : clients) {
      each.close();
    }
    listener.close();
    poller.close();
    serving.get(20, TimeUnit.SECONDS);
    for (Pipe each : idle) {
      each.close();
    }
  }

  private static final class Answering implements ChannelHandler {
    @Override
    public void data(Registration client, ByteBuffer frame) throws IOException {
      client.channel().orElseThrow().sink().writeFully(frame, Wait.forever());
    }
  }
}
