// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A thousand channels on one connection, and no thread for any of them. */
class ManyChannelsTest {
  private static final int MANY = 1000;

  /** What the pools may differ by between two looks at them. */
  private static final int SLACK = 50;

  private static void say(String what, long begun) {
    System.getLogger("io.penstock.test")
        .log(
            Level.INFO,
            "{0}: {1} ms",
            what,
            TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun));
  }

  private static void close(List<Channel> channels) throws IOException {
    for (Channel each : channels) {
      each.closeAsync();
    }
  }

  private static byte[] number(int i) {
    return ByteBuffer.allocate(4).putInt(i).array();
  }

  @Case(seconds = 120)
  void thousandChannelsToOpenSsh() throws Exception {
    try (OpenSsh.Server server = OpenSsh.Server.start("MaxSessions 2000");
        Echo echo = Echo.tcp()) {
      Endpoint login = server.login("share=true");
      List<Channel> channels = new ArrayList<>();
      channels.add(Bench.open(login));
      long before = ours();
      long begun = System.nanoTime();
      while (channels.size() < MANY) {
        channels.add(Bench.open(login));
      }
      say(MANY + " sessions opened on one connection to OpenSSH", begun);
      long after = ours();
      assertTrue(after <= before + SLACK, before + " threads became " + after);
      // The last of them works, and so does one of another kind beside them.
      Channel last = channels.get(MANY - 1);
      Bench.client(last)
          .exec(
              ByteBuffer.wrap("cat".getBytes(java.nio.charset.StandardCharsets.UTF_8)), Bench.SOON);
      Echo.exchange(last);
      try (Channel direct = Bench.open(Endpoint.parse(login + "&direct=" + echo.target()))) {
        Echo.exchange(direct);
      }
      close(channels);
    }
  }

  @Case(seconds = 120)
  void thousandChannelsToOurselves() throws Exception {
    try (Listener listener = Bench.listen("max-channels=" + MANY, "window=32KiB")) {
      Endpoint login = Bench.connecting(listener.endpoint(), "share=true", "window=32KiB");
      List<Channel> clients = new ArrayList<>();
      List<Channel> servers = new ArrayList<>();
      clients.add(Bench.open(login));
      servers.add(listener.accept(Bench.SOON));
      long before = ours();
      long begun = System.nanoTime();
      while (clients.size() < MANY) {
        clients.add(Bench.open(login));
        servers.add(listener.accept(Bench.SOON));
      }
      say(MANY + " commands started on one connection to ourselves", begun);
      begun = System.nanoTime();
      for (int i = 0; i < MANY; i++) {
        clients.get(i).sink().writeFully(ByteBuffer.wrap(number(i)), Bench.SOON);
      }
      for (int i = 0; i < MANY; i++) {
        ByteBuffer got = ByteBuffer.allocate(4);
        servers.get(i).source().readFully(got, Bench.SOON);
        assertEquals(i, got.flip().duplicate().getInt());
        servers.get(i).sink().writeFully(got, Bench.SOON);
      }
      for (int i = 0; i < MANY; i++) {
        ByteBuffer got = ByteBuffer.allocate(4);
        clients.get(i).source().readFully(got, Bench.SOON);
        assertEquals(i, got.flip().getInt());
      }
      say("a message there and back on each of " + MANY, begun);
      long after = ours();
      assertTrue(after <= before + SLACK, before + " threads became " + after);
      close(clients);
      close(servers);
    }
  }

  @Case(seconds = 120)
  void thousandConnectionsThroughOurselves() throws Exception {
    try (Echo echo = Echo.tcp();
        Listener listener =
            Bench.listen("max-channels=" + MANY, "permit-open=127.0.0.1:*", "window=32KiB")) {
      Endpoint login =
          Bench.login(listener.endpoint(), "share=true", "window=32KiB", "direct=" + echo.target());
      List<Channel> channels = new ArrayList<>();
      channels.add(Bench.open(login));
      long before = ours();
      long begun = System.nanoTime();
      while (channels.size() < MANY) {
        channels.add(Bench.open(login));
      }
      say(MANY + " connections forwarded by one connection", begun);
      for (int i = 0; i < MANY; i++) {
        channels.get(i).sink().writeFully(ByteBuffer.wrap(number(i)), Bench.SOON);
        channels.get(i).sink().end();
      }
      for (int i = 0; i < MANY; i++) {
        assertEquals(ByteBuffer.wrap(number(i)), channels.get(i).source().readAll(99, Bench.SOON));
      }
      long after = ours();
      assertTrue(after <= before + SLACK, before + " threads became " + after);
      close(channels);
    }
  }

  /** Without those of the echo, which has one for each. */
  private static long ours() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(each -> !each.getName().startsWith("echo"))
        .count();
  }
}
