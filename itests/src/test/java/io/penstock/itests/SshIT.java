// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Log;
import io.penstock.itests.support.OpenFiles;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.Configuration;

/** SSH from its own bundle, with the libraries that it names. */
@InContainer(
    value = {ContainerKind.FELIX, ContainerKind.EQUINOX},
    bundles = {
      "slf4j.api",
      "ch.qos.logback.core",
      "ch.qos.logback.classic",
      "bcprov",
      "bcutil",
      "bcpkix",
      "org.apache.sshd.osgi",
      "io.penstock.ssh"
    })
class SshIT {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions OPTIONS = ChannelOptions.defaults();

  @TempDir Path folder;

  @Test
  void bytesPassAndTheEndOfOneDirectionLeavesTheOther(BundleContext context) throws Exception {
    Bundle bundle = Penstock.bundle(context, "io.penstock.ssh");
    ChannelFactory factory = Services.any(context, ChannelFactory.class, "");
    assertTrue(factory.schemes().containsAll(Set.of("ssh", "ssh-listen")));
    Path key = key();
    try (Listener listener = listen(factory, key);
        Channel client = open(factory, listener, key);
        Channel server = listener.accept(SOON)) {
      client.sink().writeFully("there", SOON);
      client.sink().end();
      assertEquals("there", text(server.source().readAll(99, SOON)));
      server.sink().writeFully("and back", SOON);
      server.sink().end();
      assertEquals("and back", text(client.source().readAll(99, SOON)));
      bundle.stop();
      assertFalse(client.isOpen(), "what the bundle made goes with it");
    } finally {
      bundle.start();
    }
    assertTrue(factory.schemes().contains("ssh"));
  }

