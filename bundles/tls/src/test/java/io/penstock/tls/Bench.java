// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Subject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A Penstock with TLS, and certificates for it that last as long as the tests. */
final class Bench {
  static final Penstock PENSTOCK = Penstock.open();
  static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  static final Path FOLDER;
  static final Pki.Entity AUTHORITY = Pki.authority("CN=Test Authority");
  static final Pki.Entity SERVER = Pki.issue(AUTHORITY, "CN=server", "localhost", "127.0.0.1");
  static final Pki.Entity CLIENT = Pki.issue(AUTHORITY, "CN=client");
  static final Path TRUST;
  static final Path SERVER_KEY;
  static final Path CLIENT_KEY;
  static final TlsProvider PROVIDER = new TlsProvider(PENSTOCK.provider("tcp").orElseThrow());

  static {
    try {
      FOLDER = Files.createTempDirectory("penstock-tls");
      TRUST = AUTHORITY.writeCertificate(FOLDER.resolve("trust.pem"));
      SERVER_KEY = SERVER.write(FOLDER.resolve("server.pem"));
      CLIENT_KEY = CLIENT.write(FOLDER.resolve("client.pem"));
      Runtime.getRuntime().addShutdownHook(new Thread(Bench::remove));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    PENSTOCK.provide(PROVIDER);
  }

  static final ChannelFactory CHANNELS = PENSTOCK.channels();
  static final Services SERVICES =
      new Services(PENSTOCK.pipes(), CHANNELS, PENSTOCK.relays(), PENSTOCK::poller);

  private Bench() {}

  private static void remove() {
    try (var files = Files.newDirectoryStream(FOLDER)) {
      for (Path file : files) {
        Files.delete(file);
      }
      Files.delete(FOLDER);
    } catch (IOException e) {
      System.getLogger("io.penstock").log(System.Logger.Level.WARNING, "files are left", e);
    }
  }

  static Endpoint listening(String... options) {
    return endpoint("tls-listen://127.0.0.1:0?key=" + SERVER_KEY, options);
  }

  /** The endpoint that connects to a listener. */
  static Endpoint connecting(Endpoint bound, String... options) {
    String port = bound.address().substring(bound.address().lastIndexOf(':'));
    return endpoint("tls://127.0.0.1" + port + "?trust=" + TRUST, options);
  }

  static Endpoint endpoint(String start, String... options) {
    StringBuilder text = new StringBuilder(start);
    for (String option : options) {
      text.append('&').append(option);
    }
    return Endpoint.parse(text.toString());
  }

  static Listener listen(String... options) throws IOException {
    return CHANNELS.listen(listening(options), ChannelOptions.defaults());
  }

  static Channel connect(Listener listener, String... options) throws IOException {
    return CHANNELS.open(connecting(listener.endpoint(), options), ChannelOptions.defaults(), SOON);
  }

  /** Both sides of a connection. */
  record Both(Channel client, Channel server) implements AutoCloseable {
    Subject toServer() {
      return Subject.of(client, server);
    }

    Subject toClient() {
      return Subject.of(server, client);
    }

    @Override
    public void close() {
      client.abort(new IOException("the test is over"));
      server.abort(new IOException("the test is over"));
    }
  }

  static Both meet(String... both) throws IOException {
    return meet(ChannelOptions.defaults(), both);
  }

  static Both meet(ChannelOptions options, String... both) throws IOException {
    try (Listener listener = CHANNELS.listen(listening(both), options)) {
      Channel client = CHANNELS.open(connecting(listener.endpoint(), both), options, SOON);
      return new Both(client, listener.accept(SOON));
    }
  }

  /** TLS above two channels that are each other's peer. */
  static Both over(Channel below, Channel peer, String... both) throws IOException {
    Channel server = CHANNELS.over(peer, listening(both), ChannelOptions.defaults());
    Channel client =
        CHANNELS.over(
            below, endpoint("tls://localhost:1?trust=" + TRUST, both), ChannelOptions.defaults());
    client.connected().toCompletableFuture().join();
    server.connected().toCompletableFuture().join();
    return new Both(client, server);
  }

  /** Waits for what happens in the background, without an event to wait for. */
  static void eventually(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() - end < 0, "not within 30 s: " + what);
      LockSupport.parkNanos(1_000_000);
    }
  }
}
