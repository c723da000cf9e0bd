// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Endpoints that are made of parts: each part comes out as it went in. */
class EndpointPartsTest {
  private static final List<String> AWKWARD =
      List.of(
          "%", "?", "#", "&", "=", "+", " ", "@", ":", "%41", "ä", "€", "😀", "\"", "'", "\\", "a");

  private static String any(Random random, String without) {
    StringBuilder text = new StringBuilder();
    int count = 1 + random.nextInt(8);
    while (text.length() < count) {
      String next =
          random.nextBoolean()
              ? AWKWARD.get(random.nextInt(AWKWARD.size()))
              : Character.toString(1 + random.nextInt(0xd7ff));
      if (next.chars().noneMatch(c -> without.indexOf(c) >= 0)) {
        text.append(next);
      }
    }
    return text.toString();
  }

  private static void same(Endpoint made, long seed) {
    assertEquals(made, Endpoint.parse(made.toString()), () -> "seed " + seed + ": " + made);
    Endpoint listener = made.listener();
    assertEquals(made.scheme() + "-listen", listener.scheme());
    assertEquals(made.address(), listener.address());
    assertEquals(listener, Endpoint.parse(listener.toString()), () -> "seed " + seed);
  }

  @Test
  void everyPartComesOutAsItWentIn() {
    long first = Long.getLong("penstock.proof.seed", 1_000);
    for (long seed = first; seed < first + 2_000; seed++) {
      Random random = new Random(seed);
      Path path = Path.of(any(random, "\0"));
      for (Endpoint made : List.of(Endpoint.unix(path), Endpoint.fifo(path))) {
        same(made, seed);
        String address = made.address();
        assertEquals(path.normalize(), Path.of(address).normalize(), "seed " + seed);
        assertFalse(address.startsWith("@"), address);
      }
      String name = any(random, "/");
      same(Endpoint.mem(name), seed);
      assertEquals(name, Endpoint.pipe(name).address());
      same(Endpoint.pipe(name), seed);
      String key = any(random, "") + "x";
      String value = any(random, "");
      Endpoint optioned =
          Endpoint.tcp("h", 1).withOption(key, "before").withOption(key, value).withOption("z", "");
      same(optioned, seed);
      assertEquals(Map.of(key, value, "z", ""), optioned.options());
      String user = any(random, ":/");
      Endpoint ssh = Endpoint.ssh(user, "h", 22);
      same(ssh, seed);
      assertEquals("//" + user + "@h:22", ssh.address());
      assertEquals("ssh://h:22", ssh.anonymous().toString());
    }
  }

  @Test
  void hostsAreWrittenAsInText() {
    assertEquals(Endpoint.parse("tcp://localhost:80"), Endpoint.tcp("localhost", 80));
    assertEquals(Endpoint.parse("tcp://[::1]:80"), Endpoint.tcp("::1", 80));
    assertEquals(Endpoint.parse("tcp://[::1]:80"), Endpoint.tcp("[::1]", 80));
    assertEquals(Endpoint.parse("tcp://[fe80::1:2%25eth0]:80"), Endpoint.tcp("fe80::1:2%eth0", 80));
    assertEquals("//[fe80::1%eth0]:443", Endpoint.tls("fe80::1%eth0", 443).address());
    same(Endpoint.tls("fe80::1%eth0", 443), 0);
    assertEquals(Endpoint.parse("tcp-listen://:0"), Endpoint.tcp("", 0).listener());
    assertEquals(Endpoint.parse("ssh-listen://*:22"), Endpoint.ssh("", "*", 22).listener());
    assertEquals(Endpoint.parse("ssh://me@host:22"), Endpoint.ssh("me", "host", 22));
  }

  private static void refused(String why, org.junit.jupiter.api.function.Executable made) {
    assertEquals(why, assertThrows(IllegalArgumentException.class, made).getMessage());
  }

  @Test
  void whatIsNoPartIsRefused() {
    refused("port 65536, expected 0 to 65535", () -> Endpoint.tcp("h", 65_536));
    refused("port -1, expected 0 to 65535", () -> Endpoint.tls("h", -1));
    refused("'a b' is not a host; expected a name or an address", () -> Endpoint.tcp("a b", 1));
    refused("'h:80' is not a host; expected a name or an address", () -> Endpoint.tcp("h:80", 1));
    refused(
        "'…@h' is not a host; expected a name or an address", () -> Endpoint.tcp("me:secret@h", 1));
    refused(
        "a user of ssh: has neither a colon nor a slash", () -> Endpoint.ssh("me:secret", "h", 1));
    refused("the path is empty, expected that of a file", () -> Endpoint.unix(Path.of("")));
    refused("the name is empty, expected one character or more", () -> Endpoint.mem(""));
    refused(
        "a name does not begin with two slashes, which would make it a host",
        () -> Endpoint.pipe("//a"));
    refused(
        "option 'key-password' of tcp: is a secret; an endpoint must not carry one, give it as a"
            + " file",
        () -> Endpoint.tcp("h", 1).withOption("key-password", "x"));
    refused(
        "option 'cwd': in exec: all is command; use ChannelOptions",
        () -> Endpoint.exec(List.of("ls")).withOption("cwd", "x"));
    refused(
        "exec: runs a command, which accepts no peers",
        () -> Endpoint.exec(List.of("ls")).listener());
    refused(
        "an option has a name, and this one is empty",
        () -> Endpoint.tcp("h", 1).withOption("", "x"));
  }

  @Test
  void aListenerIsItsOwn() {
    Endpoint listener = Endpoint.tcp("h", 1).listener();
    assertSame(listener, listener.listener());
  }
}
