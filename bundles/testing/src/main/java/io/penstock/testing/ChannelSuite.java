// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.CallerFacet;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ExitException;
import io.penstock.error.FrameTooLongException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamFault;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Framing;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.ByteFile;
import io.penstock.stream.FileMode;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Logger;

/**
 * The contract of a channel as a whole: half-close, close and abort, connecting, listening, its
 * capabilities, and that pollers and relays take it like any other. The {@link ContractSuite} is
 * for its two ends.
 */
public abstract class ChannelSuite extends Suite {
  /** What no address may hold: a NUL, and half a character, which has no bytes. */
  private static final List<String> IMPOSSIBLE = List.of("\0x", "\uD800");

  /** For subclasses. */
  protected ChannelSuite() {}

  /**
   * The kind that the suite runs against; its subjects are made of channels.
   *
   * @return always the same
   */
  @Override
  protected abstract Kind kind();

  /**
   * Penstock's services, with the kind's provider installed.
   *
   * @return always the same
   */
  protected abstract Services services();

  /**
   * A fresh endpoint to listen at; asked for unless the kind lacks {@link Trait#LISTENS}.
   *
   * @return the endpoint
   */
  protected Endpoint listening() {
    throw new UnsupportedOperationException(kind() + " must say where it listens");
  }

  /**
   * The endpoint that connects to a listener of {@link #listening()}.
   *
   * @param bound where the listener really listens
   * @return the endpoint
   */
  protected Endpoint connecting(Endpoint bound) {
    throw new UnsupportedOperationException(kind() + " must say how to connect to " + bound);
  }

  private Channel near() {
    return subject().near();
  }

  private Channel far() {
    return subject().far();
  }

  private static <T> T join(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(LONG.toSeconds(), TimeUnit.SECONDS);
  }

  private static Throwable failure(CompletionStage<?> stage) {
    Throwable cause = assertThrows(ExecutionException.class, () -> join(stage)).getCause();
    assertNotNull(cause);
    return cause;
  }

  // ---- the two ends

  @Case
  void readAndWriteAreThoseOfItsEnds() throws IOException {
    assertSame(near().sink(), near().sink());
    assertSame(far().source(), far().source());
    ByteBuffer out = bytes("abc");
    while (out.hasRemaining()) {
      near().write(out);
    }
    ByteBuffer in = room(3);
    while (in.hasRemaining()) {
      assertTrue(far().read(in) > 0);
    }
    assertEquals("abc", text(in.flip()));
  }

  @Case
  void fileOfAChannelGoesBothWays() throws IOException {
    FileMode<String> mode =
        FileMode.text(StandardCharsets.UTF_8).withClosing(FileMode.Closing.CLOSE_ALL);
    near().source().readWait(Wait.upTo(LONG));
    far().source().readWait(Wait.upTo(LONG));
    ByteFile<String> near = near().file(mode);
    ByteFile<String> far = far().file(mode);
    assertTrue(near.readable() && near.writable());
    assertEquals(near().name(), near.name());
    near.write("question\n");
    assertEquals("question\n", far.readLine());
    if (kind().has(Trait.DUPLEX) && kind().has(Trait.TWO_PARTIES)) {
      far.write("answer\n");
      assertEquals("answer\n", near.readLine());
      assertEquals(16, near.tell());
    }
    near.close();
    assertFalse(near().isOpen());
  }

  @Case
  void statesItsCapabilitiesAndHasTheEndsItStates() {
    assertTrue(near().capabilities().contains(Capability.OUTPUT));
    assertTrue(far().capabilities().contains(Capability.INPUT));
    assertEquals(
        kind().has(Trait.HALF_CLOSE), near().capabilities().contains(Capability.HALF_CLOSE));
    assertEquals(kind().has(Trait.VERDICT), near().capabilities().contains(Capability.VERDICT));
    assertEquals(kind().has(Trait.ABORT_SEEN), near().capabilities().contains(Capability.ABORT));
    assertFalse(near().capabilities().contains(Capability.of("no-such-capability")));
    boolean duplex = kind().has(Trait.DUPLEX);
    assertEquals(duplex, near().capabilities().contains(Capability.INPUT));
    assertEquals(duplex, far().capabilities().contains(Capability.OUTPUT));
    if (!duplex) {
      NotSupportedException noInput =
          assertThrows(NotSupportedException.class, () -> near().read(room(1)));
      assertFalse(noInput.cure().isEmpty());
      assertThrows(NotSupportedException.class, () -> near().source().take(1, NONE));
      assertThrows(NotSupportedException.class, () -> far().write(bytes("x")));
      assertThrows(NotSupportedException.class, () -> far().sink().writeFully("x", NONE));
    }
  }

