// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

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
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ExitException;
import io.penstock.error.OpenFailedException;
import io.penstock.error.RequestRejectedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.provider.SshProvider;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * A session from both sides: requests, standard error, how it ends, and connections that are
 * shared.
 */
class SessionTest {
  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String all(ByteSource source) throws IOException {
    return StandardCharsets.UTF_8.decode(source.readAll(1 << 20, Bench.SOON)).toString();
  }

  @Case(seconds = 60)
  void requestsComeInTheOrderThatOneLikes() throws Exception {
    try (Listener listener = Bench.listen();
        Channel client = Bench.open(Bench.login(listener.endpoint()))) {
      SshClientFacet facet = Bench.client(client);
      facet.environment("ONE", "1");
      Pty pty = Pty.defaults().withTerm("xterm").withSize(132, 43).withPixels(800, 600);
      facet.pty(pty, Bench.SOON);
      facet.environment("TWO", "2");
      byte[] notUtf8 = {'r', 'u', 'n', ' ', (byte) 0xff, 0};
      facet.exec(ByteBuffer.wrap(notUtf8), Bench.SOON);
      try (Channel server = listener.accept(Bench.SOON)) {
        SshServerFacet there = Bench.server(server);
        assertEquals(ByteBuffer.wrap(notUtf8), there.request().bytes());
        assertEquals(java.util.Map.of("ONE", "1", "TWO", "2"), there.environment());
        assertEquals(Optional.of(pty), there.pty());
        assertEquals("tester", there.user());
        assertEquals("tester", facet.user());
        assertEquals(facet.id(), there.remoteId());
        assertEquals(facet.remoteId(), there.id());
        assertFalse(there.peerVersion().isEmpty());
      }
    }
  }

  @Case(seconds = 60)
  void shellAndSubsystemAreAskedForByRequests() throws Exception {
    try (Listener listener = Bench.listen("subsystems=echo,other")) {
      try (Channel client = Bench.open(Bench.login(listener.endpoint()))) {
        Bench.client(client).shell(Bench.SOON);
        try (Channel server = listener.accept(Bench.SOON)) {
          assertEquals("shell", Bench.server(server).request().toString());
        }
      }
      try (Channel client = Bench.open(Bench.login(listener.endpoint()))) {
        SshClientFacet facet = Bench.client(client);
        assertThrows(RequestRejectedException.class, () -> facet.subsystem("unknown", Bench.SOON));
        // A refusal leaves the channel to use.
        facet.subsystem("echo", Bench.SOON);
        try (Channel server = listener.accept(Bench.SOON)) {
          assertEquals("subsystem echo", Bench.server(server).request().toString());
        }
      }
    }
  }

  @Case(seconds = 60)
  void requestAtTheWrongTimeIsRefusedHere() throws Exception {
    try (Listener listener = Bench.listen();
        Channel client = Bench.open(Bench.login(listener.endpoint()))) {
      SshClientFacet facet = Bench.client(client);
      assertThrows(IllegalArgumentException.class, () -> facet.shell(Wait.none()));
      assertThrows(RequestRejectedException.class, () -> facet.resize(Pty.defaults()));
      assertThrows(RequestRejectedException.class, () -> facet.signal("TERM"));
      facet.shell(Bench.SOON);
      for (int i = 0; i < 2; i++) {
        assertThrows(RequestRejectedException.class, () -> facet.shell(Bench.SOON));
        assertThrows(RequestRejectedException.class, () -> facet.pty(Pty.defaults(), Bench.SOON));
        assertThrows(RequestRejectedException.class, () -> facet.environment("A", "b"));
      }
      listener.accept(Bench.SOON).close();
      assertEquals(SshExit.none(), facet.exit(Bench.SOON));
      assertThrows(RequestRejectedException.class, () -> facet.resize(Pty.defaults()));
    }
    try (Listener listener = Bench.listen();
        Channel client = Bench.open(Bench.login(listener.endpoint()))) {
      client.sink().end();
      assertThrows(
          RequestRejectedException.class, () -> Bench.client(client).exec(bytes("x"), Bench.SOON));
    }
  }

