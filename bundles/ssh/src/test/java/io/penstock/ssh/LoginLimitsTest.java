// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import org.junit.jupiter.api.Test;

/** What limits logging in belongs to connections and addresses; no peer begins it anew. */
class LoginLimitsTest {
  private static final String NO_EXEMPTION = "per-source-penalty-exempt=";

  /** Refuses every password. */
  private static final class Refusing implements SshPolicy {
    final BlockingQueue<String> guesses = new LinkedBlockingQueue<>();

    @Override
    public Set<SshLogin.Method> methods() {
      return Set.of(SshLogin.Method.PASSWORD);
    }

    @Override
    public boolean login(SshLogin login) {
      guesses.addAll(login.answers());
      return false;
    }
  }

  /** How many guesses a client was cut after, and how many milliseconds. */
  private static int[] guess(Refusing policy, String... options) throws Exception {
    Bench.PROVIDER.addPolicy("refusing", policy);
    try (Listener listener =
            Bench.CHANNELS.listen(
                Bench.endpoint(
                    "ssh-listen://127.0.0.1:0?policy=refusing&hostkey=" + Bench.HOST_KEY, options),
                ChannelOptions.defaults());
        Paramiko.Script client = Paramiko.client(Bench.port(listener.endpoint()), "guess")) {
      String[] told = client.line().split(" ");
      return new int[] {Integer.parseInt(told[0]), Integer.parseInt(told[1])};
    } finally {
      Bench.PROVIDER.removePolicy("refusing", policy);
    }
  }

  @Case(seconds = 60)
  void askingForTheLoginAgainGivesNoMoreTriesAndRefusalsTakeTheirTime() throws Exception {
    Refusing policy = new Refusing();
    int[] told = guess(policy, "max-auth-tries=4");
    assertEquals(4, told[0]);
    assertEquals(4, policy.guesses.size());
    // Three refusals are told; the fourth is the end.
    assertTrue(told[1] >= 3 * 50, told[1] + " ms");
  }

  @Case(seconds = 60)
  void askingForTheLoginAgainGivesNoMoreTime() throws Exception {
    int[] told = guess(new Refusing(), "max-auth-tries=100", "login-timeout=3s");
    assertTrue(told[0] < 100, told[0] + " guesses");
    assertTrue(told[1] < 20_000, told[1] + " ms");
  }

  @Case(seconds = 60)
  void askingForTheLoginAgainAfterItEndsNothing() throws Exception {
    try (Listener listener = Bench.listen();
        Paramiko.Script client = Paramiko.client(Bench.port(listener.endpoint()), "ask-again")) {
      Channel channel = listener.accept(Bench.SOON);
      Bench.server(channel).sendExitStatus(7);
      channel.close();
      assertEquals("7", client.line());
    }
  }

