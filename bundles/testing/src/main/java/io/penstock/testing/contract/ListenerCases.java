// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.AddressException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamFault;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Logger;

/** Listening and connecting, addresses that are refused, and what options give a channel. */
abstract class ListenerCases extends ChannelCases {
  /** What no address may hold: a NUL, and half a character, which has no bytes. */
  private static final List<String> IMPOSSIBLE = List.of("\0x", "\uD800");

  /**
   * A fresh endpoint to listen at; see {@link ChannelSuite}.
   *
   * @return the endpoint
   */
  protected abstract Endpoint listening();

  /**
   * The endpoint that connects to a listener; see {@link ChannelSuite}.
   *
   * @param bound where the listener is bound
   * @return the endpoint
   */
  protected abstract Endpoint connecting(Endpoint bound);

  @Case(needs = Trait.LISTENS)
  void listenerAcceptsWhoConnects() throws Exception {
    try (Listener listener = listen()) {
      assertTrue(listener.isOpen());
      Task<Channel> accepted = async(() -> listener.accept(Wait.upTo(LONG))).waiting();
      Channel client = connect(listener);
      Channel server = accepted.get();
      try {
        client.sink().writeFully("hi", Wait.upTo(LONG));
        ByteBuffer got = room(2);
        server.source().readFully(got, Wait.upTo(LONG));
        assertEquals("hi", text(got.flip()));
        assertTrue(server.connected().toCompletableFuture().isDone());
      } finally {
        release(client, server);
      }
    }
  }

  final Listener listen() throws IOException {
    return listen(ChannelOptions.defaults());
  }

  final Listener listen(ChannelOptions options) throws IOException {
    return services().channels().listen(listening(), options);
  }

  final Channel connect(Listener listener) throws IOException {
    return services()
        .channels()
        .open(connecting(listener.endpoint()), ChannelOptions.defaults(), Wait.upTo(LONG));
  }

  static void release(Channel... channels) {
    for (Channel channel : channels) {
      channel.abort(new IOException("the case is over"));
    }
  }

  @Case(needs = Trait.LISTENS)
  void acceptReportsNothingNowTimeoutCloseAndInterrupt() throws Exception {
    Listener listener = listen();
    assertThrows(WouldBlockException.class, () -> listener.accept(NONE));
    assertThrows(StreamTimeoutException.class, () -> listener.accept(AT_ONCE));
    assertThrows(StreamTimeoutException.class, () -> listener.accept(Wait.upTo(SHORT)));
    Task<Channel> interrupted = async(() -> listener.accept(FOREVER)).waiting();
    interrupted.thread().interrupt();
    assertInstanceOf(InterruptedIOException.class, interrupted.failure());
    Task<Channel> waiting = async(() -> listener.accept(FOREVER)).waiting();
    listener.close();
    assertInstanceOf(StreamClosedWhileWaitingException.class, waiting.failure());
    assertThrows(StreamClosedException.class, () -> listener.accept(NONE));
    listener.close();
    assertFalse(listener.isOpen());
    join(listener.closed());
  }

  @Case(needs = Trait.LISTENS)
  void acceptableIsSetWhileSomebodyIsThere() throws Exception {
    Listener listener = listen();
    assertSame(listener.acceptable(), listener.acceptable());
    assertFalse(listener.acceptable().isSet());
    Task<Void> waiter = asyncRun(() -> listener.acceptable().await(FOREVER)).waiting();
    Channel client = connect(listener);
    waiter.get();
    assertTrue(listener.acceptable().isSet());
    Channel server = listener.accept(NONE);
    assertThrows(WouldBlockException.class, () -> listener.accept(NONE));
    assertFalse(listener.acceptable().isSet());
    release(client, server);
    listener.close();
    assertTrue(listener.acceptable().isSet());
  }

  @Case(needs = Trait.LISTENS)
  void pausedListenerLeavesPeersInTheBacklog() throws Exception {
    try (Listener listener = listen()) {
      listener.pause();
      listener.pause();
      Channel client = connect(listener);
      assertThrows(WouldBlockException.class, () -> listener.accept(NONE));
      assertThrows(StreamTimeoutException.class, () -> listener.accept(Wait.upTo(SHORT)));
      Task<Channel> accepting = async(() -> listener.accept(FOREVER)).waiting();
      listener.resume();
      listener.resume();
      release(client, accepting.get());
    }
  }