  /** Earlier than at the end of a block. */
  private static void close(Channel channel) throws IOException {
    channel.close();
  }

  private static void assertRefused(String why, Executable... requests) {
    for (int i = 0; i < requests.length; i++) {
      String which = "request " + i;
      RequestRejectedException refused =
          assertThrows(RequestRejectedException.class, requests[i], which);
      assertTrue(refused.getMessage().endsWith(why), which + ": " + refused.getMessage());
    }
  }

  /** All that have to be made before the program starts. */
  private static Executable[] preparations(SshClientFacet facet) {
    return new Executable[] {
      () -> facet.exec(bytes("x"), Bench.SOON),
      () -> facet.shell(Bench.SOON),
      () -> facet.subsystem("echo", Bench.SOON),
      () -> facet.pty(Pty.defaults(), Bench.SOON),
      () -> facet.environment("A", "b"),
      () -> facet.forwardAgent(each -> {}),
      () -> facet.forwardX11(SshX11.defaults(), Bench.SOON),
    };
  }

  @Case(seconds = 60)
  void everyRequestIsRefusedOnceEitherSideHasEnded() throws Exception {
    try (Listener listener = Bench.listen("subsystems=echo", "allow=exec,shell,pty,env,agent,x11");
        Channel ended = Bench.open(Bench.login(listener.endpoint()));
        Channel client = Bench.connect(listener);
        Channel server = listener.accept(Bench.SOON)) {
      ended.sink().end();
      SshClientFacet early = Bench.client(ended);
      assertRefused("our output is ended", preparations(early));
      assertRefused("no program was started", () -> early.resize(Pty.defaults()));
      SshClientFacet facet = Bench.client(client);
      assertRefused("a program was started already", preparations(facet));
      facet.signal("USR1");
      server.sink().end();
      assertEquals("", all(client.source()));
      assertTrue(client.isOpen());
      Executable[] later = {() -> facet.resize(Pty.defaults()), () -> facet.signal("USR1")};
      assertRefused("the server has ended its output", preparations(facet));
      assertRefused("the server has ended its output", later);
      close(client);
      assertRefused("the channel is closed", preparations(facet));
      assertRefused("the channel is closed", later);
    }
  }

  @Case(seconds = 60)
  void whatCameBeforeTheRemoteCloseStaysThere() throws Exception {
    try (Listener listener = Bench.listen("max-sessions=1", "max-channels=1")) {
      Endpoint exec =
          Bench.connecting(listener.endpoint(), "stderr=pipe", "share=true", "persist=10s");
      try (Channel client = Bench.open(exec);
          Channel server = listener.accept(Bench.SOON)) {
        SshClientFacet facet = Bench.client(client);
        server.sink().writeFully("last words", Bench.SOON);
        Bench.server(server).errorSink().writeFully("a warning", Bench.SOON);
        Bench.server(server).sendExitStatus(7);
        close(server);
        // Our side answers, or there would never be a place for another one.
        try (Channel next = openOnceThereIsAPlace(exec)) {
          assertEquals(client.local(), next.local());
        }
        assertRefused("the channel is closed", () -> facet.signal("USR1"));
        assertThrows(BrokenPipeException.class, () -> client.sink().writeFully("x", Bench.SOON));
        assertEquals("last words", all(client.source()));
        assertEquals("a warning", all(facet.errorSource().orElseThrow()));
        assertEquals(SshExit.of(7), facet.exit(Bench.SOON));
      }
    }
  }

