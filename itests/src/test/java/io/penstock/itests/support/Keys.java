// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A key with a certificate for 127.0.0.1, made by the tool that every JDK has.
 *
 * @param store the file with both
 * @param secret the file with its password
 */
public record Keys(Path store, Path secret) {
  private static final String PASSWORD = "changeit";

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
                "server")
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
}
