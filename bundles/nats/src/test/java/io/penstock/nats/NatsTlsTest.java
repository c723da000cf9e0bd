// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.nats.support.NatsCluster;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS towards the servers, whose certificate is for localhost, and not for its address. */
class NatsTlsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(30));

  @TempDir private static Path folder;
  private static NatsCluster server;
  private static Penstock penstock;

  private static void openssl(String... arguments) throws Exception {
    List<String> command = new java.util.ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("openssl.log").toFile())
            .start();
    assertEquals(0, process.waitFor(), () -> String.join(" ", command));
  }

  private static void certificate(String name, String host) throws Exception {
    openssl(
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        name + ".key",
        "-out",
        name + ".pem",
        "-days",
        "2",
        "-subj",
        "/CN=" + name,
        "-addext",
        "subjectAltName=DNS:" + host);
  }

  @BeforeAll
  static void begin() throws Exception {
    certificate("server", "localhost");
    certificate("stranger", "localhost");
    certificate("client", "client");
    String more =
        """
        tls {
          cert_file: "%1$s/server.pem"
          key_file: "%1$s/server.key"
          ca_file: "%1$s/client.pem"
          verify: true
        }
        """
            .formatted(folder);
    server = NatsCluster.start(1, "127.0.0.1", more);
    penstock = Penstock.open();
  }

  @AfterAll
  static void end() {
    penstock.close();
    server.close();
  }

  private static void use(String host, String name, String keys) throws IOException {
    String location = "nats://" + host + ":" + server.port(0) + "/" + name + "?replicas=1" + keys;
    try (Pipe pipe =
        penstock.pipes().open(Endpoint.parse(location), PipeOptions.defaults(), SOON)) {
      pipe.sink().writeFully("secret", SOON);
      pipe.sink().flush(SOON);
    }
  }

  private static String key(String trust) {
    return "&tls.trust="
        + folder.resolve(trust)
        + "&tls.key="
        + folder.resolve("client.key")
        + "&tls.certificates="
        + folder.resolve("client.pem");
  }

  @Test
  void aServerWithTheRightNameIsUsedByAClientWithItsCertificate() throws Exception {
    use("localhost", "right", key("server.pem"));
    use("127.0.0.1", "named", key("server.pem") + "&tls.serverName=localhost");
    use("127.0.0.1", "unchecked", key("server.pem") + "&tls.checkName=false");
  }

  private static void refused(String host, String keys) {
    AddressException refused =
        assertThrows(AddressException.class, () -> use(host, "refused", keys));
    assertTrue(refused.getMessage().length() > 20, refused::getMessage);
  }

  @Test
  void aServerWithAnotherNameIsRefused() {
    refused("127.0.0.1", key("server.pem"));
  }

  @Test
  void aServerOfAnotherAuthorityIsRefused() {
    refused("localhost", key("stranger.pem"));
  }

  @Test
  void aClientWithoutItsCertificateIsRefused() {
    refused("localhost", "&tls.trust=" + folder.resolve("server.pem"));
  }

  @Test
  void aKeyThatIsUnknownIsNamed() {
    assertTrue(Files.exists(folder.resolve("server.pem")));
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> use("localhost", "unknown", "&tls.trsut=x"));
    assertTrue(refused.getMessage().contains("tls.trsut"), refused::getMessage);
  }
}
