// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.RequestRejectedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The user's X server, reached from the server. */
class X11ForwardTest {
  static final String PROTOCOL = "MIT-MAGIC-COOKIE-1";
  static final String REAL = "00112233445566778899aabbccddeeff";
  private static final InetSocketAddress FROM =
      InetSocketAddress.createUnresolved("192.0.2.7", 4711);

  /** The first message of an X client. */
  static byte[] greeting(boolean bigEndian, String protocol, String cookie) {
    byte[] shown = HexFormat.of().parseHex(cookie);
    int start = 12 + (protocol.length() + 3) / 4 * 4;
    ByteBuffer message = ByteBuffer.allocate(start + (shown.length + 3) / 4 * 4);
    message.order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    message.put((byte) (bigEndian ? 'B' : 'l')).put((byte) 0).putShort((short) 11);
    message.putShort((short) 0).putShort((short) protocol.length());
    message.putShort((short) shown.length);
    message.put(12, protocol.getBytes(StandardCharsets.US_ASCII));
    message.put(start, shown);
    return message.array();
  }

  static byte[] read(Channel channel, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    channel.source().readFully(bytes, Bench.SOON);
    return bytes.array();
  }

  private static void write(Channel channel, byte[] bytes) throws IOException {
    channel.sink().writeFully(ByteBuffer.wrap(bytes), Bench.SOON);
  }

