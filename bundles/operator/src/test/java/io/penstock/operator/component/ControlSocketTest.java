// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator.component;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.PeerCredentials;
import io.penstock.operator.OperatorCommands;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.FrameSource;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlSocketTest {
  private static final Wait SOON = Wait.millis(20_000);

  @TempDir Path folder;

  private final Penstock penstock = Penstock.open();
  private final CountDownLatch asked = new CountDownLatch(1);

  @AfterEach
  void close() {
    penstock.close();
  }

  private OperatorCommands commands() {
    return ControlSocketComponent.commands(
        () -> {
          asked.countDown();
          return penstock.runtime().runtime();
        },
        penstock.control(),
        penstock.channels(),
        penstock.relays(),
        "1",
        path());
  }

  private Path path() {
    return folder.resolve("control.sock");
  }

  private Channel connect() throws IOException {
    return penstock.channels().open(Endpoint.unix(path()), ChannelOptions.defaults(), SOON);
  }

  /** The reply to a request, with the kind of each frame before its text. */
  private String reply(String request) throws IOException {
    try (Channel channel = connect()) {
      channel.sink().writeFully(request + "\n");
      return frames(channel);
    }
  }

  private static String frames(Channel channel) throws IOException {
    StringBuilder text = new StringBuilder();
    FrameSource frames = channel.source().frames(ControlSession.FRAMES);
    for (ByteBuffer frame = frames.next(SOON); frame != null; frame = frames.next(SOON)) {
      char kind = (char) frame.get();
      text.append(kind).append(' ');
      if (kind == 'x') {
        return text.append(frame.get()).toString();
      }
      text.append(StandardCharsets.UTF_8.decode(frame));
    }
    return text + "the end";
  }

  @Test
  void commandsAreAnsweredWithOutputAndStatus() throws Exception {
    try (ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path())) {
      assertNotNull(socket);
      assertEquals(
          "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path())));
      assertEquals("o no pipes\nx 0", reply("penstock-control 1 plain pipes"));
      assertTrue(
          reply("penstock-control 1 plain channels --json").contains("\"channels\":[{\"id\":"));
      String refused = reply("penstock-control 1 plain info no+such%0aname");
      assertEquals("e there is no object named 'no such\\nname'x 2", refused);
      assertTrue(reply("GET / HTTP/1.1").startsWith("e this is the control socket of Penstock"));
    }
    assertFalse(Files.exists(path()));
  }

  @Test
  void eachCommandWorks() throws Exception {
    Map<String, String> arguments =
        Map.of(
            "info", " orders",
            "why", " orders",
            "peek", " orders 3",
            "relay", " --name joined mem-listen%3Aa echo%3A",
            "close", " joined",
            "pause", " orders",
            "resume", " orders",
            "trace", " orders on");
    try (var pipe = penstock.pipes().create(PipeOptions.defaults().withName("orders"));
        ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path())) {
      assertNotNull(socket);
      pipe.sink().writeFully("hello");
      for (String name : OperatorCommands.names()) {
        if (!name.equals("tap")) {
          String all = reply("penstock-control 1 plain " + name + arguments.getOrDefault(name, ""));
          assertTrue(all.endsWith("x 0"), () -> name + ": " + all);
        }
      }
      String peeked = reply("penstock-control 1 plain peek orders 3");
      assertTrue(peeked.endsWith("|hel|\nx 0"), peeked);
    }
  }

  private long id(String kind) {
    return kind.equals("listener")
        ? penstock.runtime().runtime().listeners().get(0).id()
        : penstock.runtime().runtime().channels().stream()
            .filter(channel -> channel.kind().equals("unix-listen"))
            .findFirst()
            .orElseThrow()
            .id();
  }

  @Test
  void commandsDoNothingToTheirOwnSocket() throws Exception {
    try (ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path());
        Channel idle = connect();
        Channel watching = connect()) {
      assertNotNull(socket);
      assertTrue(idle.isOpen());
      watching.sink().writeFully("penstock-control 1 plain pipes --watch\n");
      assertEquals("ono pipes\n", next(watching));
      List<String> listener = List.of("control", "%23" + id("listener"), "" + id("listener"));
      List<String> channel = List.of("control", "%23" + id("channel"));
      for (String name : listener) {
        assertOwn("close", name);
        assertOwn("pause", name);
      }
      for (String name : channel) {
        assertOwn("close", name);
        assertOwn("pause", name);
        assertOwn("tap", name);
        assertOwn("trace", name + " on");
      }
      assertTrue(reply("penstock-control 1 plain resume %23" + id("listener")).endsWith("x 0"));
      assertEquals("o no pipes\nx 0", reply("penstock-control 1 plain pipes"));
    }
    awaitThreads();
  }

  private void assertOwn(String command, String rest) throws IOException {
    String said = reply("penstock-control 1 plain " + command + " " + rest);
    assertTrue(said.startsWith("e " + command + ": '"), said);
    assertTrue(said.contains("change the configuration io.penstock.Controlx 2"), said);
  }

  @Test
  void anotherObjectOfTheSocketsNameIsReachedByItsNumber() throws Exception {
    try (var pipe = penstock.pipes().create(PipeOptions.defaults().withName("control"));
        ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path())) {
      assertNotNull(socket);
      long number = penstock.runtime().runtime().pipes().get(0).id();
      assertOwn("close", "control");
      assertEquals("x 0", reply("penstock-control 1 plain close " + number));
      assertFalse(pipe.sink().isOpen());
    }
  }

  /** Joins the threads that serve peers: they end by themselves, and the test fails otherwise. */
  private static void awaitThreads() throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().matches("penstock-control-\\d+")) {
        thread.join(20_000);
        assertFalse(thread.isAlive(), thread::getName);
      }
    }
  }

  private static String next(Channel channel) throws IOException {
    ByteBuffer frame = channel.source().frames(ControlSession.FRAMES).next(SOON);
    return frame == null ? "the end" : StandardCharsets.UTF_8.decode(frame).toString();
  }

  @Test
  void aCommandThatGoesOnEndsWithItsPeer() throws Exception {
    try (ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path())) {
      assertNotNull(socket);
      try (Channel channel = connect()) {
        channel.sink().writeFully("penstock-control 1 terminal pipes --watch\n");
        assertEquals("o\033[H\033[2J", next(channel));
        assertTrue(asked.await(20, TimeUnit.SECONDS));
      }
      awaitThreads();
    }
  }

  @Test
  void aTapOfASilentPipeEndsWithItsPeer() throws Exception {
    try (var pipe = penstock.pipes().create(PipeOptions.defaults().withName("orders"));
        ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path())) {
      assertNotNull(socket);
      try (Channel channel = connect()) {
        channel.sink().writeFully("penstock-control 1 plain tap orders\n");
        // Until the tap is there nothing is shown; each write is shown from then on.
        Signal answered = channel.source().readable();
        do {
          pipe.sink().writeFully("hello");
          pipe.source().readFully(ByteBuffer.allocate(5));
        } while (!answered.tryAwait(Wait.millis(10)));
        assertTrue(next(channel).contains("|hello"), "what goes by");
      }
      awaitThreads();
    }
  }

  @Test
  void onePeerThatDoesNotReadKeepsNobodyWaiting() throws Exception {
    try (ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path())) {
      assertNotNull(socket);
      List<Channel> idle = new ArrayList<>();
      try {
        while (idle.size() < ControlSocket.MAX_PEERS) {
          Channel channel = connect();
          idle.add(channel);
          channel.sink().writeFully("penstock-control 1 plain pipes\n");
          // It stays, as a pager does that shows the answer's beginning.
          channel.source().readable().await(SOON);
          if (idle.size() == ControlSocket.MAX_PEERS - 1) {
            assertEquals("o no pipes\nx 0", reply("penstock-control 1 plain pipes"));
            awaitFewer();
          }
        }
        assertEquals(
            "e 32 commands are being run; expected lessx 1",
            reply("penstock-control 1 plain pipes"));
      } finally {
        for (Channel channel : idle) {
          channel.close();
        }
      }
      awaitThreads();
      assertEquals("o no pipes\nx 0", reply("penstock-control 1 plain pipes"));
    }
  }

  /** Until the thread of a peer that has gone has ended. */
  private static void awaitFewer() {
    while (threads() >= ControlSocket.MAX_PEERS) {
      LockSupport.parkNanos(200_000);
    }
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches("penstock-control-\\d+"))
        .count();
  }

  @Test
  void aLongAnswerThatNobodyReadsHoldsUpNeitherOthersNorTheClose() throws Exception {
    for (int i = 0; i < 2000; i++) {
      penstock.pipes().create(PipeOptions.defaults().withName("pipe-" + i));
    }
    ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path());
    try (Channel channel = connect()) {
      channel.sink().writeFully("penstock-control 1 plain pipes --json\n");
      // More than the system keeps for a peer: the thread that writes it waits from now on.
      channel.source().readable().await(SOON);
      assertTrue(reply("penstock-control 1 plain pipes pipe-1999").contains("pipe-1999"));
      assertTimeout(Duration.ofSeconds(10), socket::close);
      awaitThreads();
    }
  }

  @Test
  void closeEndsTheCommandsThatGoOn() throws Exception {
    Channel channel;
    Channel silent;
    try (ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path())) {
      assertNotNull(socket);
      channel = connect();
      silent = connect();
      channel.sink().writeFully("penstock-control 1 plain pipes --watch\n");
      assertEquals("ono pipes\n", next(channel));
    }
    try (channel;
        silent) {
      awaitThreads();
      String rest = frames(channel);
      assertTrue(rest.endsWith("e the container has ended the commandx 1"), rest);
      assertThrows(IOException.class, () -> connect().close());
    }
  }

  @Test
  void anInterruptedCloseEndsItsPeersAtOnce() throws Exception {
    ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path());
    try (Channel silent = connect()) {
      assertTrue(silent.isOpen());
      while (threads() == 0) {
        LockSupport.parkNanos(200_000);
      }
      Thread.currentThread().interrupt();
      socket.close();
      assertTrue(Thread.interrupted(), "the caller sees its interrupt");
      // A peer has 10 seconds for its command.
      assertTimeout(Duration.ofSeconds(8), ControlSocketTest::awaitThreads);
    }
  }

  /** Real channels, but the first one that is accepted has no sink. */
  private ChannelFactory withoutFirstSink() {
    AtomicBoolean first = new AtomicBoolean(true);
    return fake(
        ChannelFactory.class,
        penstock.channels(),
        (listen, listener) ->
            !listen.equals("listen")
                ? listener
                : fake(
                    Listener.class,
                    listener,
                    (accept, channel) ->
                        !accept.equals("accept") || !first.getAndSet(false)
                            ? channel
                            : fake(
                                Channel.class,
                                channel,
                                (sink, result) -> {
                                  if (sink.equals("sink")) {
                                    throw new IllegalStateException("no sink");
                                  }
                                  return result;
                                })));
  }

  /** Calls another object, and changes what that returns. */
  private static <T> T fake(
      Class<T> type, Object real, BiFunction<String, Object, Object> changed) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                return changed.apply(method.getName(), method.invoke(real, arguments));
              } catch (InvocationTargetException e) {
                throw e.getTargetException();
              }
            }));
  }

  @Test
  void aPeerThatCannotBeServedIsToldByAnEnd() throws Exception {
    try (ControlSocket socket = new ControlSocket(withoutFirstSink(), commands(), path());
        Channel channel = connect()) {
      assertNotNull(socket);
      // The end of the connection, as an end or as a reset.
      assertTrue(channel.source().readable().tryAwait(SOON), "the peer is left alone");
      assertEquals("o no pipes\nx 0", reply("penstock-control 1 plain pipes"));
    }
  }

  @Test
  void aSocketThatIsInUseIsLeftAndOneThatWasLeftIsTaken() throws Exception {
    try (ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path())) {
      assertNotNull(socket);
      IOException refused =
          assertThrows(
              IOException.class,
              () -> new ControlSocket(penstock.channels(), commands(), path()).close());
      assertTrue(refused.getMessage().contains("is in use"), refused::toString);
      assertEquals("o no pipes\nx 0", reply("penstock-control 1 plain pipes"));
    }
    // A killed process leaves its file as this does, which does not unlink it.
    try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      left.bind(UnixDomainSocketAddress.of(path()));
    }
    assertTrue(Files.exists(path()));
    try (ControlSocket socket = new ControlSocket(penstock.channels(), commands(), path())) {
      assertNotNull(socket);
      assertEquals("o no pipes\nx 0", reply("penstock-control 1 plain pipes"));
    }
    assertFalse(Files.exists(path()));
  }

  @Test
  void anotherUserIsRefused() throws Exception {
    try (ControlSocket socket =
        new ControlSocket(penstock.channels(), commands(), path(), bound -> peer -> false)) {
      assertNotNull(socket);
      assertEquals(
          "e only the user of the container and root may send commandsx 1",
          reply("penstock-control 1 plain pipes"));
      assertEquals(1, asked.getCount());
    }
  }

  @Test
  void ownerAndRootMaySendCommands() throws Exception {
    Path file = Files.createFile(path());
    long uid = ((Number) Files.getAttribute(file, "unix:uid")).longValue();
    String name = Files.getOwner(file).getName();
    var rule = ControlSocket.ownerOf(file);
    assertTrue(rule.test(peer(uid, "any")));
    assertTrue(rule.test(peer(0, "any")));
    assertFalse(rule.test(peer(uid + 1, name)));
    // Without native calls there are names only.
    assertTrue(rule.test(peer(-1, name)));
    assertTrue(rule.test(peer(-1, "root")));
    assertFalse(rule.test(peer(-1, "mallory")));
  }

  private static PeerCredentials peer(long uid, String user) {
    return new PeerCredentials(
        OptionalLong.empty(),
        uid < 0 ? OptionalLong.empty() : OptionalLong.of(uid),
        OptionalLong.empty(),
        Optional.of(user),
        Optional.empty());
  }
}
