// SPDX-License-Identifier: Apache-2.0
package io.penstock.example;

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

/** A Penstock to which only the provider was added. */
final class Bench {
  static final Penstock PENSTOCK = Penstock.open();

  static {
    PENSTOCK.provide(new ExampleProvider());
  }

  static final Services SERVICES =
      new Services(PENSTOCK.pipes(), PENSTOCK.channels(), PENSTOCK.relays(), PENSTOCK::poller);
  static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private static final AtomicInteger NUMBERS = new AtomicInteger();

  private Bench() {}

  static Endpoint listening(String options) {
    return Endpoint.parse("example-listen:case-" + NUMBERS.incrementAndGet() + options);
  }

  static Endpoint connecting(Endpoint bound) {
    return Endpoint.parse("example:" + bound.address());
  }

  /** Both sides of a connection. */
  record Both(Channel client, Channel server) {
    ExampleFacet clientFacet() {
      return client.facet(ExampleFacet.class).orElseThrow();
    }

    ExampleFacet serverFacet() {
      return server.facet(ExampleFacet.class).orElseThrow();
    }

    Subject toServer() {
      return Subject.of(client, server);
    }

    Subject toClient() {
      return Subject.of(server, client);
    }

    void release() {
      client.abort(new IOException("the case is over"));
      server.abort(new IOException("the case is over"));
    }
  }

  static Both meet(String options) throws IOException {
    try (Listener listener =
        PENSTOCK.channels().listen(listening(options), ChannelOptions.defaults())) {
      Channel client =
          PENSTOCK
              .channels()
              .open(connecting(listener.endpoint()), ChannelOptions.defaults(), SOON);
      return new Both(client, listener.accept(SOON));
    }
  }
}
