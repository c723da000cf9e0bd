// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Keys and trust from files, read again when a file has changed. Each connection asks anew, so that
 * those which are there already go on with what they have.
 */
final class Material {
  /** In place of a file: the authorities that the system trusts. */
  static final String SYSTEM = "system";

  private static final Logger LOG = Messages.log("tls");
  private static final int MAX_FILE = 8 * 1024 * 1024;

  /**
   * Where it all comes from.
   *
   * @param keys files with a private key each, PEM or PKCS#12
   * @param certificates files with the chain of each key, in the same order; or none, when they are
   *     in the files of the keys
   * @param keyPasswordFile whose first line opens the keys
   * @param trust files with certificates, or {@link #SYSTEM}
   * @param trustPasswordFile whose first line opens the files of trust
   */
  record Files(
      List<Path> keys,
      List<Path> certificates,
      @Nullable Path keyPasswordFile,
      List<String> trust,
      @Nullable Path trustPasswordFile) {
    List<Path> all() {
      List<Path> all = new ArrayList<>(keys);
      all.addAll(certificates);
      for (String each : trust) {
        if (!each.equals(SYSTEM)) {
          all.add(Path.of(each));
        }
      }
      for (Path each : new @Nullable Path[] {keyPasswordFile, trustPasswordFile}) {
        if (each != null) {
          all.add(each);
        }
      }
      return all;
    }
  }

  private record Stamp(Path file, @Nullable FileTime modified, long size, @Nullable Object key) {
    static Stamp of(Path file) {
      try {
        BasicFileAttributes now =
            java.nio.file.Files.readAttributes(file, BasicFileAttributes.class);
        return new Stamp(file, now.lastModifiedTime(), now.size(), now.fileKey());
      } catch (IOException e) {
        // The file is perhaps being replaced: the next connection looks again.
        return new Stamp(file, null, -1, null);
      }
    }
  }

  private record Loaded(List<Stamp> stamps, SSLContext context) {}

  private final Files files;
  private volatile @Nullable Loaded loaded;
  private volatile @Nullable List<Stamp> refused;

  Material(Files files) {
    this.files = files;
  }

  /**
   * The keys and trust for connections that begin now.
   *
   * @throws IOException if the files cannot be used, and never could
   */
  SSLContext current() throws IOException {
    Loaded present = loaded;
    List<Stamp> stamps = files.all().stream().map(Stamp::of).toList();
    if (present != null && (present.stamps.equals(stamps) || stamps.equals(refused))) {
      return present.context;
    }
    try {
      // Stamped before they are read: what changes meanwhile is read again.
      SSLContext context = load();
      loaded = new Loaded(stamps, context);
      if (present != null) {
        LOG.log(Level.INFO, "keys and trust of {0} were read again", files.all());
      }
      return context;
    } catch (IOException | RuntimeException e) {
      // Also what the libraries throw for a file that they do not expect.
      if (present == null) {
        throw e;
      }
      refused = stamps;
      LOG.log(
          Level.WARNING,
          "changed keys or trust cannot be used, what was read before stays: {0}",
          LogField.cause(e instanceof IOException ? e.getMessage() : e.toString()),
          e);
      return present.context;
    }
  }

