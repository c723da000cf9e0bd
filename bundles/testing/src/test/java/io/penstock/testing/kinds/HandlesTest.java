// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Datagrams;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Handle;
import io.penstock.channel.HandleKind;
import io.penstock.channel.HandlePair;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Subject;
import io.penstock.testing.contract.Trait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Unix sockets with handles, and what has travelled over them. */
// Closes before the end of a block are what is tried.
@SuppressWarnings("try")
class HandlesTest {
  private static final ChannelOptions DEFAULTS = ChannelOptions.defaults();

  @TempDir static Path folder;

  private static Endpoint endpoint() {
    return Endpoint.parse(
        "unix-listen:" + folder.resolve(Bench.fresh("h")) + "?handles=true&mode=0600");
  }

  private static Endpoint connecting(Endpoint bound) {
    return Endpoint.parse("unix:" + bound.address() + "?handles=true");
  }

  private static Subject carrier() throws IOException {
    return Bench.clientToServer(endpoint(), HandlesTest::connecting);
  }

  private static HandleFacet facet(Channel channel) {
    return channel.facet(HandleFacet.class).orElseThrow();
  }

  private static Handle handle(Channel channel) throws IOException {
    return channel.facet(DescriptorFacet.class).orElseThrow().handle();
  }

  private static Handle release(Channel channel) throws IOException {
    return channel.facet(DescriptorFacet.class).orElseThrow().release();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  private static String read(ByteSource source, int most) throws IOException {
    ByteBuffer dst = ByteBuffer.allocate(most);
    int n = source.read(dst, Bench.SOON);
    return n < 0 ? "end" : UTF_8.decode(dst.flip()).toString();
  }

  /** Sends a handle, which it closes, and takes it at the other end. */
  private static Handle pass(Subject over, Handle handle) throws IOException {
    assertEquals(1, facet(over.near()).send(bytes("!"), Bench.SOON, handle));
    handle.close();
    assertEquals("!", read(over.source(), 8));
    return facet(over.far()).take().orElseThrow();
  }

  private static Channel passed(Channel channel) throws IOException {
    try (Subject over = carrier()) {
      return pass(over, release(channel)).channel(DEFAULTS);
    }
  }

  private static Kind socket(Kind kind) {
    return kind.without(Trait.IMMEDIATE, "bytes are on their way for a while, uncounted")
        .without(Trait.COUNTED, "bytes are on their way for a while, uncounted")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_BREAKS_WRITER, "what still arrives is dropped")
        .without(Trait.ABORT_DELIVERED, "a Unix socket has no reset: the peer reads an end")
        .without(Trait.ABORT_SEEN, "a Unix socket has no reset: the peer reads an end")
        .without(Trait.VERDICT, "the peer is a socket and no program");
  }

  private static Kind withHandles() {
    return socket(Kind.of("handles", HandlesTest::carrier));
  }

  private static Kind passedUnix() {
    return socket(
            Kind.of(
                "passed-unix",
                () -> {
                  Subject made =
                      Bench.clientToServer(
                          Endpoint.parse("unix-listen:" + folder.resolve(Bench.fresh("p"))),
                          Bench::connecting);
                  return Subject.of(passed(made.near()), passed(made.far()));
                }))
        .without(Trait.LISTENS, "it is open already")
        .without(Trait.CONNECT_REFUSED, "it is open already");
  }

