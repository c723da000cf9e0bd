// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.ssh.impl.CryptoProviders;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.channel.SessionWatch;
import io.penstock.ssh.provider.SshProvider;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Subject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyEncryptionContext;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.session.ReservedSessionMessagesHandler;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** A Penstock with SSH, and keys for it that last as long as the tests. */
final class Bench {
  static final Penstock PENSTOCK = Penstock.open();
  static final SshProvider PROVIDER = new SshProvider();
  static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  /** What a login may take; on a busy machine the first one takes most of it. */
  private static final Duration LOGIN = Duration.ofMinutes(1);

  static final Path FOLDER;
  static final Path HOST_KEY;
  static final Path CLIENT_KEY;
  static final Path STRANGER_KEY;
  static final Path AUTHORIZED;

  static {
    boolean unused = CryptoProviders.ready();
    try {
      FOLDER = Files.createTempDirectory("penstock-ssh");
      HOST_KEY = key("host", "");
      CLIENT_KEY = key("client", "");
      STRANGER_KEY = key("stranger", "");
      AUTHORIZED = Files.copy(FOLDER.resolve("client.pub"), FOLDER.resolve("authorized_keys"));
      Runtime.getRuntime().addShutdownHook(new Thread(Bench::remove));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    PENSTOCK.provide(PROVIDER);
  }

  static final ChannelFactory CHANNELS = PENSTOCK.channels();
  static final Services SERVICES =
      new Services(PENSTOCK.pipes(), CHANNELS, PENSTOCK.relays(), PENSTOCK::poller);

  static {
    // It loads the library, for which others need not have the time.
    try {
      meet().close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Bench() {}

  private static void remove() {
    try (Stream<Path> files = Files.walk(FOLDER)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      System.getLogger("io.penstock").log(System.Logger.Level.WARNING, "files are left", e);
    }
  }

  /** Makes a key of the kind ed25519, in a file and one more that ends in {@code .pub}. */
  static Path key(String name, String passphrase) throws IOException {
    Path file = FOLDER.resolve(name);
    try {
      KeyPair pair = KeyUtils.generateKeyPair(KeyPairProvider.SSH_ED25519, 256);
      ByteArrayOutputStream text = new ByteArrayOutputStream();
      OpenSSHKeyEncryptionContext encryption = null;
      if (!passphrase.isEmpty()) {
        encryption = new OpenSSHKeyEncryptionContext();
        encryption.setPassword(passphrase);
        encryption.setCipherType("256");
      }
      OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(pair, name, encryption, text);
      Files.write(file, text.toByteArray());
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      Files.writeString(
          FOLDER.resolve(name + ".pub"), PublicKeyEntry.toString(pair.getPublic()) + "\n");
      return file;
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  static String publicKey(Path key) throws IOException {
    return Files.readString(Path.of(key + ".pub"), StandardCharsets.UTF_8).strip();
  }

  /** A file that knows a server of loopback by its key, at each port. */
  static Path knownHosts(int port, Path key) throws IOException {
    Path file = Files.createTempFile(FOLDER, "known", "");
    return Files.write(file, List.of("[127.0.0.1]:" + port + " " + publicKey(key)));
  }

  static Endpoint listening(String... options) {
    return endpoint(
        "ssh-listen://127.0.0.1:0?hostkey=" + HOST_KEY + "&authorized-keys=" + AUTHORIZED, options);
  }

  static int port(Endpoint bound) {
    String address = bound.address();
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  /** The port at which a server listens for us. */
  static int forwardedPort(Listener listener) {
    String at = listener.endpoint().options().get("listen");
    return Integer.parseInt(at.substring(at.lastIndexOf(':') + 1));
  }

  /** The endpoint that connects to a listener, with nothing to run yet. */
  static Endpoint login(Endpoint bound, String... options) {
    int port = port(bound);
    try {
      return endpoint(
          "ssh://tester@127.0.0.1:"
              + port
              + "/?identity="
              + CLIENT_KEY
              + "&known-hosts="
              + knownHosts(port, HOST_KEY),
          options);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Endpoint connecting(Endpoint bound, String... options) {
    String[] all = new String[options.length + 1];
    all[0] = "exec=anything";
    System.arraycopy(options, 0, all, 1, options.length);
    return login(bound, all);
  }

  static Endpoint endpoint(String start, String... options) {
    StringBuilder text = new StringBuilder(start);
    for (String option : options) {
      text.append('&').append(option);
    }
    return Endpoint.parse(text.toString());
  }

  static Listener listen(String... options) throws IOException {
    return CHANNELS.listen(listening(options), ChannelOptions.defaults());
  }

  static Channel connect(Listener listener, String... options) throws IOException {
    return open(connecting(listener.endpoint(), options));
  }

  static Channel open(Endpoint endpoint) throws IOException {
    return CHANNELS.open(
        endpoint, ChannelOptions.defaults().withConnectTimeout(LOGIN), Wait.upTo(LOGIN));
  }

  static SshClientFacet client(Channel channel) {
    return channel.facet(SshClientFacet.class).orElseThrow();
  }

  static SshServerFacet server(Channel channel) {
    return channel.facet(SshServerFacet.class).orElseThrow();
  }

  /** The library's connection of a channel, which nobody is given. */
  static Session session(Channel channel) throws ReflectiveOperationException {
    return link(channel).getSession();
  }

  /**
   * From then on nothing is read of what the other sends. Reading is suspended by the thread that
   * reads: any other may come before a read, which then takes one more message, or after it, when
   * none is taken any more.
   */
  static void stopsReading(Session peer, Session other) throws Exception {
    CountDownLatch suspended = new CountDownLatch(1);
    peer.setReservedSessionMessagesHandler(
        new ReservedSessionMessagesHandler() {
          @Override
          public void handleIgnoreMessage(Session session, Buffer message) {
            session.getIoSession().suspendRead();
            suspended.countDown();
          }
        });
    Object unused = other.sendIgnoreMessage(new byte[1]);
    if (!suspended.await(20, TimeUnit.SECONDS)) {
      throw new AssertionError(peer + " reads on");
    }
  }

  /** Waits until a link is closed; whether the peer has closed it, too, and was heard. */
  static boolean hearsClose(Link link) throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    link.addCloseFutureListener(done -> closed.countDown());
    if (!closed.await(20, TimeUnit.SECONDS)) {
      throw new AssertionError(link + " stays open");
    }
    Field heard = Link.class.getDeclaredField("closedByPeer");
    heard.setAccessible(true);
    return heard.getBoolean(link);
  }

  /** How many channels a connection keeps that have gone, because bytes of them have not left. */
  static int leaving(Session session) {
    try {
      Method of = SessionWatch.class.getDeclaredMethod("of", Session.class);
      Method leaving = SessionWatch.class.getDeclaredMethod("leaving");
      of.setAccessible(true);
      leaving.setAccessible(true);
      return (int) leaving.invoke(of.invoke(null, session));
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  /** A channel on the wire, which nobody is given. */
  static Link link(Channel channel) throws ReflectiveOperationException {
    Object driver = channel.facet(SshFacet.class).orElseThrow();
    for (Class<?> type = driver.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (field.getType() == Link.class) {
          field.setAccessible(true);
          return (Link) field.get(driver);
        }
      }
    }
    throw new AssertionError("no link in " + driver.getClass());
  }

  /** What may fail. */
  interface Attempt {
    /** Does it. */
    Object run() throws IOException;
  }

  /** The failure of something that waits, once it has begun to; null if it does not fail. */
  static CompletableFuture<@Nullable IOException> failing(Attempt attempt) {
    CompletableFuture<@Nullable IOException> failure = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                Object unused = attempt.run();
                failure.complete(null);
              } catch (IOException e) {
                failure.complete(e);
              } catch (RuntimeException | Error e) {
                failure.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    while (!failure.isDone() && !waits(thread)) {
      LockSupport.parkNanos(200_000);
    }
    return failure;
  }

  /**
   * Waits for something to happen, and not for a moment, such as the lock of a session's packets.
   */
  private static boolean waits(Thread thread) {
    Thread.State state = thread.getState();
    return (state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING)
        && Arrays.stream(thread.getStackTrace())
            .noneMatch(frame -> frame.getClassName().contains("ReentrantLock"));
  }

  /** Both sides of a channel. */
  record Both(Channel client, Channel server) implements AutoCloseable {
    Subject toServer() {
      return Subject.of(client, server);
    }

    Subject toClient() {
      return Subject.of(server, client);
    }

    @Override
    public void close() {
      client.abort(new IOException("the test is over"));
      server.abort(new IOException("the test is over"));
    }
  }

  static Both meet(String... both) throws IOException {
    try (Listener listener = listen(both)) {
      Channel client = connect(listener, both);
      return new Both(client, listener.accept(SOON));
    }
  }
}
