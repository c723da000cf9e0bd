// SPDX-License-Identifier: Apache-2.0
import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Handle;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.channel.Listener;
import io.penstock.impl.posix.PathName;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayObserver;
import io.penstock.relay.RelayOptions;
import io.penstock.sftp.SftpProvider;
import io.penstock.ssh.provider.SshProvider;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import io.penstock.tls.TlsProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A process with all kinds in it that does what lines on its standard input say, and tells on its
 * standard output what came of it; the laboratory's peers drive it. A line is a command, a name and
 * words that are separated by tabs:
 *
 * <ul>
 *   <li>{@code relay NAME FROM TO [KEY=VALUE of TO]...}: FROM listens; answers {@code listening
 *       NAME ENDPOINT}, and for each connection {@code parted NAME ok} or {@code parted NAME
 *       REASON}
 *   <li>{@code once NAME FROM TO}: one connection; answers {@code started NAME}, then {@code
 *       parted}
 *   <li>{@code pass NAME IN OUT}: as {@code once}, from one path to another by descriptors that are
 *       opened here and handed over as {@code fd:}
 *   <li>{@code poller NAME FROM}: lines that come are sent back, by one poller
 *   <li>{@code adopt NAME FROM TO}: each handle that comes over a connection is relayed to TO
 *   <li>{@code offer NAME FROM TO}: each connection is sent the handle of a connection to TO
 *   <li>{@code close NAME}: closes what has the name; answers {@code closed NAME}
 *   <li>{@code leak NAME HOW}: plants a leak of a {@code descriptor}, {@code heap} or {@code
 *       thread}
 *   <li>{@code counts NAME}: {@code counts NAME THREADS HEAP}, the heap after a collection
 * </ul>
 *
 * <p>Ends with its standard input.
 */
public final class Host {
  private static final PrintStream OUT = new PrintStream(System.out, true, UTF_8);
  private static final ReentrantLock SAYING = new ReentrantLock();

  private final Penstock penstock = Penstock.open();
  private final Map<String, AutoCloseable> open = new ConcurrentHashMap<>();
  private final List<Object> leaked = new ArrayList<>();
  private final PosixAccess posix = new PosixAccess(null);

  private Host() {
    penstock.provide(new TlsProvider(penstock.provider("tcp").orElseThrow()));
    penstock.provide(new SshProvider());
    penstock.provide(new SftpProvider());
  }

  /** Obeys until the end of standard input. */
  public static void main(String[] args) throws IOException {
    Host host = new Host();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    String line;
    while ((line = in.readLine()) != null) {
      String[] words = line.split("\t");
      try {
        host.obey(words);
      } catch (Exception | Error e) {
        say("refused", words[1], e);
      }
    }
    host.penstock.close();
    System.exit(0);
  }

  private static void say(Object... words) {
    StringBuilder line = new StringBuilder();
    for (Object word : words) {
      line.append(line.length() == 0 ? "" : "\t")
          .append(word.toString().replaceAll("[\t\n\r]", " "));
    }
    SAYING.lock();
    try {
      OUT.println(line);
    } finally {
      SAYING.unlock();
    }
  }

  private void obey(String[] words) throws Exception {
    String name = words[1];
    switch (words[0]) {
      case "relay" -> relay(name, words[2], words[3], options(words, 4), true);
      case "once" -> relay(name, words[2], words[3], options(words, 4), false);
      case "pass" -> pass(name, words[2], words[3]);
      case "poller" -> poller(name, words[2]);
      case "adopt" -> {
        Endpoint to = Endpoint.parse(words[3]);
        carry(name, words[2], (carrier, wait) -> adopt(name, to, carrier, wait));
      }
      case "offer" -> {
        Endpoint to = Endpoint.parse(words[3]);
        carry(name, words[2], (carrier, wait) -> offer(name, to, carrier, wait));
      }
      case "close" -> {
        AutoCloseable closed = open.remove(name);
        if (closed != null) {
          closed.close();
        }
        say("closed", name);
      }
      case "leak" -> leak(words[2]);
      case "counts" -> {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        say(
            "counts",
            name,
            Thread.getAllStackTraces().size(),
            runtime.totalMemory() - runtime.freeMemory());
      }
      default -> throw new IllegalArgumentException("unknown: " + Arrays.toString(words));
    }
  }