  private static Kind passedTcp() {
    return Kind.of(
            "passed-tcp",
            () -> {
              Subject made =
                  Bench.clientToServer(
                      Endpoint.parse("tcp-listen://127.0.0.1:0"), Bench::connecting);
              return Subject.of(passed(made.near()), passed(made.far()));
            })
        .without(Trait.LISTENS, "it is open already")
        .without(Trait.CONNECT_REFUSED, "it is open already")
        .without(Trait.IMMEDIATE, "bytes are on their way for a while, uncounted")
        .without(Trait.COUNTED, "bytes are on their way for a while, uncounted")
        .without(Trait.UNAIDED, "the system's timers move bytes that were full before")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_BREAKS_WRITER, "what still arrives is dropped")
        .without(Trait.ABORT_DELIVERED, "a reset carries no cause and drops what was on its way")
        .without(Trait.VERDICT, "the peer is a socket and no program");
  }

  private static Kind passedPipe() {
    return Kind.of(
            "passed-pipe",
            () -> {
              HandlePair pipe = Bench.PENSTOCK.channels().handles().pipe();
              try (Subject over = carrier()) {
                return Subject.of(
                    pass(over, pipe.sink()).channel(DEFAULTS),
                    pass(over, pipe.source()).channel(DEFAULTS));
              }
            })
        .without(Trait.DUPLEX, "a pipe goes one way")
        .without(Trait.HALF_CLOSE, "a pipe goes one way")
        .without(Trait.LISTENS, "it is open already")
        .without(Trait.CONNECT_REFUSED, "it is open already")
        .without(Trait.IMMEDIATE, "bytes go through the system")
        .without(Trait.COUNTED, "bytes go through the system")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_DRAINS, "the system breaks the pipe")
        .without(Trait.ABORT_DELIVERED, "the system has no way to say so")
        .without(Trait.ABORT_SEEN, "the system has no way to say so")
        .without(Trait.VERDICT, "there is no peer of its own");
  }

  // ---- every kind of handle

  @Case
  void tcpConnectionGoesOnWhereItWasPassedTo() throws Exception {
    try (Subject over = carrier();
        Subject tcp =
            Bench.clientToServer(Endpoint.parse("tcp-listen://127.0.0.1:0"), Bench::connecting)) {
      tcp.near().sink().writeFully("before ", Bench.SOON);
      Handle sent = release(tcp.near());
      assertEquals(HandleKind.TCP, sent.kind());
      assertFalse(tcp.near().isOpen());
      try (Channel here = pass(over, sent).channel(DEFAULTS)) {
        assertEquals("tcp:/" + here.peer().orElseThrow(), here.endpoint().toString());
        here.sink().writeFully("after", Bench.SOON);
        here.sink().end();
        assertEquals("before after", all(tcp.far()));
        tcp.far().sink().writeFully("answer", Bench.SOON);
        tcp.far().sink().end();
        assertEquals("answer", all(here));
      }
    }
  }

  @Case
  void senderKeepsItsOwnCopy() throws Exception {
    try (Subject over = carrier();
        Subject tcp =
            Bench.clientToServer(Endpoint.parse("tcp-listen://127.0.0.1:0"), Bench::connecting);
        Channel other = pass(over, handle(tcp.near())).channel(DEFAULTS)) {
      other.sink().writeFully("one ", Bench.SOON);
      tcp.near().sink().writeFully("two", Bench.SOON);
      tcp.near().sink().end();
      assertEquals("one two", all(tcp.far()));
    }
  }

  private static String all(Channel channel) throws IOException {
    return UTF_8.decode(channel.source().readAll(1 << 20, Bench.SOON)).toString();
  }

  @Case
  void listenersGoOnListeningWhereTheyWerePassedTo() throws Exception {
    Path path = folder.resolve(Bench.fresh("l"));
    for (String endpoint : List.of("tcp-listen://127.0.0.1:0", "unix-listen:" + path)) {
      Listener own = Bench.PENSTOCK.channels().listen(Endpoint.parse(endpoint), DEFAULTS);
      Endpoint bound = own.endpoint();
      try (Subject over = carrier()) {
        Handle sent = own.facet(DescriptorFacet.class).orElseThrow().release();
        assertFalse(own.isOpen());
        Handle got = pass(over, sent);
        try (Listener here = got.listener(DEFAULTS);
            Channel client =
                Bench.PENSTOCK.channels().open(Bench.connecting(bound), DEFAULTS, Bench.SOON);
            Channel server = here.accept(Bench.SOON)) {
          assertEquals(bound, here.endpoint());
          client.sink().writeFully("in", Bench.SOON);
          client.sink().end();
          assertEquals("in", all(server));
          try (Poller poller = Bench.PENSTOCK.poller()) {
            poller.register(here, Framing.bytes());
            try (Channel second =
                Bench.PENSTOCK.channels().open(Bench.connecting(bound), DEFAULTS, Bench.SOON)) {
              assertTrue(poller.poll(Bench.SOON).get(0) instanceof PollEvent.Accepted);
            }
            poller.closeAll();
          }
        }
      }
    }
    assertTrue(Files.exists(path), "its file is that of who has bound it");
  }

  @Case
  void udpSocketIsUsedWhereItWasPassedTo() throws Exception {
    InetSocketAddress anywhere = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0);
    try (Subject over = carrier();
        DatagramChannel peer = DatagramChannel.open().bind(anywhere)) {
      Handle sent;
      InetSocketAddress bound;
      try (DatagramChannel socket = DatagramChannel.open().bind(anywhere)) {
        bound = (InetSocketAddress) socket.getLocalAddress();
        assertThrows(
            IllegalArgumentException.class, () -> Bench.PENSTOCK.channels().handles().of(socket));
        socket.configureBlocking(false);
        sent = Bench.PENSTOCK.channels().handles().of(socket);
      }
      Handle got = pass(over, sent);
      assertEquals(HandleKind.UDP, got.kind());
      assertThrows(NotSupportedException.class, () -> got.channel(DEFAULTS));
      try (Datagrams here = got.datagrams()) {
        assertEquals(bound, here.local().orElseThrow());
        ByteBuffer dst = ByteBuffer.allocate(16);
        assertEquals(Optional.empty(), here.receive(dst, Wait.none()));
        peer.send(bytes("ping"), bound);
        assertEquals(peer.getLocalAddress(), here.receive(dst, Bench.SOON).orElseThrow());
        assertEquals("ping", UTF_8.decode(dst.flip()).toString());
        assertTrue(
            here.send(bytes("pong"), (InetSocketAddress) peer.getLocalAddress(), Bench.SOON));
        dst.clear();
        assertEquals(bound, peer.receive(dst));
        assertEquals("pong", UTF_8.decode(dst.flip()).toString());
      }
    }
  }

  @Case
  void filesAndPipesAreUsedWhereTheyWerePassedTo() throws Exception {
    Path path = folder.resolve(Bench.fresh("file"));
    Files.writeString(path, "in a file");
    HandlePair pipe = Bench.PENSTOCK.channels().handles().pipe();
    try (Subject over = carrier()) {
      try (Channel file =
          pass(over, Bench.PENSTOCK.channels().handles().file(path)).channel(DEFAULTS)) {
        assertEquals(Capability.INPUT.name(), only(file));
        assertEquals("in a file", all(file));
      }
      try (Channel file =
          pass(over, Bench.PENSTOCK.channels().handles().file(path, StandardOpenOption.APPEND))
              .channel(DEFAULTS)) {
        assertEquals(Capability.OUTPUT.name(), only(file));
        file.sink().writeFully(", and more", Bench.SOON);
      }
      assertEquals("in a file, and more", Files.readString(path));
      try (Channel out = pass(over, pipe.sink()).channel(DEFAULTS);
          Channel in = pass(over, pipe.source()).channel(DEFAULTS)) {
        assertEquals(Capability.INPUT.name(), only(in));
        out.sink().writeFully("through a pipe", Bench.SOON);
        out.close();
        assertEquals("through a pipe", all(in));
      }
    }
  }

  /** The direction of a channel that has one. */
  private static String only(Channel channel) {
    return channel.capabilities().stream()
        .filter(c -> c.equals(Capability.INPUT) || c.equals(Capability.OUTPUT))
        .map(Capability::name)
        .reduce((a, b) -> a + " " + b)
        .orElse("none");
  }

  @Case
  void unixSocketThatWasPassedCarriesHandlesItself() throws Exception {
    ChannelOptions carrying = DEFAULTS.with("handles", "true");
    HandlePair pipe = Bench.PENSTOCK.channels().handles().pipe();
    try (Subject over = carrier();
        Subject inner = carrier();
        Channel here = pass(over, release(inner.near())).channel(carrying);
        Handle sink = pipe.sink()) {
      pipe.source().close();
      assertTrue(here.capabilities().contains(Capability.HANDLES));
      assertEquals(1, facet(here).send(bytes("x"), Bench.SOON, sink));
      assertEquals("x", read(inner.source(), 9));
      facet(inner.far()).take().orElseThrow().close();
    }
  }

  // ---- bound to their bytes

  @Case
  void handlesAreBoundToTheBytesTheyCameWith() throws Exception {
    for (int size : List.of(64, 3, 1)) {
      try (Subject over = carrier();
          Handle one = Bench.PENSTOCK.channels().handles().file(Path.of("/proc/version"));
          Handle two = handle(over.near())) {
        over.sink().writeFully("ab", Bench.SOON);
        over.sink().writeFully("cd", Bench.SOON);
        facet(over.near()).send(bytes("EFGH"), Bench.SOON, one, two);
        facet(over.near()).send(bytes("I"), Bench.SOON, two);
        over.sink().writeFully("jk", Bench.SOON);
        over.sink().end();
        StringBuilder seen = new StringBuilder();
        String piece;
        while (!(piece = read(over.source(), size)).equals("end")) {
          assertTrue(
              piece.matches("[a-d]+|[E-H]+|I|[jk]+"), "a read stays within a message: " + piece);
          seen.append(piece).append(facet(over.far()).pending() == 0 ? "" : "(");
          for (Handle each; (each = facet(over.far()).take().orElse(null)) != null; ) {
            seen.append(each.kind().name().charAt(0));
            each.close();
          }
        }
        assertEquals(
            size == 1 ? "abcdE(FUFGHI(Ujk" : size == 3 ? "abcdEFG(FUHI(Ujk" : "abcdEFGH(FUI(Ujk",
            seen.toString());
      }
    }
  }

  @Case
  void longReadsGiveAllHandlesThatCameWithWhatTheyReturn() throws Exception {
    try (Subject over = carrier();
        Handle handle = handle(over.near())) {
      over.sink().writeFully("a li", Bench.SOON);
      facet(over.near()).send(bytes("ne, "), Bench.SOON, handle);
      // What is looked at, or gathered in vain, is not read yet.
      assertTrue(over.source().readable().isSet());
      over.source().readable().await(Bench.SOON);
      assertThrows(
          IOException.class,
          () -> over.source().readLine(UTF_8, 80, Terminator.STRIP, Wait.none()));
      assertEquals(0, facet(over.far()).pending());
      assertEquals(Optional.empty(), facet(over.far()).take());
      facet(over.near()).send(bytes("and\nmore"), Bench.SOON, handle, handle);
      assertEquals("a line, and", over.source().readLine(UTF_8, 80, Terminator.STRIP, Bench.SOON));
      assertEquals(3, facet(over.far()).pending());
      for (int i = 0; i < 3; i++) {
        facet(over.far()).take().orElseThrow().close();
      }
      assertEquals("more", read(over.source(), 80));
      assertEquals(Optional.empty(), facet(over.far()).take());
    }
  }

  @Case
  void handlerAtAPollerTakesHandlesWithTheirFrame() throws Exception {
    try (Subject over = carrier();
        Handle handle = handle(over.near());
        Poller poller = Bench.PENSTOCK.poller()) {
      poller.register(over.source(), Framing.lines(80));
      over.sink().writeFully("plain\nha", Bench.SOON);
      facet(over.near()).send(bytes("ndle\nplain\n"), Bench.SOON, handle);
      over.sink().writeFully("plain\n", Bench.SOON);
      List<String> seen = new ArrayList<>();
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void data(Registration from, ByteBuffer frame) throws IOException {
              String line = UTF_8.decode(frame).toString().strip();
              Optional<Handle> taken = facet(over.far()).take();
              seen.add(line + (taken.isPresent() ? "!" : ""));
              taken.ifPresent(Handle::close);
            }
          };
      while (seen.size() < 4) {
        poller.poll(Bench.SOON, handler);
      }
      assertEquals(List.of("plain", "handle!", "plain", "plain"), seen);
    }
  }

  @Case
  void whatWaitsIsToldByItsKind() throws Exception {
    try (Subject over = carrier();
        Subject tcp =
            Bench.clientToServer(Endpoint.parse("tcp-listen://127.0.0.1:0"), Bench::connecting);
        Handle handle = handle(tcp.near());
        Handle file = Bench.PENSTOCK.channels().handles().file(Path.of("/proc/version"))) {
      assertEquals(Optional.empty(), facet(over.far()).pendingKind());
      facet(over.near()).send(bytes("x"), Bench.SOON, handle, file);
      assertEquals("x", read(over.source(), 9));
      assertEquals(HandleKind.TCP, facet(over.far()).pendingKind().orElseThrow());
      facet(over.far()).take().orElseThrow().close();
      assertEquals(HandleKind.FILE, facet(over.far()).pendingKind().orElseThrow());
      facet(over.far()).take().orElseThrow().close();
      assertEquals(Optional.empty(), facet(over.far()).pendingKind());
    }
  }

  @Case
  void asManyHandlesAsTheSystemAllowsTravelAtOnce() throws Exception {
    try (Subject over = carrier();
        Handle handle = handle(over.near())) {
      Handle[] most = new Handle[HandleFacet.MAX_HANDLES];
      Arrays.fill(most, handle);
      facet(over.near()).send(bytes("many"), Bench.SOON, most);
      assertEquals("many", read(over.source(), 80));
      assertEquals(HandleFacet.MAX_HANDLES, facet(over.far()).pending());
      for (int i = 0; i < HandleFacet.MAX_HANDLES; i++) {
        facet(over.far()).take().orElseThrow().close();
      }
      Handle[] more = Arrays.copyOf(most, HandleFacet.MAX_HANDLES + 1);
      more[HandleFacet.MAX_HANDLES] = handle;
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class,
              () -> facet(over.near()).send(bytes("x"), Bench.SOON, more));
      assertTrue(refused.getMessage().contains("254 handles, expected 1 to 253"));
    }
  }

  @Case
  void handlesQueueWithAsynchronousWritesAndAreCancelledByAClose() throws Exception {
    HandlePair pipe = Bench.PENSTOCK.channels().handles().pipe();
    try (Subject over = carrier();
        Channel out = pipe.sink().channel(DEFAULTS);
        Handle handle = pipe.source()) {
      CompletionStage<Void> first = over.sink().writeAsync(bytes("first "));
      CompletionStage<Void> with =
          facet(over.near()).sendAsync(List.of(handle), bytes("sec"), bytes("ond "));
      CompletionStage<Void> third = over.sink().writeAsync(bytes("third"));
      for (CompletionStage<Void> each : List.of(first, with, third)) {
        each.toCompletableFuture().get(20, TimeUnit.SECONDS);
      }
      assertEquals("first ", read(over.source(), 80));
      assertEquals(0, facet(over.far()).pending());
      ByteBuffer rest = ByteBuffer.allocate(12);
      over.source().readFully(rest, Bench.SOON);
      assertEquals("second third", UTF_8.decode(rest.flip()).toString());
      facet(over.far()).take().orElseThrow().close();
      // Behind what does not go.
      CompletionStage<Void> full = over.sink().writeAsync(ByteBuffer.allocate(64 << 20));
      CompletionStage<Void> never = facet(over.near()).sendAsync(List.of(handle), bytes("never"));
      assertFalse(full.toCompletableFuture().isDone());
      over.near().abort(new IOException("cut"));
      ExecutionException why =
          assertThrows(
              ExecutionException.class,
              () -> never.toCompletableFuture().get(20, TimeUnit.SECONDS));
      assertTrue(why.getCause().getMessage().endsWith("cut"), why.getCause().toString());
      handle.close();
      awaitBroken(out);
    }
  }

  @Case
  void closeCancelsHandlesThatHaveNotBegunToGo() throws Exception {
    try (Subject over = carrier();
        Handle handle = handle(over.near())) {
      Channel near = over.near();
      CompletionStage<Void> full = over.sink().writeAsync(ByteBuffer.allocate(8 << 20));
      CompletionStage<Void> never = facet(near).sendAsync(List.of(handle), bytes("never"));
      CompletionStage<Void> closing = near.closeAsync();
      while (!read(over.source(), 1 << 20).equals("end")) {
        assertEquals(0, facet(over.far()).pending());
      }
      full.toCompletableFuture().get(20, TimeUnit.SECONDS);
      // Told in the order of the calls.
      CompletionException cancelled =
          assertThrows(
              CompletionException.class,
              () -> never.thenRun(() -> {}).toCompletableFuture().join());
      assertTrue(cancelled.getCause() instanceof CancellationException);
      closing.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
  }

  // ---- which side owns what

  @Case
  void whatNobodyTakesIsClosed() throws Exception {
    HandlePair pipe = Bench.PENSTOCK.channels().handles().pipe();
    try (Subject over = carrier();
        Channel out = pipe.sink().channel(DEFAULTS)) {
      // One untaken, one unread, one that comes after the source was closed.
      facet(over.near()).send(bytes("read"), Bench.SOON, pipe.source());
      facet(over.near()).send(bytes("unread"), Bench.SOON, pipe.source());
      assertEquals("read", read(over.source(), 9));
      over.source().close();
      facet(over.near()).send(bytes("late"), Bench.SOON, pipe.source());
      assertThrows(StreamClosedException.class, () -> facet(over.far()).take());
      pipe.source().close();
      // Nobody has the reading end any more.
      awaitBroken(out);
    }
  }

  private static void awaitBroken(Channel out) throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (System.nanoTime() < end) {
      try {
        if (out.sink().write(bytes("x"), Wait.none()) == 0) {
          out.sink().awaitWritable(Bench.SOON);
        }
      } catch (BrokenPipeException e) {
        return;
      }
      LockSupport.parkNanos(200_000);
    }
    throw new AssertionError("somebody still has the end that nobody has taken");
  }

  @Case
  void relayAndChannelsWithoutTheOptionCloseWhatComes() throws Exception {
    HandlePair pipe = Bench.PENSTOCK.channels().handles().pipe();
    Endpoint listening = endpoint();
    try (Listener listener =
            Bench.PENSTOCK
                .channels()
                .listen(Endpoint.parse("unix-listen:" + listening.address()), DEFAULTS);
        Channel client =
            Bench.PENSTOCK.channels().open(connecting(listening), DEFAULTS, Bench.SOON);
        Channel server = listener.accept(Bench.SOON);
        Channel out = pipe.sink().channel(DEFAULTS)) {
      facet(client).send(bytes("only bytes"), Bench.SOON, pipe.source());
      pipe.source().close();
      assertEquals("only bytes", read(server.source(), 80));
      awaitBroken(out);
    }
  }

  @Case
  void handleIsUsedUpByWhatItBecomes() throws Exception {
    HandlePair pipe = Bench.PENSTOCK.channels().handles().pipe();
    try (Handle source = pipe.source();
        Handle sink = pipe.sink()) {
      int[] number = new int[1];
      sink.lend(fd -> number[0] = fd);
      assertTrue(Files.exists(Path.of("/proc/self/fd/" + number[0])));
      assertThrows(
          IllegalArgumentException.class, () -> sink.channel(DEFAULTS.with("mode", "0600")));
      assertThrows(NotSupportedException.class, () -> sink.listener(DEFAULTS));
      assertThrows(NotSupportedException.class, sink::datagrams);
      assertTrue(sink.isOpen());
      try (Channel out = sink.channel(DEFAULTS)) {
        assertFalse(sink.isOpen());
        assertThrows(StreamClosedException.class, () -> sink.channel(DEFAULTS));
        assertThrows(StreamClosedException.class, () -> sink.lend(fd -> {}));
        sink.close();
        out.sink().writeFully("still there", Bench.SOON);
      }
    }
  }

  @Case
  void handlesAreClosedWithTheirFactory() throws Exception {
    HandlePair pipe;
    try (Penstock own = Penstock.open()) {
      pipe = own.channels().handles().pipe();
      assertTrue(pipe.source().isOpen());
      pipe.source().close();
    }
    assertFalse(pipe.sink().isOpen());
  }

  @Case
  void descriptorIsToldWithoutGivingItAway() throws Exception {
    try (Subject tcp =
            Bench.clientToServer(Endpoint.parse("tcp-listen://127.0.0.1:0"), Bench::connecting);
        Handle handle = handle(tcp.near())) {
      assertTrue(tcp.near().capabilities().contains(Capability.DESCRIPTOR));
      StringBuilder link = new StringBuilder();
      handle.lend(
          fd -> {
            try {
              link.append(Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)));
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      assertTrue(link.toString().startsWith("socket:["), link.toString());
      tcp.near().close();
      assertThrows(StreamClosedException.class, () -> handle(tcp.near()));
    }
  }

  @Case
  void handlesAreRefusedWithAReason() throws Exception {
    try (Subject plain =
            Bench.clientToServer(
                Endpoint.parse("unix-listen:" + folder.resolve(Bench.fresh("n"))),
                Bench::connecting);
        Subject tcp =
            Bench.clientToServer(Endpoint.parse("tcp-listen://127.0.0.1:0"), Bench::connecting);
        Subject over = carrier();
        Handle handle = handle(tcp.near());
        Handle device = Bench.PENSTOCK.channels().handles().file(Path.of("/dev/null"))) {
      assertTrue(tcp.near().facet(HandleFacet.class).isEmpty());
      HandleFacet without = facet(plain.near());
      assertFalse(without.enabled());
      assertFalse(plain.near().capabilities().contains(Capability.HANDLES));
      NotSupportedException refused =
          assertThrows(
              NotSupportedException.class, () -> without.send(bytes("x"), Bench.SOON, handle));
      assertTrue(refused.getMessage().contains("handles=true"), refused.getMessage());
      assertThrows(NotSupportedException.class, without::take);
      assertEquals(0, without.pending());
      HandleFacet with = facet(over.near());
      assertTrue(with.enabled());
      assertTrue(over.near().capabilities().contains(Capability.HANDLES));
      assertThrows(IllegalArgumentException.class, () -> with.send(bytes(""), Bench.SOON, handle));
      assertThrows(IllegalArgumentException.class, () -> with.send(bytes("x"), Bench.SOON));
      assertEquals(HandleKind.OTHER, device.kind());
      assertThrows(NotSupportedException.class, () -> with.send(bytes("x"), Bench.SOON, device));
      handle.close();
      assertThrows(StreamClosedException.class, () -> with.send(bytes("x"), Bench.SOON, handle));
      assertThrows(
          IllegalArgumentException.class,
          () -> Bench.open("unix:" + folder + "/x?handles=perhaps"));
    }
  }

  @Nested
  class ToServer extends ContractSuite {
    @Override
    protected Kind kind() {
      return withHandles();
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return withHandles();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }

    @Override
    protected Endpoint listening() {
      return endpoint();
    }

    @Override
    protected Endpoint connecting(Endpoint bound) {
      return HandlesTest.connecting(bound);
    }
  }

  @Nested
  class PassedUnix extends ContractSuite {
    @Override
    protected Kind kind() {
      return passedUnix();
    }
  }

  @Nested
  class WholePassedUnix extends ChannelSuite {
    @Override
    protected Kind kind() {
      return passedUnix();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }

  @Nested
  class PassedTcp extends ContractSuite {
    @Override
    protected Kind kind() {
      return passedTcp();
    }
  }

  @Nested
  class WholePassedTcp extends ChannelSuite {
    @Override
    protected Kind kind() {
      return passedTcp();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }

  @Nested
  class PassedPipe extends ContractSuite {
    @Override
    protected Kind kind() {
      return passedPipe();
    }
  }

  @Nested
  class WholePassedPipe extends ChannelSuite {
    @Override
    protected Kind kind() {
      return passedPipe();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }
}
