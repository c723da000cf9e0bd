// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.channel.Channel;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Makes a list of what a poll finds, with copies of what it is lent. */
final class EventCollector implements ChannelHandler {
  private final List<PollEvent> events = new ArrayList<>();

  List<PollEvent> events() {
    return events;
  }

  @Override
  public void opened(Registration listener, Channel channel, Registration client) {
    events.add(
        new PollEvent.Accepted(listener, ((ListenerEntry) listener).listener(), channel, client));
  }

  @Override
  public void data(Registration registration, ByteBuffer frame) {
    ByteBuffer copy = ByteBuffer.allocate(frame.remaining()).put(frame).flip();
    events.add(new PollEvent.Data(registration, ((SourceEntry) registration).source(), copy));
  }

  @Override
  public void writable(SinkRegistration registration) {
    events.add(new PollEvent.Writable(registration, ((SinkEntry) registration).sink()));
  }

  @Override
  public void ended(Registration registration) {
    events.add(new PollEvent.Ended(registration));
  }

  @Override
  public void listenerEnded(Registration listener) {
    events.add(new PollEvent.Ended(listener));
  }

  @Override
  public void failed(Registration registration, Throwable cause) {
    events.add(new PollEvent.Failed(registration, cause));
  }
}
