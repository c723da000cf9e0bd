// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Listener;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client without the option {@code trust} trusts the servers that its virtual machine does. */
class SystemTrustTest {
  @TempDir Path folder;

  private String said(Listener listener, String... properties) throws Exception {
    Path out = Files.createTempFile(folder, "said", "");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(properties));
    command.addAll(List.of("-Xmx64m", "-cp", System.getProperty("java.class.path")));
    command.add(SystemTrustProgram.class.getName());
    command.add(
        listener.endpoint().toString().replaceFirst("-listen", "").replaceFirst("[?].*", ""));
    Process program =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile()).start();
    try {
      assertTrue(program.waitFor(60, TimeUnit.SECONDS), "not done");
    } finally {
      program.destroyForcibly();
    }
    String said = Files.readString(out, StandardCharsets.UTF_8);
    assertEquals(0, program.exitValue(), said);
    return said;
  }

  @Test
  void theDefaultIsWhomJavaTrusts() throws Exception {
    Path store = folder.resolve("trust.p12");
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    keys.setCertificateEntry("authority", Bench.AUTHORITY.certificate());
    try (OutputStream out = Files.newOutputStream(store)) {
      keys.store(out, "changeit".toCharArray());
    }
    try (Listener listener = Bench.listen()) {
      String said =
          said(
              listener,
              "-Djavax.net.ssl.trustStore=" + store,
              "-Djavax.net.ssl.trustStorePassword=changeit");
      assertTrue(said.contains("connected"), said);
      said = said(listener);
      assertTrue(said.contains("refused: "), said);
    }
  }
}