  @Case
  void isConnectedAndHasANameAndAnEndpoint() throws Exception {
    assertSame(near(), join(near().connected()));
    assertSame(far(), join(far().connected()));
    assertFalse(near().name().isEmpty());
    assertFalse(near().endpoint().scheme().isEmpty());
    assertEquals(near().endpoint(), Endpoint.parse(near().endpoint().toString()));
    assertNotNull(near().toString());
    assertNotNull(near().local());
    assertNotNull(near().peer());
  }

  @Case
  void nameHasNeitherOptionsNorCommand() {
    Endpoint endpoint = near().endpoint();
    String name = near().name();
    assertFalse(name.contains("?"), name);
    for (String value : endpoint.options().values()) {
      assertFalse(value.length() > 3 && name.contains(value), name);
    }
    int words = endpoint.address().trim().indexOf(' ');
    assertFalse(words >= 0 && name.contains(endpoint.address().trim().substring(words)), name);
    String shown = near().endpoint().name();
    assertEquals(shown, new RelayException(endpoint, "failed", 0, new IOException()).stream());
  }

  @Case
  void unknownFacetIsEmpty() {
    assertTrue(near().facet(NoSuchFacet.class).isEmpty());
  }

  private interface NoSuchFacet {}

  // ---- end, close, abort

  @Case(needs = {Trait.HALF_CLOSE, Trait.TWO_PARTIES, Trait.DUPLEX})
  void endOfOneDirectionLeavesTheOtherOpen() throws IOException {
    near().sink().writeFully("question", Wait.upTo(LONG));
    near().sink().end();
    assertEquals("question", text(far().source().readAll(99, Wait.upTo(LONG))));
    far().sink().writeFully("answer", Wait.upTo(LONG));
    far().sink().end();
    assertEquals("answer", text(near().source().readAll(99, Wait.upTo(LONG))));
    assertTrue(near().isOpen());
    assertTrue(far().isOpen());
  }

  @Case(needs = {Trait.HALF_CLOSE, Trait.TWO_PARTIES, Trait.DUPLEX})
  void halfCloseWorksFromEitherSide() throws IOException {
    far().sink().end();
    assertEquals(-1, near().source().read(room(1), Wait.upTo(LONG)));
    near().sink().writeFully("still here", Wait.upTo(LONG));
    near().sink().end();
    assertEquals("still here", text(far().source().readAll(99, Wait.upTo(LONG))));
  }

  @Case(needs = {Trait.HALF_CLOSE, Trait.DUPLEX})
  void writeAfterItsOwnHalfCloseIsABrokenPipe() throws IOException {
    near().sink().end();
    assertThrows(BrokenPipeException.class, () -> near().write(bytes("x")));
    assertTrue(near().isOpen());
  }

  @Case
  void closingTheSourceLeavesTheSinkOpen() throws IOException {
    far().source().close();
    assertTrue(far().isOpen());
    assertThrows(StreamClosedException.class, () -> far().read(room(1)));
    near().source().close();
    assertTrue(near().sink().isOpen());
  }

  @Case
  void closeEndsCleanlyAndDeliversWhatWasAccepted() throws Exception {
    near().sink().writeFully("last words", Wait.upTo(LONG));
    if (kind().has(Trait.TWO_PARTIES)) {
      near().close();
      assertEquals("last words", text(far().source().readAll(99, Wait.upTo(LONG))));
    } else {
      assertEquals("last words", receive(10));
      near().close();
    }
    assertFalse(near().isOpen());
    join(near().closed());
  }

  @Case(needs = Trait.DUPLEX)
  void closeTwiceIsQuietAndCompletes() throws Exception {
    near().close();
    near().close();
    join(near().closeAsync());
    join(near().closed());
    assertThrows(StreamClosedException.class, () -> near().read(room(1)));
    assertThrows(StreamClosedException.class, () -> near().write(bytes("x")));
  }

