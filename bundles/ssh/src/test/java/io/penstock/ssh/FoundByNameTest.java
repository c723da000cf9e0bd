// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.AddressException;
import io.penstock.error.HandshakeException;
import io.penstock.remote.spi.Advertised;
import io.penstock.runtime.RemoteDTO;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** An SSH server of another container is connected to by {@code remote:NAME}. */
class FoundByNameTest {
  /** The servers by rank, the first of them first, each known by our host key only. */
  private static Endpoint door(Listener... servers) throws IOException {
    List<String> list = new ArrayList<>();
    List<String> known = new ArrayList<>();
    for (Listener each : servers) {
      Endpoint published = Advertised.endpoint(each.endpoint(), Map.of());
      list.add("door=" + published + ";rank=" + (servers.length - list.size()));
      int port = Bench.port(each.endpoint());
      known.add("[127.0.0.1]:" + port + " " + Bench.publicKey(Bench.HOST_KEY));
    }
    Path file = Files.write(Files.createTempFile(Bench.FOLDER, "known", ""), known);
    return Endpoint.parse("remote:door")
        .withOption("servers", "static:" + String.join(",", list))
        .withOption("exec", "anything")
        .withOption("identity", Bench.CLIENT_KEY.toString())
        .withOption("known-hosts", file.toString());
  }

  /** The caller names its user, since what is published has none. */
  @Test
  void aPublishedServerIsLoggedInToAsTheUserOfTheCaller() throws Exception {
    try (Listener listener = Bench.listen("users=tester");
        Channel client = Bench.open(door(listener).withOption("user", "tester"));
        Channel server = listener.accept(Bench.SOON)) {
      client.sink().writeFully("tea\n", Bench.SOON);
      server.source().readWait(Bench.SOON);
      assertEquals("tea", server.source().readLine(UTF_8, 100));
      assertEquals("tester", Bench.server(server).user());
    }
  }

  @Test
  void withoutAUserTheErrorSaysWhatIsMissing() throws Exception {
    try (Listener listener = Bench.listen()) {
      Endpoint door = door(listener);
      AddressException none = assertThrows(AddressException.class, () -> Bench.open(door));
      assertEquals(AddressException.Kind.INVALID, none.kind());
      assertTrue(none.getMessage().endsWith("no user, and no option user"), none.getMessage());
    }
  }

  @Test
  void aServerWithAnotherKeyIsFollowedByTheNext() throws Exception {
    String keys = "?hostkey=" + Bench.STRANGER_KEY + "&authorized-keys=" + Bench.AUTHORIZED;
    Endpoint wrong = Endpoint.parse("ssh-listen://127.0.0.1:0" + keys);
    try (Listener stranger = Bench.CHANNELS.listen(wrong, ChannelOptions.defaults());
        Listener listener = Bench.listen()) {
      Endpoint door = door(stranger, listener).withOption("user", "tester");
      try (Channel client = Bench.open(door);
          Channel server = listener.accept(Bench.SOON)) {
        assertEquals(client.peer(), server.local());
      }
      RemoteDTO seen =
          Bench.PENSTOCK.runtime().runtime().remotes().stream()
              .filter(each -> each.registry().equals(door.options().get("servers")))
              .findFirst()
              .orElseThrow();
      assertEquals(1, seen.failovers());
      assertTrue(seen.entries().get(0).trouble().contains("key"), seen.toString());
      Endpoint only = door(stranger).withOption("user", "tester");
      assertThrows(HandshakeException.class, () -> Bench.open(only));
    }
  }

  /** So the author of a published address does not choose the caller's user. */
  @Test
  void theOptionGoesBeforeTheUserOfTheEndpoint() throws Exception {
    try (Listener listener = Bench.listen("users=tester")) {
      Endpoint other =
          Endpoint.parse(
              Bench.connecting(listener.endpoint()).toString().replace("tester@", "other@"));
      assertThrows(HandshakeException.class, () -> Bench.open(other));
      assertThrows(IllegalArgumentException.class, () -> Bench.open(other.withOption("user", " ")));
      try (Channel client = Bench.open(other.withOption("user", "tester"));
          Channel server = listener.accept(Bench.SOON)) {
        assertEquals("tester", Bench.server(server).user());
        assertTrue(client.isOpen());
      }
    }
  }
}
