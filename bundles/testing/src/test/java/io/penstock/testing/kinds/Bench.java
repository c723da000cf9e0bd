// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Subject;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** One Penstock for all kinds, so that they run in each other's presence, as they do in use. */
final class Bench {
  static final Penstock PENSTOCK = Penstock.open();
  static final Services SERVICES =
      new Services(PENSTOCK.pipes(), PENSTOCK.channels(), PENSTOCK.relays(), PENSTOCK::poller);
  static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private static final AtomicInteger NUMBERS = new AtomicInteger();

  private Bench() {}

  /** A name that no case has used before. */
  static String fresh(String prefix) {
    return prefix + NUMBERS.incrementAndGet();
  }

  static Channel open(String endpoint) throws IOException {
    return open(endpoint, ChannelOptions.defaults());
  }

  static Channel open(String endpoint, ChannelOptions options) throws IOException {
    return PENSTOCK.channels().open(Endpoint.parse(endpoint), options, SOON);
  }

  /** A channel to a peer that sends back what it gets. */
  static Subject mirror(String endpoint) throws IOException {
    Channel channel = open(endpoint);
    return Subject.of(channel, channel);
  }

  /** Two connected channels; the case writes to the one that connected. */
  static Subject clientToServer(Endpoint listen, UnaryOperator<Endpoint> connect)
      throws IOException {
    return meet(listen, connect, false);
  }

  /** Two connected channels; the case writes to the one that was accepted. */
  static Subject serverToClient(Endpoint listen, UnaryOperator<Endpoint> connect)
      throws IOException {
    return meet(listen, connect, true);
  }

  private static Subject meet(Endpoint listen, UnaryOperator<Endpoint> connect, boolean reverse)
      throws IOException {
    try (Listener listener = PENSTOCK.channels().listen(listen, ChannelOptions.defaults())) {
      Channel client =
          PENSTOCK
              .channels()
              .open(connect.apply(listener.endpoint()), ChannelOptions.defaults(), SOON);
      Channel server = listener.accept(SOON);
      return reverse ? Subject.of(server, client) : Subject.of(client, server);
    }
  }

  /** The endpoint that connects to one whose scheme ends in "-listen". */
  static Endpoint connecting(Endpoint bound) {
    String text = bound.withoutOptions().toString();
    int colon = text.indexOf(':');
    return Endpoint.parse(text.substring(0, colon - "-listen".length()) + text.substring(colon));
  }
}
