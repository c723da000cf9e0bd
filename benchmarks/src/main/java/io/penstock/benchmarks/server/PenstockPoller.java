// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import static java.util.Objects.requireNonNull;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;

/** One poller for all channels. */
public final class PenstockPoller implements ChannelHandler {
  private final Work work;

  private PenstockPoller(Work work) {
    this.work = work;
  }

  private record Counted(Channel channel, Tally tally) {}

  /**
   * Has a poller of its own listen and serve, in a daemon thread.
   *
   * @return where it listens
   */
  public static Address listen(Penstock penstock, Address address, Work work) throws IOException {
    return listen(penstock, address.listening("tcp"), address, work);
  }

  static Address listen(Penstock penstock, Endpoint endpoint, Address address, Work work)
      throws IOException {
    Listener listener = penstock.channels().listen(endpoint, ChannelOptions.defaults());
    Poller poller = penstock.poller();
    poller.register(
        listener,
        work == Work.REQUESTS || work == Work.LINES ? Framing.lines(65536) : Framing.bytes());
    new PenstockPoller(work).start(poller);
    return PenstockBlocking.bound(address, listener.endpoint());
  }

  static Address listen(Penstock penstock, Address address, Fifos fifos, Work work)
      throws IOException {
    ChannelOptions options = ChannelOptions.defaults();
    Channel in = penstock.channels().open(fifos.reading(), options, Wait.forever());
    Channel out = penstock.channels().open(fifos.writing(), options, Wait.forever());
    Poller poller = penstock.poller();
    PenstockPoller handler = new PenstockPoller(work);
    handler.attach(poller.register(in.source(), Framing.bytes()), out);
    handler.start(poller);
    return address;
  }

  private void start(Poller poller) {
    Loops.start(
        () -> {
          while (true) {
            poller.poll(Wait.forever(), this);
          }
        });
  }

  /** Has what comes answered by way of a channel. */
  private void attach(Registration client, Channel channel) {
    client.attach(counts() ? new Counted(channel, new Tally()) : channel);
  }

  @Override
  public void opened(Registration listener, Channel channel, Registration client) {
    attach(client, channel);
  }

  private boolean counts() {
    return work == Work.COUNT || work == Work.LINES;
  }

  @Override
  public void data(Registration registration, ByteBuffer frame) throws IOException {
    if (counts()) {
      Counted counted = (Counted) requireNonNull(registration.attachment());
      if (work == Work.LINES
          ? counted.tally.line(frame.remaining(), frame.get(frame.position()))
          : counted.tally.bytes(frame.remaining(), frame.get(frame.limit() - 1))) {
        counted.channel.sink().writeAsync(counted.tally.answer(work));
      }
      return;
    }
    ByteSink sink = ((Channel) requireNonNull(registration.attachment())).sink();
    sink.write(frame, Wait.none());
    if (frame.hasRemaining()) {
      // The frame is lent for this call only.
      sink.writeAsync(ByteBuffer.allocate(frame.remaining()).put(frame).flip());
    }
  }

  @Override
  public void ended(Registration registration) throws IOException {
    Object attachment = requireNonNull(registration.attachment());
    (attachment instanceof Counted counted ? counted.channel : (Channel) attachment).closeAsync();
  }

  @Override
  public void failed(Registration registration, Throwable cause) throws IOException {
    // A reset at the end of a run; a server goes on.
    ended(registration);
  }
}