  /** What a session needs to be asked for X11, on either side. */
  private record Meeting(Listener listener, Channel client, Channel server)
      implements AutoCloseable {
    static Meeting of(Display display, String... options) throws Exception {
      Listener listener =
          Bench.listen(options.length == 0 ? new String[] {"allow=exec,x11"} : options);
      Channel client = Bench.open(Bench.login(listener.endpoint()));
      display.ask(Bench.client(client));
      Bench.client(client).exec(ByteBuffer.wrap(new byte[] {'x'}), Bench.SOON);
      return new Meeting(listener, client, listener.accept(Bench.SOON));
    }

    SshServerFacet session() {
      return Bench.server(server);
    }

    @Override
    public void close() {
      client.abort(new IOException("the test is over"));
      server.abort(new IOException("the test is over"));
      try {
        listener.close();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  @FunctionalInterface
  private interface Display {
    void ask(SshClientFacet session) throws IOException;
  }

  // ---- our own on both sides

  @Case(seconds = 60)
  void realCookieTakesThePlaceOfTheFakeOne() throws Exception {
    BlockingQueue<String> cookies = new LinkedBlockingQueue<>();
    SshX11 wanted = SshX11.defaults().withScreen(2).withRealCookie(REAL);
    try (Meeting meeting =
        Meeting.of(session -> cookies.add(session.forwardX11(wanted, Bench.SOON)))) {
      String cookie = cookies.remove();
      assertTrue(cookie.matches("[0-9a-f]{32}"), cookie);
      SshX11 offered = meeting.session().x11().orElseThrow();
      assertEquals(SshX11.defaults().withScreen(2).withCookie(cookie), offered);
      SshClientFacet client = Bench.client(meeting.client());
      assertThrows(WouldBlockException.class, () -> client.acceptX11(Wait.none()));
      for (boolean bigEndian : new boolean[] {true, false}) {
        byte[] shown = greeting(bigEndian, PROTOCOL, cookie);
        try (Channel near = meeting.session().openX11(FROM, Bench.SOON)) {
          // In two pieces, and with more behind it.
          write(near, java.util.Arrays.copyOf(shown, 20));
          write(near, java.util.Arrays.copyOfRange(shown, 20, shown.length));
          write(near, new byte[] {1, 2, 3});
          try (Channel far = client.acceptX11(Bench.SOON)) {
            byte[] expected = greeting(bigEndian, PROTOCOL, REAL);
            assertArrayEquals(expected, read(far, expected.length));
            assertArrayEquals(new byte[] {1, 2, 3}, read(far, 3));
            write(far, new byte[] {9});
            assertArrayEquals(new byte[] {9}, read(near, 1));
            SshOriginFacet facet = far.facet(SshOriginFacet.class).orElseThrow();
            assertEquals("x11", facet.type());
            assertEquals(Optional.of(FROM), facet.originator());
            far.sink().end();
            assertEquals(-1, near.source().read(ByteBuffer.allocate(1), Bench.SOON));
          }
        }
      }
      assertThrows(
          StreamTimeoutException.class, () -> client.acceptX11(Wait.upTo(Duration.ofMillis(1))));
      meeting.server().close();
      assertThrows(StreamClosedException.class, () -> client.acceptX11(Bench.SOON));
    }
  }

  @Case(seconds = 60)
  void xClientWithoutTheCookieIsRefused() throws Exception {
    BlockingQueue<String> cookies = new LinkedBlockingQueue<>();
    BlockingQueue<Channel> come = new LinkedBlockingQueue<>();
    try (Meeting meeting =
        Meeting.of(
            session -> cookies.add(session.forwardX11(SshX11.defaults(), come::add, Bench.SOON)))) {
      String cookie = cookies.remove();
      byte[][] wrong = {
        greeting(true, PROTOCOL, REAL),
        greeting(true, PROTOCOL, cookie.substring(2)),
        greeting(true, "XDM-AUTHORIZATION-", cookie),
        greeting(true, "", ""),
        "GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII)
      };
      for (byte[] each : wrong) {
        try (Channel near = meeting.session().openX11(FROM, Bench.SOON)) {
          write(near, each);
          assertTrue(ends(near));
        }
      }
      try (Channel near = meeting.session().openX11(FROM, Bench.SOON)) {
        near.sink().end();
        assertTrue(ends(near));
      }
      assertTrue(come.isEmpty());
      // The session is none the worse for it, and a cookie of one's own is handed on as it is.
      try (Channel near = meeting.session().openX11(FROM, Bench.SOON)) {
        byte[] right = greeting(false, PROTOCOL, cookie);
        write(near, right);
        try (Channel far = come.poll(20, TimeUnit.SECONDS)) {
          assertArrayEquals(right, read(far, right.length));
        }
      }
    }
  }

  private static boolean ends(Channel channel) {
    try {
      return channel.source().read(ByteBuffer.allocate(1), Bench.SOON) < 0;
    } catch (IOException e) {
      return !(e instanceof StreamTimeoutException);
    }
  }

  @Case(seconds = 60)
  void onlyOneXClientComesWhereOnlyOneIsWanted() throws Exception {
    SshX11 once = SshX11.defaults().withCookie(REAL).withSingleConnection(true);
    try (Meeting meeting = Meeting.of(session -> session.forwardX11(once, Bench.SOON))) {
      SshClientFacet client = Bench.client(meeting.client());
      try (Channel near = meeting.session().openX11(FROM, Bench.SOON)) {
        write(near, greeting(true, PROTOCOL, REAL));
        client.acceptX11(Bench.SOON).close();
        assertThrows(
            RequestRejectedException.class, () -> meeting.session().openX11(FROM, Bench.SOON));
      }
    }
  }

  @Case(seconds = 60)
  void sessionsOnOneConnectionAreToldApartByTheirCookies() throws Exception {
    try (Listener listener = Bench.listen("allow=exec,x11")) {
      String login = Bench.login(listener.endpoint(), "share=true").toString();
      BlockingQueue<String> come = new LinkedBlockingQueue<>();
      try (Channel first = Bench.open(Endpoint.parse(login));
          Channel second = Bench.open(Endpoint.parse(login))) {
        String one =
            Bench.client(first).forwardX11(SshX11.defaults(), each -> come.add("1"), Bench.SOON);
        String two =
            Bench.client(second).forwardX11(SshX11.defaults(), each -> come.add("2"), Bench.SOON);
        assertNotEquals(one, two);
        Bench.client(first).exec(ByteBuffer.wrap(new byte[] {'x'}), Bench.SOON);
        try (Channel server = listener.accept(Bench.SOON)) {
          for (String cookie : new String[] {two, one, two}) {
            try (Channel near = Bench.server(server).openX11(FROM, Bench.SOON)) {
              write(near, greeting(true, PROTOCOL, cookie));
              assertEquals(cookie.equals(one) ? "1" : "2", come.poll(20, TimeUnit.SECONDS));
            }
          }
        }
      }
    }
  }

  @Case(seconds = 60)
  void displayIsAskedForOnceAndOnlyWhereItIsAllowed() throws Exception {
    try (Meeting meeting =
        Meeting.of(
            session -> {
              assertThrows(
                  RequestRejectedException.class,
                  () -> session.forwardX11(SshX11.defaults(), Bench.SOON));
              assertThrows(IllegalStateException.class, () -> session.acceptX11(Bench.SOON));
            },
            "allow=exec")) {
      assertEquals(Optional.empty(), meeting.session().x11());
      assertThrows(
          RequestRejectedException.class, () -> meeting.session().openX11(FROM, Bench.SOON));
    }
    try (Meeting meeting =
        Meeting.of(
            session -> {
              session.forwardX11(SshX11.defaults(), Bench.SOON);
              assertThrows(
                  RequestRejectedException.class,
                  () -> session.forwardX11(SshX11.defaults(), Bench.SOON));
            })) {
      assertTrue(meeting.session().x11().isPresent());
      assertThrows(
          RequestRejectedException.class,
          () -> Bench.client(meeting.client()).forwardX11(SshX11.defaults(), Bench.SOON));
    }
  }

  @Test
  void valuesAreCheckedAndSecretsAreNotShown() {
    SshX11 wanted = SshX11.defaults().withCookie("ABCD").withRealCookie("ef01");
    assertEquals(Optional.of("abcd"), wanted.cookie());
    assertEquals(wanted, SshX11.defaults().withRealCookie("EF01").withCookie("abcd"));
    assertFalse(wanted.toString().matches("(?i).*(abcd|ef01).*"), wanted.toString());
    for (String bad : new String[] {"", "a", "xy", "ab cd"}) {
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class, () -> SshX11.defaults().withCookie(bad), bad);
      assertTrue(refused.getMessage().contains("hex"), refused.getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> wanted.withScreen(-1));
    assertThrows(IllegalArgumentException.class, () -> wanted.withProtocol("ü"));
  }

  // ---- OpenSSH

  /** So that sshd finds something that takes cookies. */
  private static Path xauth() throws IOException {
    Path file = Bench.FOLDER.resolve("xauth");
    Files.writeString(file, "#!/bin/sh\ncat >/dev/null\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  private static String escaped(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte each : bytes) {
      text.append(String.format("\\%03o", each & 0xff));
    }
    return text.toString();
  }

  @Case(seconds = 60)
  void xClientOnAServerOfOpenSshReachesTheUsersDisplay() throws Exception {
    // It takes a port of its own near 6010 that is free; it has no others.
    try (OpenSsh.Server server =
            OpenSsh.Server.start("X11Forwarding yes", "XAuthLocation " + xauth());
        Channel channel = Bench.open(server.login("stderr=merge"))) {
      SshClientFacet session = Bench.client(channel);
      String fake = session.forwardX11(SshX11.defaults().withRealCookie(REAL), Bench.SOON);
      String script =
          "d=${DISPLAY#*:}; p=$((6000 + ${d%%.*}));"
              + " exec 3<>/dev/tcp/127.0.0.1/$p; printf '"
              + escaped(greeting(true, PROTOCOL, REAL))
              + "' >&3; head -c 2 <&3 2>/dev/null; echo refused;"
              + " exec 3<>/dev/tcp/127.0.0.1/$p; printf '"
              + escaped(greeting(true, PROTOCOL, fake))
              + "' >&3; head -c 2 <&3; echo \" $DISPLAY\"";
      session.exec(
          ByteBuffer.wrap(
              ("exec bash -c '" + script.replace("'", "'\\''") + "'")
                  .getBytes(StandardCharsets.UTF_8)),
          Bench.SOON);
      try (Channel display = session.acceptX11(Bench.SOON)) {
        byte[] expected = greeting(true, PROTOCOL, REAL);
        assertArrayEquals(expected, read(display, expected.length));
        InetSocketAddress from =
            display.facet(SshOriginFacet.class).orElseThrow().originator().orElseThrow();
        assertEquals("127.0.0.1", from.getHostString());
        write(display, new byte[] {'o', 'k'});
        String said =
            StandardCharsets.UTF_8.decode(channel.source().readAll(9999, Bench.SOON)).toString();
        assertTrue(said.matches("refused\nok [a-z0-9.]*:\\d+\\.0\n"), said);
      }
      assertEquals(0, session.exit(Bench.SOON).status().orElseThrow());
    }
  }

  @Case(seconds = 60)
  void clientOfOpenSshOffersItsDisplay() throws Exception {
    try (Listener listener = Bench.listen("allow=exec,x11");
        ServerSocket display = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ProcessBuilder builder =
          new ProcessBuilder(
                  OpenSsh.client(
                      Bench.port(listener.endpoint()),
                      Bench.CLIENT_KEY,
                      "-Y",
                      "tester@127.0.0.1",
                      "x"))
              .redirectErrorStream(true);
      builder.environment().put("DISPLAY", "127.0.0.1:" + (display.getLocalPort() - 6000) + ".3");
      Process client = builder.start();
      try (Channel channel = listener.accept(Bench.SOON)) {
        SshServerFacet session = Bench.server(channel);
        SshX11 offered = session.x11().orElseThrow();
        assertEquals(3, offered.screen());
        String cookie = offered.cookie().orElseThrow();
        try (Channel near = session.openX11(FROM, Bench.SOON);
            Socket far = display.accept()) {
          byte[] shown = greeting(true, offered.protocol(), cookie);
          write(near, shown);
          byte[] seen = far.getInputStream().readNBytes(shown.length);
          assertArrayEquals(java.util.Arrays.copyOf(shown, 32), java.util.Arrays.copyOf(seen, 32));
          far.getOutputStream().write(7);
          assertArrayEquals(new byte[] {7}, read(near, 1));
        }
        session.sendExitStatus(6);
      }
      assertTrue(client.waitFor(30, TimeUnit.SECONDS));
      assertEquals(6, client.exitValue());
    }
  }
}
