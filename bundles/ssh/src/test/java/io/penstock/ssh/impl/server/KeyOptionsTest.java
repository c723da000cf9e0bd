// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Options of a line of {@code authorized_keys}, and patterns of addresses. */
class KeyOptionsTest {
  private static boolean matches(String patterns, String address) throws Exception {
    return Addresses.match(patterns, InetAddress.getByName(address));
  }

  @Test
  void laterOptionsTakeBackWhatRestrictTookAway() {
    KeyOptions none = KeyOptions.parse("restrict");
    assertFalse(none.pty() || none.forwarding() || none.agent() || none.x11());
    KeyOptions some = KeyOptions.parse("restrict,pty,X11-forwarding,no-user-rc");
    assertTrue(some.pty() && some.x11());
    assertFalse(some.forwarding() || some.agent());
    KeyOptions all =
        KeyOptions.parse("no-pty,no-port-forwarding,no-agent-forwarding,no-x11-forwarding");
    assertEquals(none, all);
    assertTrue(KeyOptions.NONE.pty() && KeyOptions.NONE.mayOpen("anywhere", 1));
  }

  @Test
  void valuesAreInQuotes() {
    KeyOptions options =
        KeyOptions.parse(
            "command=\"say \\\"a, b\\\" c\",environment=\"A=1\",environment=\"B=x=y, z\","
                + "environment=\"A=2\",from=\"10.0.0.0/8,!10.1.*\"");
    assertEquals(Optional.of("say \"a, b\" c"), options.command());
    assertEquals(Map.of("A", "1", "B", "x=y, z"), options.environment());
    assertEquals(Optional.of("10.0.0.0/8,!10.1.*"), options.from());
  }

  @Test
  void whatIsNotUnderstoodIsRefusedNamingIt() {
    for (String bad :
        List.of(
            "no-such-option",
            "tunnel=\"0\"",
            "cert-authority",
            "no-restrict",
            "command=ls",
            "command=\"ls",
            "command=\"a\",command=\"b\"",
            "environment=\"=x\"",
            "environment=\"A B=x\"",
            "expiry-time=\"tomorrow\"",
            "expiry-time=\"20251340\"",
            "permitopen=\"80\"",
            "permitopen=\"host:port\"",
            "permitopen=\"::1:80\"",
            "permitlisten=\"host:70000\"",
            "permitlisten=\"0\"",
            "permitopen=\"host:0\"",
            "no-pty,",
            "from=\"!10.0.0.0/99,*\"",
            "from=\"!10.0.0.0/8x,*\"",
            "from=\"!10.0.0/8,*\"",
            "from=\"127.0.0.1/8\"",
            "from=\"10.0.0.300/8\"",
            "from=\"!::1::/64,*\"",
            "from=\"!some.host,*\"",
            "from=\"!10.0.0,*\"",
            "from=\"!!10.0.0.1,*\"",
            "from=\"!,*\"",
            "no-pty\"\"")) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> KeyOptions.parse(bad), bad);
      String name = bad.split("[=\",]", 2)[0];
      assertTrue(refused.getMessage().contains(name), refused.getMessage());
    }
  }

  @Test
  void keyIsOfUseUntilItExpires() {
    Instant utc = Instant.parse("2031-02-03T04:05:06Z");
    assertTrue(KeyOptions.parse("expiry-time=\"20310203040506Z\"").valid(utc.minusSeconds(1)));
    assertFalse(KeyOptions.parse("expiry-time=\"20310203040506Z\"").valid(utc));
    assertFalse(KeyOptions.parse("expiry-time=\"203102030405Z\"").valid(utc));
    Instant here = LocalDate.of(2031, 2, 3).atStartOfDay(ZoneId.systemDefault()).toInstant();
    KeyOptions day = KeyOptions.parse("expiry-time=\"20310203\"");
    assertTrue(day.valid(here.minusSeconds(1)));
    assertFalse(day.valid(here));
    KeyOptions earlier = KeyOptions.parse("expiry-time=\"20310203\",expiry-time=\"20990101\"");
    assertFalse(earlier.valid(here));
  }

  @Test
  void placesAreHeldTo() {
    KeyOptions open =
        KeyOptions.parse("permitopen=\"db:5432\",permitopen=\"[::1]:*\",permitopen=\"*:80\"");
    assertTrue(open.mayOpen("DB", 5432) && open.mayOpen("::1", 9) && open.mayOpen("any", 80));
    assertFalse(open.mayOpen("db", 5433) || open.mayOpen("other", 5432));
    assertFalse(open.mayOpenSocket());
    assertTrue(open.mayListen("x", 1) && open.mayListenOnSocket());
    KeyOptions listen = KeyOptions.parse("permitlisten=\"8080\",permitlisten=\"127.*:*\"");
    assertTrue(listen.mayListen("", 8080) && listen.mayListen("127.0.0.1", 1));
    assertFalse(listen.mayListen("localhost", 1) || listen.mayListenOnSocket());
    KeyOptions off = KeyOptions.parse("no-port-forwarding,permitopen=\"db:1\"");
    assertFalse(off.mayOpen("db", 1) || off.mayListen("", 1) || off.mayOpenSocket());
  }

  @Test
  void addressesAreMatchedWithoutLookingUpNames() throws Exception {
    assertTrue(matches("10.0.0.0/8", "10.255.0.1"));
    assertFalse(matches("10.0.0.0/8", "11.0.0.1"));
    assertTrue(matches("192.168.1.128/25", "192.168.1.200"));
    assertFalse(matches("192.168.1.128/25", "192.168.1.100"));
    assertTrue(matches("0.0.0.0/0", "1.2.3.4"));
    assertFalse(matches("0.0.0.0/0", "::1"));
    assertTrue(matches("2001:db8::/33", "2001:db8:7fff::1"));
    assertFalse(matches("2001:db8::/33", "2001:db8:8000::1"));
    assertTrue(matches("192.168.?.1,127.*", "127.0.0.1"));
    assertFalse(matches("127.*,!127.0.0.1", "127.0.0.1"));
    assertTrue(matches("127.*,!127.0.0.1", "127.0.0.2"));
    assertFalse(matches("!127.0.0.1", "127.0.0.2"));
    assertFalse(matches("localhost,localhost/8,1.2.3.4/99,1.2.3.4/x", "127.0.0.1"));
    assertFalse(matches("", "127.0.0.1"));
    // However it is written.
    assertTrue(matches("::1", "::1"));
    assertFalse(matches("*,!2001:DB8:0::1", "2001:db8::1"));
  }
}