  private static Map<String, String> options(String[] words, int from) {
    Map<String, String> options = new HashMap<>();
    for (int i = from; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      options.put(words[i].substring(0, equals), words[i].substring(equals + 1));
    }
    return options;
  }

  private int opened(String path, int flags) throws IOException {
    Posix calls = posix.calls("host", "open");
    int fd = PathName.open(calls, Path.of(path), flags | 02000000);
    if (fd < 0) {
      throw new IOException("cannot open " + path + ": errno " + -fd);
    }
    return fd;
  }

  private void relay(String name, String from, String to, Map<String, String> options, boolean fork)
      throws IOException {
    ChannelOptions there = ChannelOptions.defaults();
    for (Map.Entry<String, String> option : options.entrySet()) {
      there = there.with(option.getKey(), option.getValue());
    }
    RelayObserver observer =
        new RelayObserver() {
          @Override
          public void parted(Channel channel, RelayException failure) {
            say("parted", name, failure == null ? "ok" : reason(failure));
          }
        };
    Relay relay =
        penstock
            .relays()
            .create(
                Endpoint.parse(from),
                Endpoint.parse(to),
                RelayOptions.defaults()
                    .withName(name)
                    .withFork(fork)
                    .withOneWay(!fork)
                    .withTo(there)
                    .withObserver(observer));
    open.put(name, relay);
    if (!fork) {
      relay
          .completed()
          .whenComplete(
              (done, failure) -> {
                open.remove(name, relay);
                say("completed", name, failure == null ? "ok" : reason(failure));
              });
    }
    relay.start();
    if (fork) {
      say("listening", name, relay.listeners().get(0).endpoint());
    } else {
      say("started", name);
    }
  }

  /** Each descriptor becomes a channel of its own; what no channel has taken is closed here. */
  private void pass(String name, String in, String out) throws IOException {
    ChannelOptions options = ChannelOptions.defaults();
    Channel from = adopted(in, 0, options.withDirection(Direction.INPUT));
    Channel to;
    try {
      to = adopted(out, 1, options.withDirection(Direction.OUTPUT));
    } catch (IOException | RuntimeException | Error e) {
      from.abort(e);
      throw e;
    }
    Relay relay =
        penstock.relays().create(from, to, RelayOptions.defaults().withName(name).withOneWay(true));
    open.put(name, relay);
    relay
        .completed()
        .whenComplete(
            (done, failure) -> {
              open.remove(name, relay);
              say("completed", name, failure == null ? "ok" : reason(failure));
            });
    relay.start();
    say("started", name);
  }

  /** Waits, so that it is known whose the descriptor is before anything else happens. */
  private Channel adopted(String path, int flags, ChannelOptions options) throws IOException {
    int fd = opened(path, flags);
    try {
      Endpoint endpoint = Endpoint.parse("fd:" + fd + "?own=true");
      return penstock.channels().open(endpoint, options, Wait.forever());
    } catch (IOException | RuntimeException | Error e) {
      posix.calls("host", "close").close(fd);
      throw e;
    }
  }

  private static String reason(Throwable failure) {
    StringBuilder text = new StringBuilder();
    for (Throwable t = failure; t != null; t = t.getCause()) {
      text.append(text.length() == 0 ? "" : "; because ").append(t);
    }
    return text.toString();
  }

