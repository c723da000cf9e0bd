// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.ssh.impl.Fingerprint;
import io.penstock.ssh.impl.Providers;
import io.penstock.ssh.impl.Where;
import io.penstock.ssh.impl.client.ClientOptions.HostKeyChecking;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.List;
import java.util.Set;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file of known hosts, as sshd(8) describes it under "SSH_KNOWN_HOSTS FILE FORMAT". */
class HostKeysTest {
  private static final PublicKey OURS = key();
  private static final PublicKey OTHER = key();

  @TempDir Path folder;

  private static PublicKey key() {
    boolean unused = Providers.ready();
    try {
      return KeyUtils.generateKeyPair(KeyPairProvider.SSH_ED25519, 256).getPublic();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String text(PublicKey key) {
    return PublicKeyEntry.toString(key);
  }

  private HostKeys known(String... lines) throws Exception {
    Path file = Files.write(folder.resolve("known_hosts"), List.of(lines));
    return new HostKeys(file, HostKeyChecking.YES);
  }

  private static Where at(String host, int port) {
    return new Where("me", host, port);
  }

  @Test
  void patternsNameSomeHostsAndLeaveOthersOut() throws Exception {
    HostKeys known = known("*.example.org,!bad.example.org,10.0.0.? " + text(OURS));
    assertNull(known.check(at("good.example.org", 22), OURS));
    assertNull(known.check(at("10.0.0.7", 22), OURS));
    assertNotNull(known.check(at("bad.example.org", 22), OURS));
    assertNotNull(known.check(at("example.org", 22), OURS));
    assertNotNull(known.check(at("10.0.0.77", 22), OURS));
  }

  @Test
  void portOtherThanTheUsualOneStandsInTheLine() throws Exception {
    HostKeys known = known("host " + text(OURS), "[host]:2222 " + text(OTHER));
    assertNull(known.check(at("host", 22), OURS));
    assertNull(known.check(at("host", 2222), OTHER));
    assertNotNull(known.check(at("host", 2222), OURS));
    assertNotNull(known.check(at("host", 2223), OURS));
  }

  @Test
  void commentsAndEmptyLinesSayNothing() throws Exception {
    HostKeys known =
        known("# host " + text(OTHER), "", "  ", "host " + text(OURS) + " root@host, since May");
    assertNull(known.check(at("host", 22), OURS));
    assertNotNull(known.check(at("host", 22), OTHER));
  }

  @Test
  void eitherOfTwoKeysWillDo() throws Exception {
    HostKeys known = known("host " + text(OURS), "host " + text(OTHER));
    assertNull(known.check(at("host", 22), OURS));
    assertNull(known.check(at("host", 22), OTHER));
    assertEquals(Set.of("ssh-ed25519"), known.knownTypes(at("host", 22)));
  }

  @Test
  void revokedKeyIsRefusedWhereverElseItStands() throws Exception {
    HostKeys known = known("host " + text(OURS), "@revoked * " + text(OURS));
    String refused = known.check(at("host", 22), OURS);
    assertNotNull(refused);
    assertTrue(refused.contains("is revoked by"), refused);
    assertTrue(refused.contains(Fingerprint.of(OURS)), refused);
  }

  /** Certificates are not taken, so the key of an authority is nobody's. */
  @Test
  void keyOfAnAuthorityIsNoServers() throws Exception {
    HostKeys known = known("@cert-authority * " + text(OURS));
    String refused = known.check(at("host", 22), OURS);
    assertNotNull(refused);
    assertTrue(refused.contains("is not known"), refused);
    assertEquals(Set.of(), known.knownTypes(at("host", 22)));
  }

  @Test
  void damagedLineKeepsNoOtherFromBeingRead() throws Exception {
    for (String damaged :
        List.of(
            "host",
            "host ssh-ed25519",
            "host ssh-ed25519 AAAA",
            "host ssh-ed25519 not!base64",
            "host ssh-kind-of-next-year AAAAB3NzaC1yc2E=",
            "|1|not!base64|neither host ssh-ed25519 AAAA",
            "@unheard-of host " + text(OTHER),
            "\u0000\u0001\u0002")) {
      HostKeys known = known("first " + text(OURS), damaged, "last " + text(OTHER));
      assertNull(known.check(at("first", 22), OURS), damaged);
      assertNull(known.check(at("last", 22), OTHER), damaged);
      assertNotNull(known.check(at("host", 22), OURS), damaged);
      assertNotNull(known.check(at("host", 22), OTHER), damaged);
    }
  }
}
