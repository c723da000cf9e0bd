// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.HandleFactory;
import io.penstock.channel.Listener;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayFactory;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/** Services that do nothing but remember, and streams that can be read back. */
final class Fakes {
  /** What is written to standard output. */
  final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** What is written to standard error. */
  final ByteArrayOutputStream err = new ByteArrayOutputStream();

  /** What the container was asked for. */
  final List<Map<String, String>> containers = new ArrayList<>();

  /** The relay that the factory gives. */
  final FakeRelay relay = new FakeRelay();

  /** What the factory was asked for. */
  final List<Request> requests = new ArrayList<>();

  /** Thrown by the factory when set: an {@link IOException} or a {@link RuntimeException}. */
  Exception refusal;

  /** Called at the start of the relay. */
  Consumer<RelayOptions> onStart = options -> relay.completed.complete(null);

  /** Where control sockets may be. */
  List<Path> control =
      List.of(Path.of("/run/user/1/penstock.sock"), Path.of("/tmp/penstock-me.sock"));

  boolean terminal;
  SortedSet<Integer> inherited = new TreeSet<>(List.of(5, 13));
  volatile boolean ending;

  record Request(Endpoint from, Endpoint to, RelayOptions options) {}

  Tool tool() {
    return new Tool(
        new Tool.Surroundings(
            "1.2.3",
            "Framework 4.5",
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            terminal,
            false,
            control,
            Set.of("sftp-server"),
            inherited,
            () -> ending,
            options -> {
              containers.add(options);
              return 42;
            }),
        new Channels(),
        new Relays());
  }

  int run(String... args) {
    return tool().run(args);
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  /** A channel of which only the endpoint and the peer are asked. */
  static Channel channel(String endpoint) {
    return (Channel)
        Proxy.newProxyInstance(
            Fakes.class.getClassLoader(),
            new Class<?>[] {Channel.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "endpoint" -> Endpoint.parse(endpoint);
                  case "peer" -> Optional.empty();
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private final class Relays implements RelayFactory {
    @Override
    public Relay create(Endpoint from, Endpoint to, RelayOptions options) throws IOException {
      requests.add(new Request(from, to, options));
      if (refusal instanceof IOException e) {
        throw e;
      }
      if (refusal instanceof RuntimeException e) {
        throw e;
      }
      relay.onStart = () -> onStart.accept(options);
      return relay;
    }

    @Override
    public Relay create(Channel from, Channel to, RelayOptions options) {
      throw new UnsupportedOperationException();
    }
  }

  private static final class Channels implements ChannelFactory {
    @Override
    public Channel connect(Endpoint endpoint, ChannelOptions options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Channel open(Endpoint endpoint, ChannelOptions options, Wait wait) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Listener listen(Endpoint endpoint, ChannelOptions options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Channel over(Channel below, Endpoint endpoint, ChannelOptions options) {
      throw new AssertionError("the command line puts nothing above a channel");
    }

    @Override
    public ChannelPair pair(ChannelOptions options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public HandleFactory handles() {
      throw new UnsupportedOperationException();
    }

    @Override
    public String nativeMode() {
      return "foreign";
    }

    @Override
    public SortedSet<String> schemes() {
      return new TreeSet<>(
          List.of(
              "echo",
              "exec",
              "fd",
              "fifo",
              "mem",
              "mem-listen",
              "pipe",
              "shell",
              "ssh",
              "stdio",
              "tcp",
              "tcp-listen",
              "unix",
              "unix-listen"));
    }
  }

  /** A relay that ends when told to. */
  static final class FakeRelay implements Relay {
    final CompletableFuture<Void> completed = new CompletableFuture<>();
    final CountDownLatch started = new CountDownLatch(1);
    final List<Listener> listeners = new CopyOnWriteArrayList<>();
    Runnable onStart = () -> {};
    volatile boolean closed;

    @Override
    public String name() {
      return "fake";
    }

    @Override
    public List<Listener> listeners() {
      return List.copyOf(listeners);
    }

    @Override
    public void start() {
      onStart.run();
      started.countDown();
    }

    @Override
    public CompletionStage<Void> completed() {
      return completed;
    }

    @Override
    public long forwarded() {
      return 1536;
    }

    @Override
    public long returned() {
      return 7;
    }

    @Override
    public int active() {
      return 1;
    }

    @Override
    public void close() {
      closed = true;
      completed.complete(null);
    }
  }

  /** A listener of which only the endpoint is asked. */
  static Listener listener(String endpoint) {
    return new Listener() {
      @Override
      public <T> Optional<T> facet(Class<T> type) {
        return Optional.empty();
      }

      @Override
      public String name() {
        return endpoint;
      }

      @Override
      public Endpoint endpoint() {
        return Endpoint.parse(endpoint);
      }

      @Override
      public Channel accept(Wait wait) {
        throw new UnsupportedOperationException();
      }

      @Override
      public void pause() {}

      @Override
      public void resume() {}

      @Override
      public Signal acceptable() {
        throw new UnsupportedOperationException();
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public CompletionStage<Void> closed() {
        return new CompletableFuture<>();
      }

      @Override
      public void close() {}
    };
  }
}