  private void poller(String name, String from) throws IOException {
    Listener listener = penstock.channels().listen(Endpoint.parse(from), ChannelOptions.defaults());
    Poller poller = penstock.poller();
    poller.register(listener, Framing.lines(1 << 16));
    Map<Registration, Channel> clients = new ConcurrentHashMap<>();
    poller
        .start(
            new ChannelHandler() {
              @Override
              public void opened(Registration at, Channel channel, Registration client) {
                clients.put(client, channel);
              }

              @Override
              public void data(Registration client, ByteBuffer frame) {
                Channel channel = clients.get(client);
                ByteBuffer copy = ByteBuffer.allocate(frame.remaining());
                copy.put(frame).flip();
                channel
                    .sink()
                    .writeAsync(copy)
                    .whenComplete(
                        (done, failure) -> {
                          if (failure != null && clients.remove(client) != null) {
                            say("parted", name, reason(failure));
                            channel.abort(failure);
                          }
                        });
              }

              @Override
              public void ended(Registration client) throws IOException {
                Channel channel = clients.remove(client);
                if (channel != null) {
                  channel.close();
                  say("parted", name, "ok");
                }
              }

              @Override
              public void failed(Registration client, Throwable cause) {
                Channel channel = clients.remove(client);
                say("parted", name, reason(cause));
                if (channel != null) {
                  channel.abort(cause);
                }
              }
            })
        .whenComplete((done, failure) -> say("stopped", name, failure == null ? "ok" : failure));
    open.put(
        name,
        () -> {
          poller.closeAll();
          poller.close();
          listener.close();
        });
    say("listening", name, listener.endpoint());
  }

  /** What is done with each connection over which handles travel. */
  private interface Carried {
    void serve(Channel carrier, Wait wait) throws IOException;
  }

  private void carry(String name, String from, Carried carried) throws IOException {
    Listener listener = penstock.channels().listen(Endpoint.parse(from), ChannelOptions.defaults());
    Thread thread = new Thread(() -> carryAll(name, listener, carried), "host-carry");
    thread.setDaemon(true);
    thread.start();
    open.put(name, listener);
    say("listening", name, listener.endpoint());
  }

  private void carryAll(String name, Listener listener, Carried carried) {
    Wait wait = Wait.upTo(Duration.ofSeconds(5));
    while (listener.isOpen()) {
      try (Channel carrier = listener.accept(Wait.forever())) {
        try {
          carried.serve(carrier, wait);
        } catch (IOException | RuntimeException e) {
          carrier.abort(e);
          say("parted", name, reason(e));
        }
      } catch (IOException e) {
        if (listener.isOpen()) {
          say("parted", name, reason(e));
        }
      }
    }
  }

  private void adopt(String name, Endpoint to, Channel carrier, Wait wait) throws IOException {
    carrier.source().read(ByteBuffer.allocate(1), wait);
    Channel adopted;
    try (Handle handle = carrier.facet(HandleFacet.class).orElseThrow().take().orElseThrow()) {
      adopted = handle.channel(ChannelOptions.defaults());
    }
    Channel other = penstock.channels().connect(to, ChannelOptions.defaults());
    Relay relay = penstock.relays().create(adopted, other, RelayOptions.defaults());
    relay
        .completed()
        .whenComplete(
            (done, failure) -> say("parted", name, failure == null ? "ok" : reason(failure)));
    relay.start();
  }

  private void offer(String name, Endpoint to, Channel carrier, Wait wait) throws IOException {
    HandleFacet handles = carrier.facet(HandleFacet.class).orElseThrow();
    Channel channel = penstock.channels().open(to, ChannelOptions.defaults(), wait);
    try (Handle given = channel.facet(DescriptorFacet.class).orElseThrow().release()) {
      handles.send(ByteBuffer.wrap(new byte[] {1}), wait, given);
    } catch (IOException | RuntimeException | Error e) {
      channel.abort(e);
      throw e;
    }
    say("parted", name, "ok");
  }

  private void leak(String how) throws IOException {
    switch (how) {
      case "descriptor" -> opened("/dev/null", 0);
      case "heap" -> leaked.add(new byte[256 * 1024]);
      case "thread" -> {
        Thread thread = new Thread(() -> java.util.concurrent.locks.LockSupport.park(), "leaked");
        thread.setDaemon(true);
        thread.start();
      }
      default -> throw new IllegalArgumentException(how);
    }
  }
}