  private static List<Socket> crowd(Listener listener, int size) throws IOException {
    List<Socket> crowd = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      crowd.add(new Socket(InetAddress.getLoopbackAddress(), Bench.port(listener.endpoint())));
    }
    return crowd;
  }

  private static void awaitEnd(Socket each) throws IOException {
    each.setSoTimeout(20_000);
    // Perhaps it is told by a reset.
    try (each) {
      assertEquals(-1, each.getInputStream().read());
    } catch (SocketException e) {
      assertTrue(e.getMessage().contains("reset"), e.getMessage());
    }
  }

  private static void close(List<Socket> crowd) throws IOException {
    for (Socket each : crowd) {
      each.close();
    }
  }

  @Case(seconds = 60)
  void thoseWhoSayNothingKeepNobodyOut() throws Exception {
    try (LogLines log = new LogLines("io.penstock", Level.WARNING);
        Listener listener = Bench.listen("max-startups=6", "max-sessions=2")) {
      List<Socket> crowd = crowd(listener, 20);
      try (Channel first = Bench.connect(listener)) {
        List<Socket> later = crowd(listener, 20);
        try (Channel second = Bench.connect(listener)) {
          assertTrue(first.isOpen() && second.isOpen());
        } finally {
          close(later);
        }
      } finally {
        close(crowd);
      }
      assertEquals(1, log.all().stream().filter(each -> each.contains("max-startups")).count());
    }
  }

  @Case(seconds = 60)
  void connectionsAreAcceptedAfterFaults() throws Exception {
    AtomicInteger faults = new AtomicInteger(3);
    SshPolicy failing =
        new SshPolicy() {
          @Override
          public Set<SshLogin.Method> methods() {
            if (faults.getAndDecrement() > 0) {
              throw new OutOfMemoryError("on purpose");
            }
            return SshPolicy.super.methods();
          }
        };
    Bench.PROVIDER.addPolicy("failing", failing);
    try (LogLines log = new LogLines("io.penstock", Level.WARNING);
        Listener listener = Bench.listen("policy=failing")) {
      for (Socket each : crowd(listener, 3)) {
        awaitEnd(each);
      }
      Bench.open(Bench.login(listener.endpoint())).close();
      assertEquals(
          1, log.all().stream().filter(each -> each.contains("accepting goes on")).count());
    } finally {
      Bench.PROVIDER.removePolicy("failing", failing);
    }
  }

  @Case(seconds = 60)
  void addressWhoseLoginsFailIsRefusedForAWhile() throws Exception {
    try (LogLines log = new LogLines("io.penstock", Level.INFO);
        Listener listener =
            Bench.listen(NO_EXEMPTION, "per-source-penalties=authfail:5m,min:1s,max:5m")) {
      Endpoint login = Bench.login(listener.endpoint());
      String stranger =
          login.toString().replace(Bench.CLIENT_KEY.toString(), Bench.STRANGER_KEY.toString());
      Bench.open(login).close();
      assertThrows(HandshakeException.class, () -> Bench.open(Endpoint.parse(stranger)));
      assertTrue(log.await("per-source-penalties").contains("127.0.0.1 are refused for 300"));
      for (Socket each : crowd(listener, 5)) {
        awaitEnd(each);
      }
      assertThrows(IOException.class, () -> Bench.open(login));
      assertFalse(
          log.all().stream().anyMatch(each -> each.contains("accepting goes on")),
          () -> log.all().toString());
    }
  }

  @Test
  void optionsThatMeanNothingAreRefused() {
    for (String option :
        List.of(
            "max-startups=0",
            "max-startups=10:30",
            "max-startups=10:0:20",
            "max-startups=10:101:20",
            "max-startups=10:30:9",
            "max-startups=10:30:1000001",
            "per-source-penalties=authfail",
            "per-source-penalties=crash:5s",
            "per-source-penalties=min:soon",
            "per-source-penalty-exempt=127.0.0.0/33",
            "strict-modes=maybe")) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> Bench.listen(option), option);
      assertTrue(
          refused.getMessage().startsWith(option.replaceAll("=.*", "")), refused.getMessage());
    }
  }

  // ---- files

  private static void permit(Path file, String permissions) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  @Test
  void keysThatOthersCouldAddToLetNobodyIn() throws Exception {
    Path folder = Files.createDirectory(Bench.FOLDER.resolve("open-to-others"));
    Path keys = Files.copy(Bench.AUTHORIZED, folder.resolve("keys"));
    String authorized = "authorized-keys=" + keys;
    String listen = "ssh-listen://127.0.0.1:0?hostkey=" + Bench.HOST_KEY;
    permit(keys, "rw-rw-r--");
    Endpoint strict = Bench.endpoint(listen, authorized);
    IOException refused =
        assertThrows(
            IOException.class, () -> Bench.CHANNELS.listen(strict, ChannelOptions.defaults()));
    assertTrue(
        refused.getMessage().contains("others may write to it, with the permissions 0664"),
        refused.getMessage());
    Bench.CHANNELS
        .listen(Bench.endpoint(listen, authorized, "strict-modes=false"), ChannelOptions.defaults())
        .close();
    permit(keys, "rw-r--r--");
    try (Listener listener = Bench.CHANNELS.listen(strict, ChannelOptions.defaults())) {
      Endpoint login = Bench.login(listener.endpoint());
      Bench.open(login).close();
      permit(folder, "rwxrwxrwx");
      assertThrows(HandshakeException.class, () -> Bench.open(login));
      permit(folder, "rwxr-xr-x");
      Bench.open(login).close();
    }
  }

  @Test
  void privateKeysThatOthersCanReadAreRefused() throws Exception {
    Path key = Bench.key("readable", "");
    permit(key, "rw-r-----");
    IOException refused =
        assertThrows(
            IOException.class,
            () ->
                Bench.CHANNELS.listen(
                    Bench.endpoint(
                        "ssh-listen://127.0.0.1:0?hostkey="
                            + key
                            + "&authorized-keys="
                            + Bench.AUTHORIZED),
                    ChannelOptions.defaults()));
    assertTrue(refused.getMessage().contains("0640 are too open"), refused.getMessage());
    Path ours = Files.copy(Bench.CLIENT_KEY, Bench.FOLDER.resolve("readable-client"));
    permit(ours, "rw----r--");
    try (Listener listener = Bench.listen()) {
      String login =
          Bench.login(listener.endpoint())
              .toString()
              .replace("identity=" + Bench.CLIENT_KEY, "identity=" + ours);
      IOException unprotected =
          assertThrows(IOException.class, () -> Bench.open(Endpoint.parse(login)));
      assertTrue(
          unprotected
              .getMessage()
              .contains(
                  "identity: " + ours + " cannot be used: its permissions" + " 0604 are too open"),
          unprotected.getMessage());
      Bench.open(Endpoint.parse(login + "&strict-modes=false")).close();
    }
  }
}
