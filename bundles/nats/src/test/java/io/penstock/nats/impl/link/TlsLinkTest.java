// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.nats.support.Authority;
import io.penstock.nats.support.NatsCluster;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an operator is told of TLS towards a server, whose certificate is for localhost alone. */
class TlsLinkTest {
  private static final int SOON = 30;

  @TempDir static Path folder;

  private static NatsCluster open;
  private static NatsCluster plain;

  @BeforeAll
  static void begin() throws Exception {
    Authority ca = Authority.make(folder, "ca");
    Authority unused = Authority.make(folder, "other");
    ca.issue("server", "subjectAltName=DNS:localhost");
    String tls =
        "tls { cert_file: \"" + file("server.pem") + "\", key_file: \"" + file("server.key");
    open = NatsCluster.start(1, "127.0.0.1", tls + "\" }\n");
    plain = NatsCluster.start(1);
  }

  @AfterAll
  static void end() {
    for (NatsCluster each : new NatsCluster[] {open, plain}) {
      if (each != null) {
        each.close();
      }
    }
  }

  private static String file(String name) {
    return folder.resolve(name).toString();
  }

  /** Connects to a server, and gives an empty text, or else what an operator is told. */
  private static String outcome(NatsCluster cluster, String host, String... keys) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i < keys.length; i += 2) {
      options.put("tls." + keys[i], keys[i + 1]);
    }
    LinkSettings settings =
        new LinkSettings(List.of("nats://" + host + ":" + cluster.port(0)), options, Map.of());
    CompletableFuture<String> outcome = new CompletableFuture<>();
    try (Link link = new Link(settings, "test")) {
      link.watch(
          new Link.Watcher() {
            @Override
            public void up() {
              outcome.complete("");
            }

            @Override
            public void down(String why) {
              // On a slow machine, before the server has said anything. The link tries again.
              if (!why.contains("no answer")) {
                outcome.complete(why);
              }
            }
          });
      return outcome.get(SOON, TimeUnit.SECONDS);
    }
  }

  private static void says(String text, String... parts) {
    for (String each : parts) {
      assertTrue(text.contains(each), text);
    }
  }

  @Test
  void aWrongNameIsRefused() throws Exception {
    says(outcome(open, "127.0.0.1", "trust", file("ca.pem")), "'127.0.0.1'", "localhost");
    assertEquals("", outcome(open, "localhost", "trust", file("ca.pem")));
  }

  @Test
  void anUnknownAuthorityIsRefused() throws Exception {
    says(outcome(open, "localhost", "trust", file("other.pem")), "nobody who is trusted");
  }

  @Test
  void aServerWithoutTlsIsRefused() throws Exception {
    says(outcome(plain, "localhost", "trust", file("ca.pem")), "SSL");
  }

  @Test
  void whatIsWrongIsNamed() {
    assertNull(TlsKeys.context(Map.of("user", "me")));
    for (Map.Entry<String, String> each :
        Map.of(
                "tls.trusts", "tls.trusts: it is unknown",
                "tls.checkName", "tls.checkName: 'x'",
                "tls.trust", "tls.*: x: no such file")
            .entrySet()) {
      says(
          assertThrows(
                  IllegalArgumentException.class, () -> TlsKeys.context(Map.of(each.getKey(), "x")))
              .getMessage(),
          each.getValue());
    }
  }

  /** In a framework the package is perhaps not there. */
  @Test
  void whatMustBeInstalledIsNamed() throws Exception {
    List<URL> places = new ArrayList<>();
    for (String each : System.getProperty("java.class.path").split(java.io.File.pathSeparator)) {
      places.add(Path.of(each).toUri().toURL());
    }
    try (URLClassLoader alone =
        new URLClassLoader(places.toArray(URL[]::new), ClassLoader.getPlatformClassLoader()) {
          @Override
          protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (name.startsWith("io.penstock.tls.")) {
              throw new ClassNotFoundException(name);
            }
            return super.findClass(name);
          }
        }) {
      var context = alone.loadClass(TlsKeys.class.getName()).getMethod("context", Map.class);
      Throwable refused =
          assertThrows(
                  java.lang.reflect.InvocationTargetException.class,
                  () -> context.invoke(null, Map.of("tls.trust", "ca.pem")))
              .getCause();
      assertEquals(IllegalArgumentException.class, refused.getClass());
      says(refused.getMessage(), "install io.penstock.tls");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
