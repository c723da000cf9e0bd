// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.security.auth.x500.X500Principal;

/** Certificates made when they are needed, so that none of them ever expires in the tree. */
final class Pki {
  private static final HexFormat HEX = HexFormat.of();
  private static final byte[] ECDSA = HEX.parseHex("300a06082a8648ce3d040302");
  private static final byte[] RSA = HEX.parseHex("300d06092a864886f70d01010b0500");
  private static final AtomicLong SERIALS = new AtomicLong(1);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

  private Pki() {}

  /** A key and a certificate, and their issuer. */
  record Entity(PrivateKey key, X509Certificate certificate, List<X509Certificate> issuers) {
    String keyPem() {
      return pem("PRIVATE KEY", key.getEncoded());
    }

    String chainPem() {
      StringBuilder all = new StringBuilder(certificatePem());
      issuers.forEach(each -> all.append(pem("CERTIFICATE", encoded(each))));
      return all.toString();
    }

    String certificatePem() {
      return pem("CERTIFICATE", encoded(certificate));
    }

    /** Writes key and chain to one file, in place of what was there in one step. */
    Path write(Path file) throws IOException {
      Path fresh = file.resolveSibling(file.getFileName() + ".new");
      Files.writeString(fresh, keyPem() + chainPem());
      return Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    }

    Path writeCertificate(Path file) throws IOException {
      return Files.writeString(file, certificatePem());
    }

    private static byte[] encoded(X509Certificate certificate) {
      try {
        return certificate.getEncoded();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  static String pem(String label, byte[] content) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content)
        + "\n-----END "
        + label
        + "-----\n";
  }

  static KeyPair keys(String algorithm) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      if (algorithm.equals("EC")) {
        generator.initialize(new ECGenParameterSpec("secp256r1"));
      } else if (algorithm.equals("RSA")) {
        generator.initialize(2048);
      }
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static Entity authority(String name) {
    KeyPair keys = keys("EC");
    Instant now = Instant.now();
    return new Entity(
        keys.getPrivate(),
        certificate(
            name,
            keys,
            name,
            keys.getPrivate(),
            now.minus(Duration.ofDays(1)),
            now.plus(Duration.ofDays(2)),
            true),
        List.of());
  }

  /** For hosts by name or address, valid from yesterday to tomorrow. */
  static Entity issue(Entity authority, String name, String... hosts) {
    return issueOf("EC", authority, name, hosts);
  }

  static Entity issueOf(String algorithm, Entity authority, String name, String... hosts) {
    Instant now = Instant.now();
    return issueOf(
        algorithm,
        authority,
        name,
        now.minus(Duration.ofDays(1)),
        now.plus(Duration.ofDays(1)),
        hosts);
  }

  static Entity issueOf(
      String algorithm, Entity authority, String name, Instant from, Instant to, String... hosts) {
    KeyPair keys = keys(algorithm);
    String issuer = authority.certificate().getSubjectX500Principal().getName();
    return new Entity(
        keys.getPrivate(),
        certificate(name, keys, issuer, authority.key(), from, to, false, hosts),
        List.of(authority.certificate()));
  }

  private static X509Certificate certificate(
      String subject,
      KeyPair keys,
      String issuer,
      PrivateKey signer,
      Instant from,
      Instant to,
      boolean authority,
      String... hosts) {
    try {
      boolean ec = signer.getAlgorithm().equals("EC");
      byte[] algorithm = ec ? ECDSA : RSA;
      byte[] tbs =
          der(
              0x30,
              der(0xa0, der(2, new byte[] {2})),
              der(2, BigInteger.valueOf(SERIALS.incrementAndGet()).toByteArray()),
              algorithm,
              new X500Principal(issuer).getEncoded(),
              der(0x30, time(from), time(to)),
              new X500Principal(subject).getEncoded(),
              keys.getPublic().getEncoded(),
              der(0xa3, der(0x30, extensions(authority, hosts))));
      Signature signature = Signature.getInstance(ec ? "SHA256withECDSA" : "SHA256withRSA");
      signature.initSign(signer);
      signature.update(tbs);
      byte[] whole = der(0x30, tbs, algorithm, der(3, new byte[1], signature.sign()));
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(whole));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] extensions(boolean authority, String... hosts) {
    byte[] constraints =
        der(
            0x30,
            HEX.parseHex("0603551d13"),
            HEX.parseHex("0101ff"),
            der(4, der(0x30, authority ? HEX.parseHex("0101ff") : new byte[0])));
    if (hosts.length == 0) {
      return constraints;
    }
    ByteArrayOutputStream names = new ByteArrayOutputStream();
    for (String host : hosts) {
      try {
        boolean address = host.matches("[0-9.]+");
        names.writeBytes(
            address
                ? der(0x87, InetAddress.getByName(host).getAddress())
                : der(0x82, host.getBytes(StandardCharsets.US_ASCII)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    byte[] alternatives =
        der(0x30, HEX.parseHex("0603551d11"), der(4, der(0x30, names.toByteArray())));
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(constraints);
    both.writeBytes(alternatives);
    return both.toByteArray();
  }

  /** A key under a password, as PKCS#8 has it. */
  static byte[] sealed(PrivateKey key, String password) {
    String algorithm = "PBEWithHmacSHA256AndAES_256";
    try {
      Cipher cipher = Cipher.getInstance(algorithm);
      cipher.init(
          Cipher.ENCRYPT_MODE,
          SecretKeyFactory.getInstance(algorithm)
              .generateSecret(new PBEKeySpec(password.toCharArray())));
      byte[] parameters = cipher.getParameters().getEncoded();
      // Some versions of Java give the whole identifier of the algorithm, others its parameters.
      int content = (parameters[1] & 0x80) == 0 ? 2 : 2 + (parameters[1] & 0x7f);
      byte[] identifier =
          parameters[content] == 6
              ? parameters
              : der(0x30, HEX.parseHex("06092a864886f70d01050d"), parameters);
      return der(0x30, identifier, der(4, cipher.doFinal(key.getEncoded())));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] time(Instant at) {
    return der(0x18, TIME.format(at).getBytes(StandardCharsets.US_ASCII));
  }

  private static byte[] der(int tag, byte[]... parts) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      content.writeBytes(part);
    }
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.write(tag);
    int size = content.size();
    if (size < 128) {
      whole.write(size);
    } else if (size < 256) {
      whole.write(0x81);
      whole.write(size);
    } else {
      whole.write(0x82);
      whole.write(size >> 8);
      whole.write(size);
    }
    whole.writeBytes(content.toByteArray());
    return whole.toByteArray();
  }
}