  @Case
  void closeAsyncClosesWithoutWaiting() throws Exception {
    CompletionStage<Void> closed = near().closeAsync();
    join(closed);
    assertFalse(near().isOpen());
    assertFalse(near().source().isOpen());
    assertFalse(near().sink().isOpen());
  }

  @Case(needs = Trait.DUPLEX)
  void closeWakesEverybodyWhoWaits() throws Exception {
    Task<Integer> reader = async(() -> near().read(room(1))).waiting();
    near().close();
    assertInstanceOf(StreamClosedWhileWaitingException.class, reader.failure());
  }

  @Case(needs = {Trait.BOUNDED, Trait.TWO_PARTIES})
  void closeHandsOverWhatWasAcceptedWithinItsLimit() throws Exception {
    long filled = fill();
    CompletionStage<Void> closed = near().closeAsync();
    receivePattern(0, filled);
    assertEnd();
    join(closed);
  }

  @Case(needs = Trait.DUPLEX)
  void abortThrowsTheCauseAtEachLaterCall() throws Exception {
    IOException cause = new IOException("cut on purpose");
    near().abort(cause);
    near().abort(new IOException("too late"));
    for (int i = 0; i < 2; i++) {
      assertCause(cause, assertThrows(IOException.class, () -> near().read(room(1))));
      assertCause(cause, assertThrows(IOException.class, () -> near().write(bytes("x"))));
    }
    assertCause(cause, failure(near().closed()));
  }

  @Case(needs = Trait.DUPLEX)
  void abortWakesEverybodyWithTheCause() throws Exception {
    IOException cause = new IOException("cut on purpose");
    Task<Integer> reader = async(() -> near().read(room(1))).waiting();
    near().abort(cause);
    assertCause(cause, reader.failure());
  }

  @Case(needs = {Trait.ABORT_SEEN, Trait.TWO_PARTIES, Trait.DUPLEX})
  void peersAbortIsAFailureAndNeverAnEnd() {
    far().abort(new IOException("cut on purpose"));
    assertThrows(IOException.class, () -> near().source().read(room(1), Wait.upTo(LONG)));
    assertThrows(IOException.class, () -> near().source().readAll(9, Wait.upTo(LONG)));
  }

  @Case
  void isRestartedByNothingAfterItsEnd() throws IOException {
    near().sink().end();
    assertEnd();
    assertEnd();
    assertThrows(BrokenPipeException.class, () -> near().sink().writeFully("x", NONE));
  }

  @Case
  void goneStaysOpenWhileThePeerIsThere() {
    assertFalse(near().gone().toCompletableFuture().isDone());
  }

  @Case(needs = Trait.VERDICT)
  void goneCompletesOnceThePeerHasEnded() throws Exception {
    near().sink().end();
    assertEquals("", receiveAll());
    if (kind().has(Trait.TWO_PARTIES)) {
      closeWithSuccess(far());
    }
    join(near().gone());
  }

  /** A peer that has been asked for a program has to say that it has succeeded. */
  private static void closeWithSuccess(Channel channel) throws IOException {
    Optional<CallerFacet> caller = channel.facet(CallerFacet.class);
    if (caller.isPresent()) {
      caller.get().exited(new ExitException(channel.name(), 0, "exited with status 0"));
    }
    channel.close();
  }

  // ---- listening and connecting

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

  private Listener listen() throws IOException {
    return listen(ChannelOptions.defaults());
  }

  private Listener listen(ChannelOptions options) throws IOException {
    return services().channels().listen(listening(), options);
  }

  private Channel connect(Listener listener) throws IOException {
    return services()
        .channels()
        .open(connecting(listener.endpoint()), ChannelOptions.defaults(), Wait.upTo(LONG));
  }

