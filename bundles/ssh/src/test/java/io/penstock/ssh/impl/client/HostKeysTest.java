// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.ssh.impl.CryptoProviders;
import io.penstock.ssh.impl.Fingerprint;
import io.penstock.ssh.impl.Where;
import io.penstock.ssh.impl.client.ClientOptions.HostKeyChecking;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.sshd.certificate.OpenSshCertificateBuilder;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file of known hosts, as sshd(8) describes it under "SSH_KNOWN_HOSTS FILE FORMAT". */
class HostKeysTest {
  private static final KeyPair AUTHORITY = pair();
  private static final PublicKey OURS = pair().getPublic();
  private static final PublicKey OTHER = pair().getPublic();

  @TempDir Path folder;

  private static KeyPair pair() {
    boolean unused = CryptoProviders.ready();
    try {
      return KeyUtils.generateKeyPair(KeyPairProvider.SSH_ED25519, 256);
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
  }

  /** As OpenSSH has it, "checking without port identifier". */
  @Test
  void nameWithoutPortCountsWhereTheOneWithItIsNotThere() throws Exception {
    HostKeys known = known("host " + text(OURS), "[host]:2222 " + text(OTHER));
    assertNull(known.check(at("host", 2223), OURS));
    String refused = known.check(at("host", 2223), OTHER);
    assertNotNull(refused);
    assertTrue(refused.contains("is not known"), refused);
    assertEquals(Set.of("ssh-ed25519"), known.knownTypes(at("host", 2223)));
  }

  /** The port is a part of the name: asterisks and question marks stand for it, too. */
  @Test
  void patternsAreForTheNameWithItsPort() throws Exception {
    for (String pattern :
        List.of("*", "[*]:2222", "*:2222", "[h*]:*", "?host?:22??", "x,[HOST]:2222,y")) {
      assertNull(known(pattern + " " + text(OURS)).check(at("Host", 2222), OURS), pattern);
    }
    assertNotNull(known("*,![host]:2222,!host " + text(OURS)).check(at("host", 2222), OURS));
    assertNotNull(known("[*]:222 " + text(OURS)).check(at("host", 2222), OURS));
  }

  @Test
  void hashedNameIsForOnePortOnly() throws Exception {
    String line = hashed("[host]:2222") + " " + text(OURS);
    assertNull(known(line).check(at("host", 2222), OURS));
    assertNotNull(known(line).check(at("host", 2223), OURS));
    assertNotNull(known(line).check(at("host", 22), OURS));
  }

  private static String hashed(String name) throws Exception {
    byte[] salt = new byte[20];
    Mac mac = Mac.getInstance("HmacSHA1");
    mac.init(new SecretKeySpec(salt, "HmacSHA1"));
    byte[] hash = mac.doFinal(name.getBytes(StandardCharsets.UTF_8));
    Base64.Encoder encoder = Base64.getEncoder();
    return "|1|" + encoder.encodeToString(salt) + "|" + encoder.encodeToString(hash);
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

  @Test
  void revokedKeyIsRefusedAtEveryPort() throws Exception {
    for (String revoked :
        List.of(
            "@revoked * ",
            "@revoked [host]:2222 ",
            "@revoked host ",
            "@revoked\t* ",
            "@revoked " + hashed("[host]:2222") + " ",
            "@revoked " + hashed("host") + " ")) {
      for (String trusted : List.of("[host]:2222 ", "host ", "* ")) {
        HostKeys known = known(trusted + text(OURS), revoked + text(OURS));
        String refused = known.check(at("host", 2222), OURS);
        assertNotNull(refused, trusted + revoked);
        assertTrue(refused.contains("is revoked by"), refused);
      }
    }
    HostKeys elsewhere =
        known("[host]:2222 " + text(OURS), "@revoked *,![host]:2222 " + text(OURS));
    assertNull(elsewhere.check(at("host", 2222), OURS));
  }

  @Test
  void revokedKeyIsNeverAdded() throws Exception {
    HostKeys known = accepting("@revoked host " + text(OURS) + "\n");
    String refused = known.check(at("host", 2222), OURS);
    assertNotNull(refused);
    assertTrue(refused.contains("is revoked by"), refused);
  }

  @Test
  void certificateThatIsRevokedStandsForItsKey() throws Exception {
    HostKeys known =
        known("host " + text(OURS), "@revoked * " + text(certificate(OURS, "elsewhere")));
    String refused = known.check(at("host", 22), OURS);
    assertNotNull(refused);
    assertTrue(refused.contains("is revoked by"), refused);
  }

  /** Of a line that has two markers nobody knows what it means. */
  @Test
  void secondMarkerIsNoTrust() throws Exception {
    HostKeys known = known("@cert-authority @revoked host " + text(OURS));
    assertNotNull(known.check(at("host", 22), OURS));
    assertNotNull(known.check(at("host", 22), certificate(OTHER, "host")));
  }

  @Test
  void keyOfAnAuthorityIsNoServers() throws Exception {
    HostKeys known = known("@cert-authority * " + text(AUTHORITY.getPublic()));
    String refused = known.check(at("host", 22), AUTHORITY.getPublic());
    assertNotNull(refused);
    assertTrue(refused.contains("is not known"), refused);
    assertEquals(Set.of(KnownFirst.CERTIFICATES), known.knownTypes(at("host", 2222)));
  }

  @Test
  void certificateIsTrustedByItsAuthorityOrItsKey() throws Exception {
    PublicKey first = certificate(OURS, "host");
    PublicKey renewed = certificate(OURS, "host");
    for (String line :
        List.of(
            "@cert-authority * " + text(AUTHORITY.getPublic()),
            "@cert-authority [host]:2222 " + text(AUTHORITY.getPublic()),
            "@cert-authority host " + text(AUTHORITY.getPublic()),
            "[host]:2222 " + text(OURS),
            "host " + text(OURS))) {
      assertNull(known(line).check(at("host", 2222), first), line);
      assertNull(known(line).check(at("host", 2222), renewed), line);
    }
    assertNotNull(known("@cert-authority * " + text(OURS)).check(at("host", 2222), first));
    assertNotNull(known("* " + text(AUTHORITY.getPublic())).check(at("host", 2222), first));
    // A host whose own port has an authority is not looked for without it.
    assertNotNull(
        known(
                "@cert-authority [host]:2222 " + text(OTHER),
                "@cert-authority host " + text(AUTHORITY.getPublic()))
            .check(at("host", 2222), first));
  }

  @Test
  void certificateIsRefusedIfItsAuthorityOrItsKeyIsRevoked() throws Exception {
    String authority = text(AUTHORITY.getPublic());
    for (String revoked : List.of(authority, text(OURS))) {
      for (String trusted : List.of("@cert-authority * " + authority, "* " + text(OURS))) {
        HostKeys known = known(trusted, "@revoked * " + revoked);
        String refused = known.check(at("host", 2222), certificate(OURS, "host"));
        assertNotNull(refused, trusted);
        assertTrue(refused.contains("revoked by"), refused);
      }
    }
  }

  /** What stands in the file is read by OpenSSH, too, which knows no certificates there. */
  @Test
  void onlyTheKeyOfACertificateIsAdded() throws Exception {
    HostKeys known = accepting("");
    assertNull(known.check(at("Host", 2222), certificate(OURS, "host")));
    assertEquals(List.of("[host]:2222 " + text(OURS)), Files.readAllLines(file()));
    assertNull(known.check(at("host", 2222), certificate(OURS, "host")));
    assertEquals(1, Files.readAllLines(file()).size());
  }

  @Test
  void lineThatIsAddedBeginsANewLine() throws Exception {
    HostKeys known = accepting("other " + text(OTHER) + " the end is missing");
    assertNull(known.check(at("host", 22), OURS));
    assertEquals("host " + text(OURS), Files.readAllLines(file()).get(1));
  }

  @Test
  void nameThatMeansSomethingElseInTheFileIsNotAdded() throws Exception {
    for (String host : List.of("*", "a,b", "a b", "!a", "@a", "#a", "|1|a", "a\nb", "a\u0000b")) {
      HostKeys known = accepting("");
      assertNotNull(known.check(at(host, 22), OURS), host);
      assertEquals(0, Files.size(file()), host);
    }
  }

  private Path file() {
    return folder.resolve("known_hosts");
  }

  private HostKeys accepting(String text) throws Exception {
    return new HostKeys(Files.writeString(file(), text), HostKeyChecking.ACCEPT_NEW);
  }

  /** Each one is another certificate. */
  private static PublicKey certificate(PublicKey key, String host) throws Exception {
    return OpenSshCertificateBuilder.hostCertificate()
        .id(UUID.randomUUID().toString())
        .publicKey(key)
        .principals(List.of(host))
        .sign(AUTHORITY);
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