  @Case(needs = Trait.LISTENS)
  void peersBeyondTheLimitOfConnectionsWaitInTheBacklog() throws Exception {
    try (Listener listener = listen(ChannelOptions.defaults().withMaxConnections(2))) {
      List<Channel> clients = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        clients.add(connect(listener));
      }
      Channel first = listener.accept(Wait.upTo(LONG));
      Channel second = listener.accept(Wait.upTo(LONG));
      assertFalse(listener.acceptable().isSet(), "two are there, and no more may be");
      assertThrows(WouldBlockException.class, () -> listener.accept(NONE));
      assertThrows(StreamTimeoutException.class, () -> listener.accept(Wait.upTo(SHORT)));
      // The connected peers are served. All of them write, because handshakes in the background
      // need not complete in the order of the connections.
      List<Task<Void>> writing = new ArrayList<>();
      for (Channel client : clients) {
        writing.add(asyncRun(() -> client.sink().writeFully("x", FOREVER)));
      }
      first.source().readFully(room(1), Wait.upTo(LONG));
      second.source().readFully(room(1), Wait.upTo(LONG));
      // Whether a channel was closed or aborted, it makes room.
      Task<Channel> accepting = async(() -> listener.accept(FOREVER)).waiting();
      first.close();
      Channel third = accepting.get();
      third.source().readFully(room(1), Wait.upTo(LONG));
      assertThrows(WouldBlockException.class, () -> listener.accept(NONE));
      Task<Void> watching = asyncRun(() -> listener.acceptable().await(FOREVER)).waiting();
      release(second);
      watching.get();
      Channel fourth = listener.accept(Wait.upTo(LONG));
      fourth.source().readFully(room(1), Wait.upTo(LONG));
      for (Task<Void> each : writing) {
        each.get();
      }
      release(third, fourth);
      release(clients.toArray(new Channel[0]));
    }
  }

  @Case(needs = Trait.LISTENS)
  void closedListenerLeavesAcceptedChannelsAndGivesTheAddressBack() throws Exception {
    Endpoint bound;
    Channel client;
    Channel server;
    try (Listener listener = listen()) {
      bound = listener.endpoint();
      client = connect(listener);
      server = listener.accept(Wait.upTo(LONG));
    }
    client.sink().writeFully("x", Wait.upTo(LONG));
    server.source().readFully(room(1), Wait.upTo(LONG));
    release(client, server);
    try (Listener again = services().channels().listen(bound, ChannelOptions.defaults())) {
      assertEquals(bound, again.endpoint());
    }
  }

  @Case(needs = Trait.LISTENS)
  void addressInUseIsToldWithItsKind() throws Exception {
    try (Listener listener = listen()) {
      AddressException taken =
          assertThrows(
              AddressException.class,
              () -> services().channels().listen(listener.endpoint(), ChannelOptions.defaults()));
      assertEquals(AddressException.Kind.IN_USE, taken.kind());
    }
  }

  @Case
  void connectingToAnAddressThatNoSystemCanHoldIsInvalid() throws Exception {
    Endpoint endpoint = near().endpoint();
    if (endpoint.listening()) {
      endpoint = far().endpoint();
    }
    if (endpoint.listening() || !services().channels().schemes().contains(endpoint.scheme())) {
      return;
    }
    for (String part : IMPOSSIBLE) {
      Endpoint broken = endpoint.withAddress(endpoint.address() + part);
      Channel channel = services().channels().connect(broken, ChannelOptions.defaults());
      assertInvalid(failure(channel.connected()));
    }
  }

  @Case(needs = Trait.LISTENS)
  void listeningAtAnAddressThatNoSystemCanHoldIsInvalid() {
    Endpoint endpoint = listening();
    for (String part : IMPOSSIBLE) {
      Endpoint broken = endpoint.withAddress(endpoint.address() + part);
      assertInvalid(
          assertThrows(
              IOException.class,
              () -> services().channels().listen(broken, ChannelOptions.defaults()).close()));
    }
  }

  private static void assertInvalid(Throwable thrown) {
    AddressException refused = assertInstanceOf(AddressException.class, thrown);
    assertEquals(AddressException.Kind.INVALID, refused.kind());
  }

  /** Of another form: without an address, or with one where the kind has none. */
  private static Endpoint malformed(Endpoint endpoint) {
    return endpoint.withAddress(endpoint.address().isEmpty() ? "x" : "");
  }

  @Case
  void malformedAddressIsToldWhenARelayIsMade() throws Exception {
    Endpoint other = Endpoint.parse("mem:nobody");
    if (kind().has(Trait.LISTENS)) {
      Endpoint broken = malformed(listening());
      assertInvalid(assertThrows(IOException.class, () -> relay(broken, other)));
    }
    Endpoint endpoint = near().endpoint();
    if (endpoint.listening()) {
      endpoint = far().endpoint();
    }
    if (endpoint.listening() || !services().channels().schemes().contains(endpoint.scheme())) {
      return;
    }
    Endpoint broken = malformed(endpoint);
    Channel channel = services().channels().connect(broken, ChannelOptions.defaults());
    assertInvalid(failure(channel.connected()));
    // Before anything is opened, not with the first connection.
    assertInvalid(assertThrows(IOException.class, () -> relay(other, broken)));
  }

  private void relay(Endpoint from, Endpoint to) throws IOException {
    services().relays().create(from, to, RelayOptions.defaults()).close();
  }

  @Case(needs = {Trait.LISTENS, Trait.CONNECT_REFUSED})
  void failedConnectFailsTheChannelAndItsEnds() throws Exception {
    Endpoint nobody;
    try (Listener listener = listen()) {
      nobody = connecting(listener.endpoint());
    }
    assertThrows(
        AddressException.class,
        () -> services().channels().open(nobody, ChannelOptions.defaults(), Wait.upTo(LONG)));
    Channel channel = services().channels().connect(nobody, ChannelOptions.defaults());
    assertInstanceOf(AddressException.class, failure(channel.connected()));
    assertThrows(IOException.class, () -> channel.read(room(1)));
    assertThrows(IOException.class, () -> channel.write(bytes("x")));
    channel.close();
  }

  @Case(needs = Trait.LISTENS)
  void writesQueueWhileItIsConnecting() throws Exception {
    try (Listener listener = listen()) {
      Channel client =
          services().channels().connect(connecting(listener.endpoint()), ChannelOptions.defaults());
      CompletionStage<Void> written = client.sink().writeAsync(bytes("early"));
      client.sink().end();
      Channel server = listener.accept(Wait.upTo(LONG));
      assertEquals("early", text(server.source().readAll(99, Wait.upTo(LONG))));
      join(written);
      assertSame(client, join(client.connected()));
      release(client, server);
    }
  }

  @Case(needs = {Trait.LISTENS, Trait.BOUNDED})
  void closeDropsTheRestAfterItsLimitAndWarns() throws Exception {
    Queue<String> warnings = new ConcurrentLinkedQueue<>();
    Handler handler = new LifeCases.Collector(warnings);
    Logger root = Logger.getLogger("");
    root.addHandler(handler);
    try (Listener listener = listen()) {
      ChannelOptions options =
          ChannelOptions.defaults().withName("slow-peer").withCloseTimeout(SHORT);
      Channel client =
          services().channels().open(connecting(listener.endpoint()), options, Wait.upTo(LONG));
      Channel server = listener.accept(Wait.upTo(LONG));
      // Begun, because some of it goes; and the peer never reads the rest.
      CompletionStage<Void> endless = client.sink().writeAsync(bytes(64 << 20));
      assertSoon(() -> client.sink().queued() < 64 << 20);
      long start = System.nanoTime();
      client.close();
      assertAtLeast(SHORT, since(start));
      join(client.closed());
      assertSoon(() -> endless.toCompletableFuture().isCompletedExceptionally());
      assertTrue(
          warnings.stream().anyMatch(text -> text.contains("slow-peer")),
          () -> "warnings: " + warnings);
      if (kind().has(Trait.ABORT_SEEN)) {
        // The peer must not take what has come for the whole.
        assertThrows(IOException.class, () -> server.source().readAll(64 << 20, Wait.upTo(LONG)));
      }
      release(server);
    } finally {
      root.removeHandler(handler);
    }
  }

  @Case(needs = Trait.LISTENS)
  void unknownOptionIsRefusedNamingIt() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                services()
                    .channels()
                    .listen(listening(), ChannelOptions.defaults().with("noSuchOption", "1")));
    assertMentions("noSuchOption", refused);
  }

  @Case(needs = Trait.LISTENS)
  void optionsGiveTheChannelItsNameAndItsLimits() throws Exception {
    try (Listener listener = listen()) {
      ChannelOptions options =
          ChannelOptions.defaults()
              .withName("my-name")
              .with("readTimeout", "30ms")
              .with("writeBlocking", "false");
      Channel client =
          services().channels().open(connecting(listener.endpoint()), options, Wait.upTo(LONG));
      try {
        assertEquals("my-name", client.name());
        assertEquals(Wait.upTo(Duration.ofMillis(30)), client.source().readWait());
        assertEquals(NONE, client.sink().writeWait());
        StreamTimeoutException late =
            assertThrows(StreamTimeoutException.class, () -> client.read(room(1)));
        assertTrue(((StreamFault) late).stream().contains("my-name"), late::getMessage);
      } finally {
        release(client);
      }
    }
  }

  private static void assertMentions(String expected, Exception thrown) {
    assertTrue(
        String.valueOf(thrown.getMessage()).contains(expected),
        () -> thrown + " does not mention " + expected);
  }

  @Case
  void schemeThatIsNotInstalledIsNamedWithThoseThatAre() {
    NotSupportedException missing =
        assertThrows(
            NotSupportedException.class,
            () ->
                services()
                    .channels()
                    .connect(Endpoint.parse("no-such-scheme:x"), ChannelOptions.defaults()));
    assertMentions("no-such-scheme", missing);
    for (String scheme : services().channels().schemes()) {
      assertMentions(scheme, missing);
    }
  }
}