  private static Channel openOnceThereIsAPlace(Endpoint endpoint) throws IOException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      try {
        return Bench.open(endpoint);
      } catch (OpenFailedException full) {
        assertTrue(System.nanoTime() < limit, full::toString);
      }
    }
  }

  @Test
  void sizesAndSignalsReachWhoeverWatchesThem() throws Exception {
    try (Bench.Both both = Bench.meet("window=64KiB")) {
      BlockingQueue<String> told = new LinkedBlockingQueue<>();
      SshClientFacet facet = Bench.client(both.client());
      SshServerFacet there = Bench.server(both.server());
      facet.signal("HUP");
      there.onSignal(told::add);
      facet.signal("USR1");
      assertEquals("HUP", told.poll(20, TimeUnit.SECONDS));
      assertEquals("USR1", told.poll(20, TimeUnit.SECONDS));
      assertTrue(there.pty().isEmpty());
      // Without a terminal there is nothing to resize: dropped.
      there.onResize(pty -> told.add(pty.toString()));
      facet.resize(Pty.defaults());
      facet.signal("INT");
      assertEquals("INT", told.poll(20, TimeUnit.SECONDS));
      assertEquals(64 * 1024, facet.receiveWindow());
      assertEquals(64 * 1024, facet.sendWindow());
    }
  }

  @Case(seconds = 60)
  void standardErrorIsApartAndJoinedOnWish() throws Exception {
    try (Listener listener = Bench.listen();
        Channel client = Bench.connect(listener, "stderr=pipe");
        Channel server = listener.accept(Bench.SOON)) {
      SshClientFacet facet = Bench.client(client);
      SshServerFacet there = Bench.server(server);
      assertSame(there.errorSink(), there.errorSink());
      ByteSource errors = facet.errorSource().orElseThrow();
      server.sink().writeFully("out1", Bench.SOON);
      there.errorSink().writeFully("err1", Bench.SOON);
      errors.awaitReadable(Bench.SOON);
      assertFalse(facet.combineErrors(true));
      there.errorSink().writeFully("err2", Bench.SOON);
      server.sink().writeFully("out2", Bench.SOON);
      ByteBuffer joined = ByteBuffer.allocate(16);
      client.source().readFully(joined, Bench.SOON);
      assertEquals("out1err1err2out2", new String(joined.array(), StandardCharsets.UTF_8));
      assertFalse(errors.readable().isSet());
      assertTrue(facet.combineErrors(false));
      there.errorSink().writeFully("err3", Bench.SOON);
      ByteBuffer apart = ByteBuffer.allocate(4);
      errors.readFully(apart, Bench.SOON);
      assertEquals("err3", new String(apart.array(), StandardCharsets.UTF_8));
      // The end comes when both have ended.
      server.sink().end();
      there.errorSink().writeFully("late", Bench.SOON);
      there.errorSink().end();
      assertEquals("late", all(errors));
      assertEquals("", all(client.source()));
    }
  }

  @Case(seconds = 60)
  void standardErrorAfterTheEndIsRefusedHere() throws Exception {
    try (Listener listener = Bench.listen();
        Bench.Both both =
            new Bench.Both(Bench.connect(listener, "stderr=pipe"), listener.accept(Bench.SOON))) {
      Channel client = both.client();
      SshServerFacet there = Bench.server(both.server());
      both.server().sink().end();
      // Nobody has asked for it before, so the client was told of the end of both.
      BrokenPipeException refused =
          assertThrows(
              BrokenPipeException.class, () -> there.errorSink().writeFully("late", Bench.SOON));
      assertTrue(refused.getMessage().contains("end"), refused.getMessage());
      there.errorSink().end();
      there.sendExitStatus(3);
      both.server().close();
      // The connection is none the worse.
      assertEquals(SshExit.of(3), Bench.client(client).exit(Bench.SOON));
      assertEquals("", all(client.source()));
      assertEquals("", all(Bench.client(client).errorSource().orElseThrow()));
    }
  }

  @Case(seconds = 60)
  void closeOfOursWakesWhoWaitsForTheStatusBeforeWhatWasWrittenHasLeft() throws Exception {
    try (Listener listener = Bench.listen();
        Channel client =
            Bench.CHANNELS.open(
                Bench.connecting(listener.endpoint()),
                ChannelOptions.defaults().withCloseTimeout(Duration.ofSeconds(20)),
                Bench.SOON);
        Channel server = listener.accept(Bench.SOON)) {
      SshClientFacet facet = Bench.client(client);
      CompletableFuture<IOException> waiting = Bench.failing(() -> facet.exit(Wait.forever()));
      // More than the window: it stays on its way as long as nobody reads.
      CompletionStage<?> written = client.sink().writeAsync(ByteBuffer.allocate(8 << 20));
      CompletionStage<Void> closed = client.closeAsync();
      assertInstanceOf(StreamClosedWhileWaitingException.class, waiting.get(10, TimeUnit.SECONDS));
      assertFalse(closed.toCompletableFuture().isDone());
      assertFalse(written.toCompletableFuture().isDone());
      server.abort(new IOException("nobody reads"));
    }
  }

  @Case(seconds = 60)
  void closeIsAnsweredWhereItIsTheLastOfAClosedListener() throws Exception {
    Listener listener = Bench.listen();
    try (Channel client = Bench.connect(listener);
        Channel server = listener.accept(Bench.SOON)) {
      Link link = Bench.link(client);
      listener.close();
      close(client);
      assertTrue(Bench.hearsClose(link));
      assertTrue(server.isOpen());
    }
  }

  @Case(seconds = 60)
  void closeIsAnsweredWhereItIsTheLastOfAConnection() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      Link link = Bench.link(both.server());
      both.server().close();
      assertTrue(Bench.hearsClose(link));
      assertTrue(both.client().isOpen());
    }
  }

  @Case(seconds = 60)
  void closeWithoutAStatusStatesNone() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      both.server().close();
      assertEquals(SshExit.none(), Bench.client(both.client()).exit(Bench.SOON));
      // Nothing is missing of the output.
      assertEquals("", all(both.client().source()));
    }
  }

  @Case(seconds = 60)
  void statusKeepsItsThirtyTwoBits() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      // STATUS_ACCESS_VIOLATION, as Windows has it.
      int status = 0xc0000005;
      Bench.server(both.server()).sendExitStatus(status);
      both.server().close();
      SshExit end = Bench.client(both.client()).exit(Bench.SOON);
      assertEquals(SshExit.of(status), end);
      assertEquals(3221225477L, Integer.toUnsignedLong(end.status().orElseThrow()));
      assertEquals("exit status 3221225477", end.toString());
      ExecutionException gone =
          assertThrows(
              ExecutionException.class,
              () -> both.client().gone().toCompletableFuture().get(20, TimeUnit.SECONDS));
      ExitException failure = assertInstanceOf(ExitException.class, gone.getCause());
      assertEquals(status, failure.status());
      assertTrue(failure.getMessage().contains("status 3221225477"), failure.getMessage());
    }
  }

  @Case(seconds = 60)
  void howTheProgramEndedIsToldOnce() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      SshServerFacet there = Bench.server(both.server());
      there.sendExitSignal("ABRT", true, "on purpose");
      there.sendExitStatus(3);
      both.server().close();
      assertEquals(
          SshExit.of("ABRT", true, "on purpose"), Bench.client(both.client()).exit(Bench.SOON));
      assertThrows(RequestRejectedException.class, () -> there.sendExitStatus(1));
    }
  }

  @Case(seconds = 60)
  void serverOfOursAnswersWhoAsksWhetherItIsThere() throws Exception {
    try (Listener listener = Bench.listen();
        Channel client = Bench.connect(listener, "keep-alive=200ms", "keep-alive-count=15");
        Channel server = listener.accept(Bench.SOON)) {
      // Longer than it takes to give up a server that does not.
      assertThrows(
          StreamTimeoutException.class,
          () -> client.source().take(1, Wait.upTo(Duration.ofMillis(4500))));
      server.sink().writeFully("here", Bench.SOON);
      close(server);
      assertEquals("here", all(client.source()));
    }
  }

  @Case(seconds = 60)
  void nothingSaidIsNoStatus() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      both.server().abort(new IOException("cut on purpose"));
      SshExit end = Bench.client(both.client()).exit(Bench.SOON);
      assertEquals(SshExit.none(), end);
      assertTrue(end.status().isEmpty() && end.signal().isEmpty());
    }
  }

  @Case(seconds = 60)
  void channelsShareAConnectionWhileThereAreAny() throws Exception {
    try (Listener listener = Bench.listen("max-sessions=1")) {
      Endpoint login = Bench.login(listener.endpoint(), "share=true");
      try (Channel first = Bench.open(login);
          Channel second = Bench.open(login)) {
        assertEquals(first.local(), second.local());
        SshFacet one = Bench.client(first);
        SshFacet two = Bench.client(second);
        assertTrue(one.id() != two.id());
      }
    }
  }

  @Case(seconds = 60)
  void channelBeyondTheLimitIsRefusedWithItsCode() throws Exception {
    try (Listener listener = Bench.listen("max-channels=1")) {
      Endpoint login = Bench.login(listener.endpoint(), "share=true");
      try (Channel first = Bench.open(login)) {
        OpenFailedException refused =
            assertThrows(OpenFailedException.class, () -> Bench.open(login));
        assertEquals(4, refused.code());
        OpenFailedException prohibited =
            assertThrows(
                OpenFailedException.class,
                () -> Bench.open(Endpoint.parse(login + "&direct=127.0.0.1:1")));
        assertEquals(1, prohibited.code());
        assertTrue(first.isOpen());
      }
    }
  }

  @Test
  void persistingConnectionIsUsedAgain() throws Exception {
    try (Listener listener = Bench.listen()) {
      Endpoint login = Bench.login(listener.endpoint(), "share=true", "persist=1m");
      Channel first = Bench.open(login);
      var address = first.local();
      first.close();
      try (Channel second = Bench.open(login)) {
        assertEquals(address, second.local());
      }
    }
  }

  @Case(seconds = 60)
  void sessionWithoutAProgramEndsWithItsListener() throws Exception {
    Listener listener = Bench.listen();
    try (Channel client = Bench.open(Bench.login(listener.endpoint()))) {
      listener.close();
      assertThrows(StreamTruncatedException.class, () -> all(client.source()));
      listener.closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
    } finally {
      listener.close();
    }
  }

  @Test
  void threadsGoWithTheLastConnection() throws Exception {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    Set<Thread> started;
    try (Penstock own = Penstock.open()) {
      own.provide(new SshProvider());
      Listener listener = own.channels().listen(Bench.listening(), ChannelOptions.defaults());
      Channel client =
          own.channels()
              .open(Bench.connecting(listener.endpoint()), ChannelOptions.defaults(), Bench.SOON);
      started = new HashSet<>(Thread.getAllStackTraces().keySet());
      started.removeAll(before);
      // The JDK's own pools keep theirs.
      started.removeIf(
          each -> each.getName().matches("(ForkJoinPool|VirtualThread|process reaper).*"));
      assertFalse(started.isEmpty());
      client.abort(new IOException("the test is over"));
      listener.close();
    }
    for (Thread each : started) {
      assertTrue(each.isDaemon(), each.getName());
      each.join(20_000);
      assertFalse(each.isAlive(), each.getName());
    }
  }

  @Case(seconds = 60)
  void valuesOfThisKindAreComparedAndShown() {
    assertEquals(SshExit.of(7), SshExit.of(7));
    assertEquals("exit status 7", SshExit.of(7).toString());
    assertEquals("ended by signal TERM", SshExit.of("TERM", false, "").toString());
    assertEquals("no exit status", SshExit.none().toString());
    assertThrows(IllegalArgumentException.class, () -> Pty.defaults().withSize(-1, 0));
    assertThrows(IllegalArgumentException.class, () -> Pty.defaults().withPixels(0, -1));
    assertEquals("vt100 80x24 (0x0 pixels)", Pty.defaults().toString());
  }

  /** Many more bytes than the server has room for: they keep the channel until the close limit. */
  static Channel withUnsent(Channel client) {
    CompletionStage<Void> unused = client.sink().writeAsync(ByteBuffer.allocate(16 << 20));
    return client;
  }

  static Endpoint lingering(Listener listener) {
    return Bench.login(listener.endpoint(), "closeTimeout=1m");
  }

  @Case(seconds = 60)
  void closeOfOursWakesWhoWaitsForAnAnswerWhileBytesLeave() throws Exception {
    CountDownLatch answers = new CountDownLatch(1);
    SshPolicy slow =
        new SshPolicy() {
          @Override
          public boolean permits(SshQuestion question) {
            if (question.kind() != SshQuestion.Kind.EXEC) {
              return question.configured();
            }
            try {
              answers.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            return false;
          }
        };
    Bench.PROVIDER.addPolicy("silent", slow);
    try (Listener listener = Bench.listen("policy=silent")) {
      Channel client = withUnsent(Bench.open(lingering(listener)));
      CompletableFuture<IOException> waiting =
          Bench.failing(() -> exec(Bench.client(client), Wait.forever()));
      CompletableFuture<Void> closed = client.closeAsync().toCompletableFuture();
      assertInstanceOf(StreamClosedWhileWaitingException.class, waiting.get(20, TimeUnit.SECONDS));
      assertFalse(closed.isDone(), "its bytes still leave");
      assertRefused("the channel is closed", () -> exec(Bench.client(client), Bench.SOON));
      client.abort(new IOException("the test is over"));
    } finally {
      answers.countDown();
      Bench.PROVIDER.removePolicy("silent", slow);
    }
  }

  private static Object exec(SshClientFacet facet, Wait wait) throws IOException {
    facet.exec(bytes("x"), wait);
    return facet;
  }

  @Case(seconds = 60)
  void closeOfOursWakesWhoWaitsForAnXClientWhileBytesLeave() throws Exception {
    try (Listener listener = Bench.listen("allow=exec,x11")) {
      Channel client = Bench.open(lingering(listener));
      SshClientFacet facet = Bench.client(client);
      String unused = facet.forwardX11(SshX11.defaults(), Bench.SOON);
      facet.exec(bytes("x"), Bench.SOON);
      Channel server = listener.accept(Bench.SOON);
      CompletableFuture<IOException> waiting = Bench.failing(() -> facet.acceptX11(Wait.forever()));
      CompletableFuture<Void> closed = withUnsent(client).closeAsync().toCompletableFuture();
      assertInstanceOf(StreamClosedException.class, waiting.get(20, TimeUnit.SECONDS));
      assertFalse(closed.isDone(), "its bytes still leave");
      client.abort(new IOException("the test is over"));
      server.abort(new IOException("the test is over"));
    }
  }

  @Case(seconds = 60)
  void closeOfOursWakesWhoWaitsForTheClientsAgent() throws Exception {
    try (Listener listener = Bench.listen("allow=exec,agent")) {
      Channel client = Bench.open(Bench.login(listener.endpoint()));
      Bench.client(client).forwardAgent(channel -> {});
      Bench.client(client).exec(bytes("x"), Bench.SOON);
      Channel server = listener.accept(Bench.SOON);
      // A client that answers nothing any more, but what it was reading already.
      Bench.session(client).getIoSession().suspendRead();
      Wait brief = Wait.upTo(Duration.ofSeconds(1));
      IOException unheard = Bench.failing(() -> Bench.server(server).openAgent(brief)).get();
      assertTrue(unheard == null || unheard instanceof StreamTimeoutException);
      CompletableFuture<IOException> waiting =
          Bench.failing(() -> Bench.server(server).openAgent(Wait.forever()));
      CompletionStage<Void> unused = server.closeAsync();
      assertInstanceOf(StreamClosedWhileWaitingException.class, waiting.get(20, TimeUnit.SECONDS));
      client.abort(new IOException("the test is over"));
      server.abort(new IOException("the test is over"));
    }
  }
}
