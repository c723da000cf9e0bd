// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.concurrent.TimeUnit;

/**
 * A key with a certificate for 127.0.0.1, made by the tool that every JDK has.
 *
 * @param store the file with both
 * @param secret the file with its password
 */
public record Keys(Path store, Path secret) {
  private static final String PASSWORD = "changeit";
  private static final String ALIAS = "server";

  /** Makes them in a folder. */
  public static Keys selfSigned(Path folder) throws IOException, InterruptedException {
    Path store = folder.resolve("keys.p12");
    Path log = folder.resolve("keytool.log");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keyalg",
                "EC",
                "-dname",
                "CN=container",
                "-ext",
                "san=ip:127.0.0.1",
                "-alias",
                ALIAS)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (!keytool.waitFor(60, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
      keytool.destroyForcibly();
      throw new AssertionError("keytool made no key: " + Files.readString(log));
    }
    return new Keys(store, Files.writeString(folder.resolve("secret"), PASSWORD));
  }

  /** Options of {@code tls-listen:}. */
  public String ofServer() {
    return "key=" + store + "&keyPasswordFile=" + secret;
  }

  /** Options of {@code tls:}. */
  public String ofClient() {
    return "trust=" + store + "&trustPasswordFile=" + secret;
  }

  /** The certificate, as a server that is not of Java takes it. */
  public Path certificate() throws IOException, GeneralSecurityException {
    return pem("CERTIFICATE", load().getCertificate(ALIAS).getEncoded());
  }

  /** The key, in the same form. */
  public Path privateKey() throws IOException, GeneralSecurityException {
    return pem("PRIVATE KEY", load().getKey(ALIAS, PASSWORD.toCharArray()).getEncoded());
  }

  private KeyStore load() throws IOException, GeneralSecurityException {
    return KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
  }

  private Path pem(String what, byte[] content) throws IOException {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return Files.writeString(
        store.resolveSibling(what.replace(' ', '-') + ".pem"),
        "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n");
  }
}