  private static void release(Channel... channels) {
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
  void pollerKeepsTheLimitOfConnections() throws Exception {
    try (Poller poller = services().pollers().get();
        Listener listener = listen(ChannelOptions.defaults().withMaxConnections(1))) {
      poller.register(listener, Framing.bytes());
      Channel one = connect(listener);
      Channel two = connect(listener);
      PollEvent.Accepted first = assertInstanceOf(PollEvent.Accepted.class, poll(poller).get(0));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty(), "one is there, and no more may be");
      // Both write, because either may have been the first.
      Task<Void> writing = asyncRun(() -> one.sink().writeFully("x", FOREVER));
      Task<Void> another = asyncRun(() -> two.sink().writeFully("x", FOREVER));
      assertEquals(List.of("x"), pollData(poller, 1));
      Task<List<PollEvent>> polling = async(() -> poller.poll(FOREVER)).waiting();
      release(first.channel());
      List<PollEvent> events = new ArrayList<>(polling.get());
      // The one that made room has failed, of which the poller tells, too.
      while (events.stream().noneMatch(event -> event instanceof PollEvent.Accepted)) {
        events.addAll(poll(poller));
      }
      writing.get();
      another.get();
      release(one, two);
      for (PollEvent event : events) {
        if (event instanceof PollEvent.Accepted second) {
          release(second.channel());
        }
      }
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

  // ---- the poller

  private List<PollEvent> poll(Poller poller) throws IOException {
    List<PollEvent> events = poller.poll(Wait.upTo(LONG));
    assertFalse(events.isEmpty(), "nothing happened");
    return events;
  }

  /** Polls until so many data events have come, and only such. */
  private List<String> pollData(Poller poller, int count) throws IOException {
    List<String> frames = new ArrayList<>();
    while (frames.size() < count) {
      for (PollEvent event : poll(poller)) {
        frames.add(text(assertInstanceOf(PollEvent.Data.class, event).bytes()));
      }
    }
    return frames;
  }

  @Case
  void pollerReportsDataAndThenTheEndOnce() throws Exception {
    try (Poller poller = services().pollers().get()) {
      Registration registration = poller.register(far().source(), Framing.bytes());
      assertTrue(poller.poll(NONE).isEmpty());
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
      near().sink().writeFully("abc", Wait.upTo(LONG));
      StringBuilder got = new StringBuilder();
      while (got.length() < 3) {
        for (PollEvent event : poll(poller)) {
          PollEvent.Data data = assertInstanceOf(PollEvent.Data.class, event);
          assertSame(registration, data.registration());
          assertSame(far().source(), data.source());
          got.append(text(data.bytes()));
        }
      }
      assertEquals("abc", got.toString());
      near().sink().end();
      List<PollEvent> end = poll(poller);
      assertEquals(1, end.size());
      assertInstanceOf(PollEvent.Ended.class, end.get(0));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty(), "the end comes once");
    }
  }

  @Case
  void pollerWaitsUntilSomethingHappens() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.bytes());
      Task<List<PollEvent>> polling = async(() -> poller.poll(FOREVER)).waiting();
      near().sink().writeFully("a", Wait.upTo(LONG));
      PollEvent.Data data = assertInstanceOf(PollEvent.Data.class, polling.get().get(0));
      assertEquals("a", text(data.bytes()));
    }
  }

  @Case
  void pollerCutsLinesAndDeliversTheLastPartialOne() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.lines(100));
      near().sink().writeFully("one\ntw", Wait.upTo(LONG));
      assertEquals(List.of("one\n"), pollData(poller, 1));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty(), "no line is no event");
      near().sink().writeFully("o\nthree\nrest", Wait.upTo(LONG));
      assertEquals(List.of("two\n", "three\n"), pollData(poller, 2));
      near().sink().end();
      List<PollEvent> last = new ArrayList<>();
      while (last.size() < 2) {
        last.addAll(poll(poller));
      }
      assertEquals("rest", text(assertInstanceOf(PollEvent.Data.class, last.get(0)).bytes()));
      assertInstanceOf(PollEvent.Ended.class, last.get(1));
    }
  }

  @Case
  void pollerRefusesAFrameThatIsTooLongOnce() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.lines(4));
      near().sink().writeFully("abcdefgh\n", Wait.upTo(LONG));
      List<PollEvent> events = poll(poller);
      PollEvent.Failed failed = assertInstanceOf(PollEvent.Failed.class, events.get(0));
      assertInstanceOf(FrameTooLongException.class, failed.cause());
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
    }
  }

  @Case(needs = Trait.ABORT_SEEN)
  void pollerReportsAFailureOnce() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.bytes());
      near().abort(new IOException("cut on purpose"));
      List<PollEvent> events = poll(poller);
      assertEquals(1, events.size());
      assertInstanceOf(PollEvent.Failed.class, events.get(0));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
    }
  }

  @Case
  void unregisteringGivesUndeliveredBytesBack() throws Exception {
    try (Poller poller = services().pollers().get()) {
      Registration registration = poller.register(far().source(), Framing.lines(100));
      near().sink().writeFully("no line yet", Wait.upTo(LONG));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
      registration.close();
      registration.close();
      assertTrue(far().isOpen());
      assertEquals("no line yet", receive(11));
      near().sink().writeFully("x", Wait.upTo(LONG));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
      poller.register(far().source(), Framing.bytes());
      assertEquals(List.of("x"), pollData(poller, 1));
    }
  }

  @Case
  void pausedRegistrationIsSilentAndKeepsTheBytes() throws Exception {
    try (Poller poller = services().pollers().get()) {
      Registration registration = poller.register(far().source(), Framing.lines(100));
      registration.pause().pause();
      near().sink().writeFully("abc\n", Wait.upTo(LONG));
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
      registration.resume().resume();
      assertEquals(List.of("abc\n"), pollData(poller, 1));
    }
  }

  @Case
  void registrationKnowsItsChannel() throws Exception {
    try (Poller poller = services().pollers().get()) {
      // A channel may be wrapped; its ends are not.
      Channel bySource = poller.register(near().source()).channel().orElseThrow();
      assertSame(near().sink(), bySource.sink());
      Channel bySink = poller.register(near().sink()).channel().orElseThrow();
      assertSame(near().source(), bySink.source());
    }
  }

  @Case
  void pollerTellsOfAWritableSinkOncePerWish() throws Exception {
    try (Poller poller = services().pollers().get()) {
      SinkRegistration registration = poller.register(near().sink());
      assertTrue(poller.poll(NONE).isEmpty(), "nobody has asked");
      registration.wantWritable();
      PollEvent.Writable writable = assertInstanceOf(PollEvent.Writable.class, poll(poller).get(0));
      assertSame(near().sink(), writable.sink());
      assertTrue(poller.poll(NONE).isEmpty());
    }
  }

  @Case(needs = Trait.BOUNDED)
  void pollerTellsWhenAFullSinkHasRoomAgain() throws Exception {
    try (Poller poller = services().pollers().get()) {
      SinkRegistration registration = poller.register(near().sink());
      long filled = fill();
      registration.wantWritable();
      assertTrue(poller.poll(Wait.upTo(SHORT)).isEmpty());
      receivePattern(0, filled);
      assertInstanceOf(PollEvent.Writable.class, poll(poller).get(0));
    }
  }

  @Case
  void handlerIsLentEachFrame() throws Exception {
    try (Poller poller = services().pollers().get()) {
      Registration registration = poller.register(far().source(), Framing.lines(100));
      registration.attach("mine");
      List<String> told = new ArrayList<>();
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void data(Registration from, ByteBuffer frame) {
              assertTrue(frame.isReadOnly());
              told.add(from.attachment() + ":" + text(frame));
            }

            @Override
            public void ended(Registration from) {
              told.add(from.attachment() + " ended");
            }
          };
      assertEquals(0, poller.poll(NONE, handler));
      near().sink().writeFully("one\ntwo\n", Wait.upTo(LONG));
      near().sink().end();
      int handled = 0;
      while (handled < 3) {
        int now = poller.poll(Wait.upTo(LONG), handler);
        assertTrue(now > 0);
        handled += now;
      }
      assertEquals(List.of("mine:one\n", "mine:two\n", "mine ended"), told);
    }
  }

  @Case
  void whatAHandlerThrowsReachesTheCallerAndThePollerGoesOn() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.lines(100));
      near().sink().writeFully("one\n", Wait.upTo(LONG));
      IOException thrown = new IOException("thrown on purpose");
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void data(Registration from, ByteBuffer frame) throws IOException {
              throw thrown;
            }
          };
      assertSame(
          thrown, assertThrows(IOException.class, () -> poller.poll(Wait.upTo(LONG), handler)));
      near().sink().writeFully("two\n", Wait.upTo(LONG));
      assertEquals(List.of("two\n"), pollData(poller, 1), "the first counts as delivered");
    }
  }

  @Case
  void pollerServesOnAThreadOfItsOwnUntilItIsClosed() throws Exception {
    Poller poller = services().pollers().get();
    BlockingQueue<String> told = new LinkedBlockingQueue<>();
    CompletionStage<Void> done =
        poller.start(
            new ChannelHandler() {
              @Override
              public void data(Registration from, ByteBuffer frame) throws IOException {
                String line = text(frame);
                told.add(line);
                if (line.equals("bad\n")) {
                  throw new IOException("thrown on purpose");
                }
              }

              @Override
              public void failed(Registration from, Throwable cause) {
                told.add(String.valueOf(cause.getMessage()));
              }
            });
    poller.register(far().source(), Framing.lines(100));
    near().sink().writeFully("one\nbad\nnever\n", Wait.upTo(LONG));
    for (String expected : List.of("one\n", "bad\n", "thrown on purpose")) {
      assertEquals(expected, told.poll(LONG.toMillis(), TimeUnit.MILLISECONDS));
    }
    assertThrows(IOException.class, () -> far().source().readAll(100, Wait.upTo(LONG)));
    assertThrows(IllegalStateException.class, () -> poller.start(new ChannelHandler() {}));
    poller.close();
    join(done);
    assertEquals(0, told.size());
  }

  @Case
  void pollerLimitsTheTimeOfAFrameAndOfTheSilence() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.lines(100).withIdleTimeout(SHORT));
      PollEvent.Failed silent = assertInstanceOf(PollEvent.Failed.class, poll(poller).get(0));
      assertInstanceOf(StreamTimeoutException.class, silent.cause());
      poller.register(far().source(), Framing.lines(100).withFrameTimeout(SHORT));
      assertTrue(poller.poll(Wait.upTo(SHORT.multipliedBy(2))).isEmpty(), "only a frame has one");
      near().sink().writeFully("pa", Wait.upTo(LONG));
      PollEvent.Failed slow = assertInstanceOf(PollEvent.Failed.class, poll(poller).get(0));
      assertInstanceOf(StreamTimeoutException.class, slow.cause());
      near().sink().writeFully("rt\n", Wait.upTo(LONG));
      poller.register(
          far().source(), Framing.lines(100).withFrameTimeout(LONG).withIdleTimeout(LONG));
      assertEquals(List.of("part\n"), pollData(poller, 1), "the bytes are back on the source");
    }
  }

  @Case
  void wakeupAndCloseReturnWhoPolls() throws Exception {
    Poller poller = services().pollers().get();
    poller.register(far().source(), Framing.bytes());
    Task<List<PollEvent>> polling = async(() -> poller.poll(FOREVER)).waiting();
    poller.wakeup();
    assertTrue(polling.get().isEmpty());
    poller.wakeup();
    assertTrue(poller.poll(FOREVER).isEmpty(), "a wake-up counts for the next poll");
    Task<List<PollEvent>> interrupted = async(() -> poller.poll(FOREVER)).waiting();
    interrupted.thread().interrupt();
    assertInstanceOf(InterruptedIOException.class, interrupted.failure());
    Task<List<PollEvent>> last = async(() -> poller.poll(FOREVER)).waiting();
    poller.close();
    assertInstanceOf(StreamClosedWhileWaitingException.class, last.failure());
    assertThrows(StreamClosedException.class, () -> poller.poll(NONE));
    poller.close();
    assertTrue(far().isOpen(), "a closed poller closes nothing else");
  }

  @Case
  void registeringTwiceIsRefused() throws Exception {
    try (Poller poller = services().pollers().get()) {
      poller.register(far().source(), Framing.bytes());
      assertThrows(
          IllegalStateException.class, () -> poller.register(far().source(), Framing.bytes()));
    }
  }

  @Case(needs = Trait.LISTENS)
  void pollerAcceptsAndRegistersClients() throws Exception {
    try (Poller poller = services().pollers().get();
        Listener listener = listen()) {
      Registration registration = poller.register(listener, Framing.lines(100));
      Channel client = connect(listener);
      PollEvent.Accepted accepted = assertInstanceOf(PollEvent.Accepted.class, poll(poller).get(0));
      assertSame(registration, accepted.registration());
      assertSame(listener, accepted.listener());
      client.sink().writeFully("hello\n", Wait.upTo(LONG));
      assertEquals(List.of("hello\n"), pollData(poller, 1));
      release(client, accepted.channel());
    }
  }

  @Case(needs = Trait.LISTENS)
  void endOfAListenerIsACallOfItsOwn() throws Exception {
    Listener listener = listen(ChannelOptions.defaults());
    try (Poller poller = services().pollers().get()) {
      Registration registered = poller.register(listener, Framing.bytes());
      List<Object> told = new ArrayList<>();
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void ended(Registration client) {
              told.add("a client's end");
            }

            @Override
            public void listenerEnded(Registration closed) {
              told.add(closed);
            }
          };
      assertEquals(0, poller.poll(NONE, handler));
      listener.close();
      assertEquals(1, poller.poll(Wait.upTo(LONG), handler));
      assertEquals(List.of(registered), told);
    }
  }

  @Case(needs = Trait.LISTENS)
  void closeAllClosesChannelsAndListeners() throws Exception {
    try (Poller poller = services().pollers().get();
        Listener listener = listen()) {
      poller.register(listener, Framing.bytes());
      poller.register(far().source(), Framing.bytes());
      poller.closeAll();
      assertFalse(listener.isOpen());
      assertFalse(far().isOpen());
      assertTrue(poller.poll(NONE).isEmpty());
    }
  }

  // ---- the relay

  /** Another pair of channels, in memory, so that each case relays between two kinds. */
  private ChannelPair memory() {
    return services().channels().pair(ChannelOptions.defaults());
  }

  @Case(needs = {Trait.TWO_PARTIES, Trait.DUPLEX, Trait.HALF_CLOSE})
  void relayCarriesBothDirectionsAndTheirEnds() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay = services().relays().create(far(), pair.left(), RelayOptions.defaults())) {
      relay.start();
      int size = 300_000;
      Task<Void> there =
          asyncRun(
              () -> {
                near().sink().writeFully(bytes(size), Wait.upTo(LONG));
                near().sink().end();
              });
      Task<Void> back =
          asyncRun(
              () -> {
                pair.right().sink().writeFully(bytes(size / 2), Wait.upTo(LONG));
                pair.right().sink().end();
              });
      Task<ByteBuffer> answer =
          async(() -> near().source().readAll(Integer.MAX_VALUE, Wait.upTo(LONG)));
      assertEquals(bytes(size), pair.right().source().readAll(Integer.MAX_VALUE, Wait.upTo(LONG)));
      assertEquals(bytes(size / 2), answer.get());
      there.get();
      back.get();
      join(relay.completed());
      assertEquals(size, relay.forwarded());
      assertEquals(size / 2, relay.returned());
    }
    release(pair.right());
  }

  @Case(needs = {Trait.DUPLEX, Trait.HALF_CLOSE})
  void relayBringsBackWhatAMirrorReturns() throws Exception {
    Task<Void> mirror = asyncRun(this::reflect);
    ChannelPair pair = memory();
    int size = 300_000;
    try (Relay relay = services().relays().create(pair.right(), near(), RelayOptions.defaults())) {
      relay.start();
      Task<Void> writer =
          asyncRun(
              () -> {
                pair.left().sink().writeFully(bytes(size), Wait.upTo(LONG));
                pair.left().sink().end();
              });
      assertEquals(bytes(size), pair.left().source().readAll(Integer.MAX_VALUE, Wait.upTo(LONG)));
      writer.get();
      mirror.get();
      join(relay.completed());
      assertEquals(size, relay.forwarded());
      assertEquals(size, relay.returned());
    }
    release(pair.left());
  }

  /** Sends back what comes, where the peer does not do so by itself. */
  private void reflect() throws IOException {
    if (kind().has(Trait.TWO_PARTIES)) {
      long moved = 0;
      while (moved >= 0) {
        moved = far().source().transferTo(far().sink(), Long.MAX_VALUE, Wait.upTo(LONG));
      }
      closeWithSuccess(far());
    }
  }

  @Case(needs = Trait.TWO_PARTIES)
  void relayOneWayEndsWithItsInput() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay =
        services().relays().create(far(), pair.left(), RelayOptions.defaults().withOneWay(true))) {
      relay.start();
      near().sink().writeFully("abc", Wait.upTo(LONG));
      near().sink().end();
      assertEquals("abc", text(pair.right().source().readAll(99, Wait.upTo(LONG))));
      join(relay.completed());
    }
    release(pair.right());
  }

  @Case(needs = Trait.TWO_PARTIES)
  void relayInTheOtherDirectionDeliversToTheKind() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay =
        services()
            .relays()
            .create(pair.right(), near(), RelayOptions.defaults().withOneWay(true))) {
      relay.start();
      pair.left().sink().writeFully("abc", Wait.upTo(LONG));
      assertEquals("abc", receive(3));
    }
    release(pair.left());
  }

  @Case(needs = {Trait.TWO_PARTIES, Trait.DUPLEX})
  void failureOfOneSideAbortsTheOtherAndIsNamed() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay = services().relays().create(pair.right(), near(), RelayOptions.defaults())) {
      relay.start();
      pair.left().sink().writeFully("abc", Wait.upTo(LONG));
      assertEquals("abc", receive(3));
      IOException cause = new IOException("cut on purpose");
      pair.left().abort(cause);
      RelayException failed = assertInstanceOf(RelayException.class, failure(relay.completed()));
      assertEquals(pair.right().endpoint(), failed.endpoint());
      assertThrows(IOException.class, () -> near().write(bytes("x")));
    }
  }

  @Case(needs = {Trait.ABORT_SEEN, Trait.TWO_PARTIES, Trait.DUPLEX})
  void failureOfTheKindReachesTheOtherSideAsAFailure() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay = services().relays().create(far(), pair.left(), RelayOptions.defaults())) {
      relay.start();
      near().abort(new IOException("cut on purpose"));
      RelayException failed = assertInstanceOf(RelayException.class, failure(relay.completed()));
      assertEquals(far().endpoint(), failed.endpoint());
      assertThrows(IOException.class, () -> pair.right().source().readAll(99, Wait.upTo(LONG)));
    }
  }

  @Case(needs = {Trait.BOUNDED, Trait.TWO_PARTIES, Trait.DUPLEX})
  void relayCarriesBackPressure() throws Exception {
    ChannelPair pair = memory();
    try (Relay relay =
        services().relays().create(far(), pair.left(), RelayOptions.defaults().withBuffer(4096))) {
      relay.start();
      // The far end of the relay has no reader, so the writer stalls in the end.
      long filled = 0;
      boolean stalled = false;
      while (!stalled) {
        assertTrue(filled < 64 << 20, "the relay has no back-pressure");
        try {
          near().sink().awaitWritable(Wait.upTo(Duration.ofMillis(200)));
          filled += near().sink().write(bytes(8192), NONE);
        } catch (StreamTimeoutException e) {
          stalled = true;
        }
      }
      long expected = filled;
      near().sink().end();
      ByteBuffer all = pair.right().source().readAll(Integer.MAX_VALUE, Wait.upTo(LONG));
      assertEquals(expected, all.remaining());
    }
    release(pair.right());
  }

  @Case(needs = Trait.DUPLEX)
  void closedRelayReleasesBothSides() throws Exception {
    ChannelPair pair = memory();
    Relay relay = services().relays().create(far(), pair.left(), RelayOptions.defaults());
    relay.start();
    assertEquals(1, active(relay));
    relay.close();
    relay.close();
    CompletableFuture<Void> completed = relay.completed().toCompletableFuture();
    completed.get(LONG.toSeconds(), TimeUnit.SECONDS);
    assertSoon(() -> !far().isOpen() || far().closed().toCompletableFuture().isDone());
    assertThrows(IOException.class, () -> pair.right().source().read(room(1), Wait.upTo(LONG)));
  }

  private static int active(Relay relay) throws Exception {
    assertSoon(() -> relay.active() > 0);
    return relay.active();
  }
}
