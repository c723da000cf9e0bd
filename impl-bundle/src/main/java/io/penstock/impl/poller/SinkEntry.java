// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.impl.core.SinkEnd;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.SinkRegistration;
import java.io.IOException;

/** Waits for a sink to become writable, once for each wish. */
final class SinkEntry extends Entry implements SinkRegistration {
  private final SinkEnd sink;
  private volatile boolean wanted;

  SinkEntry(SelectorPoller poller, SinkEnd sink) {
    super(poller, sink);
    this.sink = sink;
  }

  SinkEnd sink() {
    return sink;
  }

  @Override
  void closeEnd() throws IOException {
    sink.close();
  }

  @Override
  public SinkRegistration wantWritable() {
    wanted = true;
    if (!gone()) {
      poller.due(this);
    }
    return this;
  }

  @Override
  boolean curious() {
    return wanted && super.curious();
  }

  @Override
  void look(ChannelHandler handler, int budget, boolean found) throws IOException {
    Throwable failure = sink.failure();
    if (failure != null) {
      finish(handler, failure);
      return;
    }
    if (found) {
      sink.selected();
    }
    if (!wanted) {
      poller.watch(this, 0);
    } else if (sink.writable().isSet()) {
      wanted = false;
      poller.watch(this, 0);
      calling();
      handler.writable(this);
      called();
    } else {
      // While parts are queued the socket may have room over and over; the end of the queue wakes
      // us.
      poller.watch(this, sink.queued() > 0 ? 0 : sink.interest());
    }
  }
}
