// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JournalTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final Logger all = Logger.getLogger("io.penstock");
  private final Logger tcp = Logger.getLogger("io.penstock.channel.tcp");
  private final Logger listening = Logger.getLogger("io.penstock.channel.tcp-listen");
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          lines.add(
              line.getLevel()
                  + " "
                  + line.getLoggerName()
                  + " "
                  + new SimpleFormatter().formatMessage(line));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    all.addHandler(handler);
    all.setUseParentHandlers(false);
    handler.setLevel(Level.ALL);
  }

  @AfterEach
  void leave() {
    all.removeHandler(handler);
    all.setUseParentHandlers(true);
    tcp.setLevel(null);
    listening.setLevel(null);
  }

  private String next() throws InterruptedException {
    while (true) {
      String line = lines.poll(20, TimeUnit.SECONDS);
      assertTrue(line != null, "nothing was logged");
      // Which comes once in a process.
      if (!line.contains(" io.penstock.native ")) {
        return line;
      }
    }
  }

  @Test
  void comingAndGoingIsLoggedByTheKindThatWasRaised() throws Exception {
    tcp.setLevel(Level.FINE);
    try (Penstock penstock = Penstock.open();
        Listener listener =
            penstock
                .channels()
                .listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), ChannelOptions.defaults())) {
      // The scheme of the listener was not raised.
      assertEquals(List.of(), List.copyOf(lines));
      Endpoint there =
          Endpoint.parse("tcp:" + listener.endpoint().address() + "?noDelay=true&closeTimeout=3s");
      String name = "tcp:" + there.address();
      Channel channel = penstock.channels().open(there, ChannelOptions.defaults(), SOON);
      assertEquals("FINE io.penstock.channel.tcp " + name + ": connecting", next());
      String connected = next();
      assertTrue(
          connected.startsWith("FINE io.penstock.channel.tcp " + name + ": connected to "),
          connected);
      channel.close();
      assertEquals("FINE io.penstock.channel.tcp " + name + ": closed", next());
    }
  }

  @Test
  void whoIsAcceptedAndAbortedIsLogged() throws Exception {
    listening.setLevel(Level.FINE);
    try (Penstock penstock = Penstock.open()) {
      Listener listener =
          penstock
              .channels()
              .listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), ChannelOptions.defaults());
      String name = listener.endpoint().toString();
      assertEquals("FINE io.penstock.channel.tcp-listen " + name + ": listening", next());
      try (Channel channel =
          penstock
              .channels()
              .open(
                  Endpoint.parse("tcp:" + listener.endpoint().address()),
                  ChannelOptions.defaults(),
                  SOON)) {
        Channel accepted = listener.accept(SOON);
        String line = next();
        String peer = String.valueOf(channel.local().orElseThrow());
        assertEquals(
            "FINE io.penstock.channel.tcp-listen " + name + ": accepted from " + peer, line);
        accepted.abort(new IOException("secret"));
        assertEquals(
            "FINE io.penstock.channel.tcp-listen "
                + name
                + ": aborted from "
                + peer
                + ": IOException",
            next());
      }
      listener.close();
      assertEquals(
          "FINE io.penstock.channel.tcp-listen " + name + ": not listening any more", next());
    }
  }

  @Test
  void aCommandIsInNoLine() throws Exception {
    Logger exec = Logger.getLogger("io.penstock.channel.exec");
    exec.setLevel(Level.FINE);
    try (Penstock penstock = Penstock.open()) {
      assertThrows(
          IOException.class,
          () ->
              penstock
                  .channels()
                  .open(
                      Endpoint.parse("exec:/no/such --password hunter2"),
                      ChannelOptions.defaults(),
                      SOON));
      assertEquals("FINE io.penstock.channel.exec exec:/no/such ...: connecting", next());
      assertEquals(
          "FINE io.penstock.channel.exec exec:/no/such ...: not connected: AddressException",
          next());
    } finally {
      exec.setLevel(null);
    }
    // And the failure is told once.
    assertEquals(List.of(), List.copyOf(lines));
  }

  @Test
  void aNameForgesNoLineAndReachesNoTerminal() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      Pipe pipe =
          penstock.pipes().create(PipeOptions.defaults().withName("x\nWARN all is lost\u001b[2J"));
      pipe.sink().write(UTF_8.encode("dropped"), Wait.none());
      pipe.source().close();
      String line = next();
      assertTrue(line.startsWith("WARNING io.penstock.core x\\nWARN all is lost\\u001b[2J"), line);
      pipe.close();
    }
  }

  @Test
  void thePeersOfAChannelForgeNoLine() throws Exception {
    try (Penstock penstock = Penstock.open();
        Listener listener =
            penstock
                .channels()
                .listen(Endpoint.parse("mem-listen:a\u001b[2J\nb"), ChannelOptions.defaults());
        Channel channel =
            penstock
                .channels()
                .open(Endpoint.parse("mem:a\u001b[2J\nb"), ChannelOptions.defaults(), SOON);
        Channel accepted = listener.accept(SOON)) {
      channel.sink().writeFully("dropped", SOON);
      accepted.source().awaitReadable(SOON);
      accepted.source().close();
      String line = next();
      assertTrue(line.contains("a\\u001b[2J\\nb"), line);
      assertEquals(1, line.lines().count(), line);
      assertFalse(line.contains("\u001b"), line);
    }
  }
}