  @Test
  void policyIsAServiceThatIsFoundByItsName(BundleContext context) throws Exception {
    Bundle bundle = Penstock.bundle(context, "io.penstock.ssh");
    ChannelFactory factory = Services.any(context, ChannelFactory.class, "");
    // Not by its type, which this bundle has no wiring to.
    Class<?> type = bundle.loadClass("io.penstock.ssh.SshPolicy");
    Object policy =
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, values) ->
                method.getName().equals("login")
                    ? Boolean.TRUE
                    : method.isDefault()
                        ? InvocationHandler.invokeDefault(self, method, values)
                        : method.invoke(this, values));
    ServiceRegistration<?> registered =
        context.registerService(
            type.getName(), policy, new Hashtable<>(Map.of("penstock.name", "everybody")));
    try (Listener listener =
        factory.listen(
            Endpoint.parse(
                "ssh-listen://127.0.0.1:0?policy=everybody&hostkey=" + folder.resolve("host")),
            OPTIONS)) {
      Endpoint login =
          Endpoint.parse(
              "ssh://me@"
                  + listener.endpoint().address().substring(2)
                  + "?host-key-checking=accept-new&known-hosts="
                  + folder.resolve("known")
                  + "&identity="
                  + key());
      factory.open(login, OPTIONS, SOON).close();
      registered.unregister();
      assertThrows(IOException.class, () -> factory.open(login, OPTIONS, SOON));
    }
  }

  @Test
  void nothingIsLeftWhenTheBundleHasStopped(BundleContext context) throws Exception {
    Bundle bundle = Penstock.bundle(context, "io.penstock.ssh");
    ChannelFactory factory = Services.any(context, ChannelFactory.class, "");
    Path key = key();
    // The first use opens what the JDK keeps for good.
    talk(factory, key, bundle);
    Set<String> before = OpenFiles.channels();
    Set<String> portsBefore = OpenFiles.listeningPorts();
    bundle.start();
    Set<Thread> threads = talk(factory, key, bundle);
    try {
      assertFalse(threads.isEmpty(), "it has threads while it runs");
      for (Thread thread : threads) {
        thread.join(20_000);
      }
      assertEquals(
          List.of(), threads.stream().filter(Thread::isAlive).map(Thread::getName).toList());
      Set<String> ports = OpenFiles.listeningPorts();
      ports.removeAll(portsBefore);
      assertEquals(Set.of(), ports);
      Set<String> channels = OpenFiles.channels();
      channels.removeAll(before);
      assertEquals(Set.of(), channels);
    } finally {
      bundle.start();
    }
  }

  /** Has connections of either role, with much on its way, when the bundle stops. */
  private Set<Thread> talk(ChannelFactory factory, Path key, Bundle bundle) throws Exception {
    try (Listener listener = listen(factory, key);
        Channel client = open(factory, listener, key);
        Channel server = listener.accept(SOON)) {
      client.sink().writeFully(ByteBuffer.allocate(1 << 20), SOON);
      server.source().readFully(ByteBuffer.allocate(1 << 19), SOON);
      Set<Thread> threads =
          Thread.getAllStackTraces().keySet().stream()
              .filter(each -> each.getName().startsWith("sshd-"))
              .collect(Collectors.toSet());
      bundle.stop();
      assertFalse(client.isOpen() || server.isOpen(), "what the bundle made goes with it");
      return threads;
    }
  }

  private Listener listen(ChannelFactory factory, Path key) throws Exception {
    return factory.listen(
        Endpoint.parse(
            "ssh-listen://127.0.0.1:0?hostkey="
                + folder.resolve("host")
                + "&authorized-keys="
                + key
                + ".pub"),
        OPTIONS);
  }

  private Channel open(ChannelFactory factory, Listener listener, Path key) throws Exception {
    return factory.open(
        Endpoint.parse(
            "ssh://me@"
                + listener.endpoint().address().substring(2)
                + "?exec=x&host-key-checking=accept-new&known-hosts="
                + folder.resolve("known")
                + "&identity="
                + key),
        OPTIONS,
        SOON);
  }

  @Test
  void secretsOfConfigurationsOpenKeysAndAreNeverShown(BundleContext context) throws Exception {
    String secret = "xyzzy";
    Path key = key(secret + "-channel");
    Path host = folder.resolve("encrypted-host");
    java.util.logging.Logger logger = java.util.logging.Logger.getLogger("io.penstock");
    java.util.logging.Level level = logger.getLevel();
    logger.setLevel(java.util.logging.Level.ALL);
    try (Log log = new Log(context);
        Configurations configurations = new Configurations(context)) {
      configurations.create(
          Penstock.LISTENER,
          "door",
          Map.of(
              "endpoint",
              "ssh-listen://127.0.0.1:0",
              "hostkey",
              host.toString(),
              "authorized-keys",
              key + ".pub",
              ".passphrase",
              secret + "-listener"));
      Listener listener = Services.named(context, Listener.class, "door");
      Map<String, Object> values =
          new HashMap<>(
              Map.of(
                  "endpoint",
                  "ssh://me@" + listener.endpoint().address().substring(2),
                  "exec",
                  "x",
                  "host-key-checking",
                  "accept-new",
                  "known-hosts",
                  folder.resolve("known").toString(),
                  "identity",
                  key.toString(),
                  ".passphrase",
                  secret + "-wrong"));
      Configuration line = configurations.create(Penstock.CHANNEL, "line", values);
      log.await("io.penstock.Channel~line", "does not fit");
      values.put(".passphrase", secret + "-channel");
      values.put(".password", secret + "-password");
      Configurations.update(line, values);
      Channel client = Services.named(context, Channel.class, "line");
      Channel server = listener.accept(SOON);
      client.sink().writeFully("there", SOON);
      client.sink().end();
      assertEquals("there", text(server.source().readAll(99, SOON)));
      assertTrue(
          new String(
                  Base64.getMimeDecoder()
                      .decode(Files.readString(host).replaceAll("-----.*-----", "")),
                  StandardCharsets.ISO_8859_1)
              .contains("aes256-ctr"),
          "the host key that was made is encrypted");

      StringBuilder seen = new StringBuilder(String.join("\n", log.lines()));
      for (ServiceReference<?> each : context.getAllServiceReferences(null, null)) {
        for (String name : each.getPropertyKeys()) {
          Object value = each.getProperty(name);
          seen.append(name).append(value instanceof Object[] all ? List.of(all) : value);
        }
      }
      seen.append(client).append(client.name()).append(client.endpoint()).append(listener);
      assertTrue(seen.indexOf("line") >= 0 && seen.indexOf("door") >= 0);
      assertFalse(seen.indexOf(secret) >= 0, "a secret is in " + seen);
    } finally {
      logger.setLevel(level);
    }
  }

  private Path key() throws Exception {
    return key("");
  }

  private Path key(String passphrase) throws Exception {
    Path key = folder.resolve("key");
    Process keygen =
        new ProcessBuilder(
                "ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", key.toString())
            .inheritIO()
            .start();
    assertTrue(keygen.waitFor(60, TimeUnit.SECONDS), "ssh-keygen does not end");
    assertEquals(0, keygen.exitValue());
    return key;
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }
}
