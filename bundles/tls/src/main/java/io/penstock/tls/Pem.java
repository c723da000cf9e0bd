// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The content of a text in PEM form.
 *
 * @param certificates in the order of the text
 * @param key the private key, if there is one
 */
record Pem(List<X509Certificate> certificates, @Nullable PrivateKey key) {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");
  private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA", "RSASSA-PSS");

  /** Whether bytes look like PEM rather than PKCS#12. */
  static boolean looksLike(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1).contains("-----BEGIN ");
  }

  static Pem read(Path file, byte[] bytes, char @Nullable [] password) throws IOException {
    Matcher m = BLOCK.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
    List<X509Certificate> certificates = new ArrayList<>();
    PrivateKey key = null;
    while (m.find()) {
      byte[] content;
      try {
        content = Base64.getMimeDecoder().decode(m.group(2));
      } catch (IllegalArgumentException e) {
        throw new IOException(file + ": the block " + m.group(1) + " is not Base64", e);
      }
      switch (m.group(1)) {
        case "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE" ->
            certificates.add(certificate(file, content));
        case "PRIVATE KEY" -> key = key(file, content);
        case "ENCRYPTED PRIVATE KEY" -> key = key(file, decrypted(file, content, password));
        case "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY" ->
            throw new IOException(
                file
                    + ": the key is of the old form "
                    + m.group(1)
                    + ", expected PRIVATE KEY (PKCS#8): openssl pkcs8 -topk8 -nodes -in "
                    + file);
        default -> {
          // Parameters and the like: nothing that we need.
        }
      }
    }
    return new Pem(List.copyOf(certificates), key);
  }

  private static X509Certificate certificate(Path file, byte[] content) throws IOException {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(content));
    } catch (CertificateException e) {
      throw new IOException(file + ": a certificate cannot be read: " + e.getMessage(), e);
    }
  }

  private static PrivateKey key(Path file, byte[] content) throws IOException {
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(content));
      } catch (InvalidKeySpecException e) {
        // The key is of another algorithm, perhaps the next one.
      } catch (GeneralSecurityException e) {
        throw new IOException(file + ": the key cannot be read: " + e.getMessage(), e);
      }
    }
    throw new IOException(
        file + ": the key is of none of the algorithms " + String.join(", ", ALGORITHMS));
  }

  private static byte[] decrypted(Path file, byte[] content, char @Nullable [] password)
      throws IOException {
    if (password == null) {
      throw new IOException(
          file + ": the key is encrypted; expected keyPasswordFile with the password for it");
    }
    PBEKeySpec spec = new PBEKeySpec(password);
    try {
      EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(content);
      // PBES2 says the real algorithm only in its parameters.
      String algorithm =
          info.getAlgName().equals("PBES2") || info.getAlgName().equals("1.2.840.113549.1.5.13")
              ? info.getAlgParameters().toString()
              : info.getAlgName();
      Cipher cipher = Cipher.getInstance(algorithm);
      cipher.init(
          Cipher.DECRYPT_MODE,
          SecretKeyFactory.getInstance(algorithm).generateSecret(spec),
          info.getAlgParameters());
      return info.getKeySpec(cipher).getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IOException(
          file + ": the key cannot be decrypted with the password of keyPasswordFile", e);
    } finally {
      spec.clearPassword();
      Arrays.fill(password, '\0');
    }
  }
}
