// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.ssh.impl.Given;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which connection is cut for which before a login, and which addresses are refused. */
class StartupsTest {
  private record Peer(@Nullable Source source, long heard, int id) implements Startups.Connection {}

  private int peers;

  private Peer peer(String source, long heard) {
    return new Peer(source.isEmpty() ? null : new Source(source), heard, peers++);
  }

  private static StartLimits limits(String text) {
    return StartLimits.of(new Given(Map.of("max-startups", text)));
  }

  private static Startups startups(String limits, int sessions) {
    return new Startups("test", limits(limits), sessions, () -> 50);
  }

  @Test
  void rateGrowsAsThatOfOpenSsh() {
    StartLimits limits = StartLimits.of(new Given(Map.of()));
    assertEquals(new StartLimits(10, 30, 100), limits);
    assertFalse(limits.exceeded(9, 0));
    assertTrue(limits.exceeded(10, 29));
    assertFalse(limits.exceeded(10, 30));
    // Half of the way: 30 + 70 / 2.
    assertTrue(limits.exceeded(55, 64));
    assertFalse(limits.exceeded(55, 65));
    assertTrue(limits.exceeded(100, 99));
    assertTrue(limits("7").exceeded(7, 99));
    assertFalse(limits("7").exceeded(6, 0));
  }

  @Test
  void leastActiveOfTheOlderHalfGoes() {
    Startups startups = startups("4", 10);
    List<Peer> all = new ArrayList<>();
    for (long heard : new long[] {30, 20, 0, 0}) {
      all.add(peer("a", heard));
      assertNull(startups.come(all.get(all.size() - 1)));
    }
    assertSame(all.get(1), startups.come(peer("a", 0)));
    assertSame(all.get(2), startups.come(peer("a", 0)));
  }

  @Test
  void sourceThatHasMostLosesFirst() {
    Startups startups = startups("4", 10);
    Peer alone = peer("b", 0);
    assertNull(startups.come(alone));
    Peer first = peer("", 9);
    assertNull(startups.come(first));
    assertNull(startups.come(peer("", 9)));
    assertNull(startups.come(peer("", 9)));
    assertSame(first, startups.come(peer("c", 0)));
  }

  @Test
  void placesOfThoseWhoAreInAreCountedApart() {
    Startups startups = startups("2", 1);
    Peer one = peer("a", 1);
    assertNull(startups.come(one));
    assertTrue(startups.enter(one));
    Peer two = peer("a", 1);
    assertNull(startups.come(two));
    assertFalse(startups.enter(two), "there is one place");
    assertNull(startups.come(peer("a", 1)));
    Startups.Connection cut = startups.come(peer("a", 1));
    assertSame(two, cut);
    startups.leave(one);
    assertFalse(startups.enter(two), "it was cut");
    Peer three = peer("a", 1);
    assertNotNull(startups.come(three));
    assertTrue(startups.enter(three));
    startups.leave(three);
  }

  private static InetSocketAddress at(String address) throws Exception {
    return new InetSocketAddress(InetAddress.getByName(address), 1000);
  }

  private static Penalties penalties(AtomicLong clock, Map<String, String> options) {
    return new Penalties("test", PenaltyLimits.of(new Given(options)), clock::get);
  }

  @Test
  void whatConnectionsDoAddsUpAndIsForgotten() throws Exception {
    AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);
    Penalties penalties = penalties(clock, Map.of());
    InetSocketAddress bad = at("192.0.2.7");
    for (int i = 0; i < 3; i++) {
      penalties.add(bad, Penalties.Deed.FAILED);
      assertFalse(penalties.refuses(bad), "after " + i);
    }
    penalties.add(bad, Penalties.Deed.SILENT);
    assertTrue(penalties.refuses(bad));
    assertFalse(penalties.refuses(at("192.0.2.8")));
    clock.addAndGet(TimeUnit.SECONDS.toNanos(15));
    assertTrue(penalties.refuses(bad));
    clock.addAndGet(TimeUnit.SECONDS.toNanos(1));
    assertFalse(penalties.refuses(bad));
    assertEquals(0, penalties.size());
    for (int i = 0; i < 1000; i++) {
      penalties.add(bad, Penalties.Deed.LATE);
    }
    clock.addAndGet(TimeUnit.MINUTES.toNanos(10));
    assertFalse(penalties.refuses(bad));
  }

  @Test
  void addressesOfOneMachineAreOneSource() throws Exception {
    Penalties penalties = penalties(new AtomicLong(), Map.of("per-source-penalties", "min:1s"));
    penalties.add(at("2001:db8:1:2:3::4"), Penalties.Deed.FAILED);
    assertTrue(penalties.refuses(at("2001:db8:1:2:ffff::1")));
    assertFalse(penalties.refuses(at("2001:db8:1:3::1")));
    assertEquals("2001:db8:1:2:0:0:0:0/64", Source.of(at("2001:db8:1:2:3::4")).text());
  }

  @Test
  void someAddressesAreNeverRefused() throws Exception {
    Penalties penalties = penalties(new AtomicLong(), Map.of("per-source-penalties", "min:1s"));
    for (String address : List.of("127.0.0.1", "::1")) {
      penalties.add(at(address), Penalties.Deed.FAILED);
      assertFalse(penalties.refuses(at(address)), address);
    }
    // Nor is a peer that has none.
    penalties.add(null, Penalties.Deed.FAILED);
    assertFalse(penalties.refuses(null));
    Penalties none = penalties(new AtomicLong(), Map.of("per-source-penalties", "no"));
    none.add(at("192.0.2.7"), Penalties.Deed.LATE);
    none.add(at("192.0.2.7"), Penalties.Deed.LATE);
    assertFalse(none.refuses(at("192.0.2.7")));
  }

  @Test
  void tableIsBounded() throws Exception {
    Penalties penalties = penalties(new AtomicLong(), Map.of("per-source-penalties", "min:1s"));
    penalties.add(at("192.0.2.7"), Penalties.Deed.LATE);
    for (int i = 0; i < 2 * Penalties.MAX_SOURCES; i++) {
      byte[] address = {10, (byte) (i >> 16), (byte) (i >> 8), (byte) i};
      penalties.add(
          new InetSocketAddress(InetAddress.getByAddress(address), 1), Penalties.Deed.FAILED);
    }
    assertEquals(Penalties.MAX_SOURCES, penalties.size());
    assertTrue(penalties.refuses(at("192.0.2.7")));
  }
}