  private SSLContext load() throws IOException {
    List<Identity> identities = new ArrayList<>();
    for (int i = 0; i < files.keys().size(); i++) {
      Path chain = files.certificates().isEmpty() ? null : files.certificates().get(i);
      identities.addAll(identities(files.keys().get(i), chain));
    }
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          identities.isEmpty() ? new KeyManager[0] : new KeyManager[] {new NamedKeys(identities)},
          new TrustManager[] {new ExplainingTrust(trust())},
          null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("TLS cannot be set up: " + e.getMessage(), e);
    }
  }

  // ---- keys

  private List<Identity> identities(Path file, @Nullable Path chainFile) throws IOException {
    byte[] bytes = bytes(file);
    if (!Pem.looksLike(bytes)) {
      return fromStore(file, bytes, chainFile);
    }
    Pem pem = Pem.read(file, bytes, password(files.keyPasswordFile()));
    PrivateKey key = pem.key();
    if (key == null) {
      throw new IOException(file + ": there is no private key in it");
    }
    List<X509Certificate> chain =
        chainFile == null
            ? pem.certificates()
            : Pem.read(chainFile, bytes(chainFile), null).certificates();
    return List.of(identity(file, key, chain, chainFile));
  }

  private List<Identity> fromStore(Path file, byte[] bytes, @Nullable Path chainFile)
      throws IOException {
    if (chainFile != null) {
      throw new IOException(
          file + ": a PKCS#12 file has its certificates in it; certificates is for PEM");
    }
    char[] password = Objects.requireNonNullElse(password(files.keyPasswordFile()), new char[0]);
    KeyStore store = store(file, bytes, password, "keyPasswordFile");
    List<Identity> all = new ArrayList<>();
    try {
      for (String alias : Collections.list(store.aliases())) {
        if (store.getKey(alias, password) instanceof PrivateKey key) {
          Certificate @Nullable [] present = store.getCertificateChain(alias);
          if (present == null) {
            throw new IOException(
                file + ": there is no certificate for the key '" + alias + "' in it");
          }
          List<X509Certificate> chain = new ArrayList<>();
          for (Certificate each : present) {
            chain.add((X509Certificate) each);
          }
          all.add(identity(file, key, chain, null));
        }
      }
    } catch (GeneralSecurityException e) {
      throw new IOException(file + ": a key cannot be read: " + e.getMessage(), e);
    } finally {
      Arrays.fill(password, '\0');
    }
    if (all.isEmpty()) {
      throw new IOException(file + ": there is no private key in it");
    }
    return all;
  }

  private static Identity identity(
      Path file, PrivateKey key, List<X509Certificate> chain, @Nullable Path chainFile)
      throws IOException {
    Path where = chainFile == null ? file : chainFile;
    if (chain.isEmpty()) {
      throw new IOException(
          where + ": there is no certificate for the key in it; certificates names another file");
    }
    X509Certificate first = chain.get(0);
    if (!belong(key, first)) {
      throw new IOException(
          file
              + ": the key does not belong to the first certificate of "
              + where
              + ", "
              + Certificates.describe(first));
    }
    return new Identity(key, chain);
  }

  /** Whether what the key signs is what the certificate verifies. */
  private static boolean belong(PrivateKey key, X509Certificate certificate) throws IOException {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          case "RSASSA-PSS" -> "";
          default -> key.getAlgorithm();
        };
    if (algorithm.isEmpty()) {
      // The algorithm needs parameters, which the key may lack; the handshake will tell.
      return true;
    }
    byte[] probe = "whose is it?".getBytes(StandardCharsets.US_ASCII);
    try {
      Signature signing = Signature.getInstance(algorithm);
      signing.initSign(key);
      signing.update(probe);
      byte[] signature = signing.sign();
      Signature verifying = Signature.getInstance(algorithm);
      verifying.initVerify(certificate.getPublicKey());
      verifying.update(probe);
      return verifying.verify(signature);
    } catch (SignatureException | java.security.InvalidKeyException e) {
      LOG.log(Level.DEBUG, "key and certificate are of different kinds", e);
      return false;
    } catch (GeneralSecurityException e) {
      throw new IOException("keys of " + key.getAlgorithm() + " cannot be used: " + e, e);
    }
  }

  // ---- trust

  private X509ExtendedTrustManager trust() throws IOException, GeneralSecurityException {
    if (files.trust().equals(List.of(SYSTEM))) {
      return manager(null);
    }
    KeyStore all = KeyStore.getInstance("PKCS12");
    all.load(null, null);
    for (String each : files.trust()) {
      List<X509Certificate> trusted =
          each.equals(SYSTEM)
              ? List.of(manager(null).getAcceptedIssuers())
              : trusted(Path.of(each));
      for (X509Certificate certificate : trusted) {
        all.setCertificateEntry(Integer.toString(all.size()), certificate);
      }
    }
    return manager(all);
  }

  private static X509ExtendedTrustManager manager(@Nullable KeyStore store)
      throws GeneralSecurityException {
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(store);
    for (TrustManager each : factory.getTrustManagers()) {
      if (each instanceof X509ExtendedTrustManager extended) {
        return extended;
      }
    }
    throw new GeneralSecurityException("this Java verifies no certificates");
  }

  private List<X509Certificate> trusted(Path file) throws IOException, GeneralSecurityException {
    byte[] bytes = bytes(file);
    List<X509Certificate> all = new ArrayList<>();
    if (Pem.looksLike(bytes)) {
      all.addAll(Pem.read(file, bytes, null).certificates());
    } else {
      char[] password = password(files.trustPasswordFile());
      KeyStore store = store(file, bytes, password, "trustPasswordFile");
      for (String alias : Collections.list(store.aliases())) {
        if (store.getCertificate(alias) instanceof X509Certificate certificate) {
          all.add(certificate);
        }
      }
    }
    if (all.isEmpty()) {
      throw new IOException(file + ": there is no certificate in it to trust");
    }
    return all;
  }

  // ---- files

  private static KeyStore store(Path file, byte[] bytes, char @Nullable [] password, String key)
      throws IOException {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(new ByteArrayInputStream(bytes), password);
      return store;
    } catch (IOException | GeneralSecurityException e) {
      throw new IOException(
          file
              + ": neither PEM nor a PKCS#12 file that opens with the password of "
              + key
              + ": "
              + e.getMessage(),
          e);
    }
  }

  private static byte[] bytes(Path file) throws IOException {
    try {
      long size = java.nio.file.Files.size(file);
      if (size > MAX_FILE) {
        throw new IOException(file + " has " + size + " bytes, at most " + MAX_FILE + " are read");
      }
      return java.nio.file.Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new IOException(file + ": no such file", e);
    }
  }

  private static char @Nullable [] password(@Nullable Path file) throws IOException {
    if (file == null) {
      return null;
    }
    String text = new String(bytes(file), StandardCharsets.UTF_8);
    int end = text.indexOf('\n');
    String line = end < 0 ? text : text.substring(0, end);
    return (line.endsWith("\r") ? line.substring(0, line.length() - 1) : line).toCharArray();
  }
}
