// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.junit;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.Poller;
import io.penstock.relay.RelayFactory;
import io.penstock.stream.Wait;
import io.penstock.testing.TestChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** What one test gets: a Penstock of its own, and what was injected from it. */
final class Workplace {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final String SUFFIX = "-listen";

  private final Standalone penstock;
  private final Set<Object> injected = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Deque<Path> folders = new ArrayDeque<>();

  Workplace(ClassLoader loader) {
    penstock = Standalone.open(loader);
  }

  /** Whether a parameter of that type is for us. */
  static boolean knows(Class<?> type) {
    return type == ChannelPair.class
        || type == Listener.class
        || type == Pipe.class
        || type == TestChannel.class
        || type == Poller.class
        || type == ChannelFactory.class
        || type == PipeFactory.class
        || type == RelayFactory.class
        || type.getName().equals(Standalone.NAME);
  }

  /** Whether a parameter of that type comes in several kinds. */
  static boolean hasKinds(Class<?> type) {
    return type == ChannelPair.class || type == Listener.class;
  }

  /**
   * Makes what is injected.
   *
   * @param kind as {@link OfKind} says; empty for the default
   */
  Object make(Class<?> type, String kind) throws IOException {
    Set<?> before = penstock.unclosed().keySet();
    try {
      return fresh(type, kind);
    } finally {
      for (Object thing : penstock.unclosed().keySet()) {
        if (!before.contains(thing)) {
          injected.add(thing);
        }
      }
    }
  }

  private Object fresh(Class<?> type, String kind) throws IOException {
    if (type == ChannelPair.class) {
      return pair(kind.isEmpty() ? "mem" : kind);
    } else if (type == Listener.class) {
      return listen(kind.isEmpty() ? "tcp" : kind);
    } else if (type == Pipe.class) {
      return penstock.get("pipes", PipeFactory.class).create(PipeOptions.defaults());
    } else if (type == TestChannel.class) {
      return TestChannel.open(channels());
    } else if (type == Poller.class) {
      return penstock.get("poller", Poller.class);
    } else if (type == ChannelFactory.class) {
      return channels();
    } else if (type == PipeFactory.class) {
      return penstock.get("pipes", PipeFactory.class);
    } else if (type == RelayFactory.class) {
      return penstock.get("relays", RelayFactory.class);
    }
    return penstock.penstock();
  }

  private ChannelFactory channels() {
    return penstock.get("channels", ChannelFactory.class);
  }

  private ChannelPair pair(String kind) throws IOException {
    if (kind.equals("mem")) {
      return channels().pair(ChannelOptions.defaults());
    }
    try (Listener listener = listen(kind)) {
      Endpoint bound = listener.endpoint();
      String text = bound.withoutOptions().toString();
      int end = bound.scheme().length();
      Endpoint there =
          Endpoint.parse(text.substring(0, end - SUFFIX.length()) + text.substring(end));
      Channel client = channels().open(there, ChannelOptions.defaults(), SOON);
      return new ChannelPair(client, listener.accept(SOON));
    }
  }

  private Listener listen(String kind) throws IOException {
    return channels()
        .listen(
            switch (kind) {
              case "mem" -> "mem-listen:injected-" + injected.size();
              case "tcp" -> "tcp-listen://127.0.0.1:0";
              case "unix" -> "unix-listen:" + folder().resolve("socket");
              default -> {
                if (!kind.contains(SUFFIX + ":")) {
                  throw new ExtensionConfigurationException(
                      "'"
                          + kind
                          + "' is no kind that can be injected; expected mem, tcp, unix, or an"
                          + " endpoint to listen at, such as tcp-listen://127.0.0.1:0");
                }
                yield kind;
              }
            });
  }

  private Path folder() throws IOException {
    Path folder = Files.createTempDirectory("penstock");
    folders.add(folder);
    return folder;
  }

  /**
   * Closes everything, and waits for what the test has made to be closed.
   *
   * @param deadline as {@link System#nanoTime} tells the time
   * @return what is still open by then
   */
  List<Throwable> close(long deadline) throws Exception {
    for (Object thing : injected) {
      // What waits at a listener, and has not been accepted, goes with it.
      if (thing instanceof Listener || thing instanceof Poller) {
        ((AutoCloseable) thing).close();
      }
    }
    List<Throwable> left = left();
    // A handler on another thread closes its channel when it has seen the end, and a relay
    // likewise.
    while (!left.isEmpty() && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(DescriptorCensus.MOMENT_NANOS);
      left = left();
    }
    CancellationException over = new CancellationException("the test is over");
    for (Object thing : injected) {
      if (thing instanceof Channel channel) {
        channel.abort(over);
      } else if (thing instanceof Pipe pipe) {
        pipe.abort(over);
      }
    }
    penstock.close();
    for (Path folder : folders) {
      Files.deleteIfExists(folder.resolve("socket"));
      Files.delete(folder);
    }
    return left;
  }

  private List<Throwable> left() {
    List<Throwable> left = new ArrayList<>();
    for (Map.Entry<?, ?> open : penstock.unclosed().entrySet()) {
      if (!injected.contains(open.getKey()) && isOpen(open.getKey())) {
        left.add((Throwable) open.getValue());
      }
    }
    return left;
  }

  /** What was closed, and still delivers what was written before, is not left behind. */
  private static boolean isOpen(Object thing) {
    if (thing instanceof Channel channel) {
      return channel.isOpen();
    } else if (thing instanceof Pipe pipe) {
      return pipe.sink().isOpen() || pipe.source().isOpen();
    }
    return !(thing instanceof Listener listener) || listener.isOpen();
  }
}
