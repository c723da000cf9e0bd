// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Issues certificates, by {@code openssl}. Its own is in the file {@code NAME.pem} of the folder.
 *
 * @param folder where keys and certificates are
 * @param name the authority's
 */
public record Authority(Path folder, String name) {
  /** Makes one with a key of its own. */
  public static Authority make(Path folder, String name) throws Exception {
    Authority made = new Authority(folder, name);
    made.openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj",
        "/CN=" + name,
        "-keyout " + made.file(name + ".key") + " -out " + made.file(name + ".pem"));
    return made;
  }

  /** The path of a file. */
  public String file(String file) {
    return folder.resolve(file).toString();
  }

  /**
   * Makes a key and a certificate for it, in {@code SUBJECT.key} and {@code SUBJECT.pem}.
   *
   * @param extension such as {@code subjectAltName=DNS:localhost}
   */
  public void issue(String subject, String extension) throws Exception {
    Path extensions = Files.writeString(folder.resolve(subject + ".ext"), extension + "\n");
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj",
        "/CN=" + subject,
        "-keyout " + file(subject + ".key") + " -out " + file(subject + ".csr"));
    openssl(
        "x509 -req -days 1 -CAcreateserial -in " + file(subject + ".csr"),
        "-extfile",
        extensions
            + (" -CA " + file(name + ".pem") + " -CAkey " + file(name + ".key"))
            + (" -out " + file(subject + ".pem")));
  }

  private void openssl(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("openssl"));
    for (String each : words) {
      command.addAll(List.of(each.split(" ")));
    }
    Path log = folder.resolve("openssl.log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertEquals(0, process.waitFor(), Files.readString(log));
  }
}
