// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.engine.Engine;
import io.penstock.spi.Messages;
import io.penstock.spi.PipeContent;
import io.penstock.spi.PipeContext;
import io.penstock.spi.PipeProvider;
import io.penstock.stream.Units;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** The places that keep durable pipes, as they are installed now, and the opening of one. */
public final class Contents {
  /** How much may be written and not read where nothing else is said: 1 GiB. */
  public static final long DEFAULT_CAPACITY = 1L << 30;

  /** The key by which an earlier writer or reader is fenced off. */
  public static final String TAKEOVER = "takeover";

  private static final String CAPACITY = "capacity";
  private static final String COMMIT = "commit";
  private static final List<String> OURS = List.of(CAPACITY, COMMIT, TAKEOVER);

  private final List<PipeProvider> installed = new CopyOnWriteArrayList<>();
  private final Supplier<? extends Collection<PipeProvider>> search;
  private final AtomicBoolean searched = new AtomicBoolean();

  /** Begins with none, and nothing else is looked for. */
  public Contents() {
    this(List::of);
  }

  /**
   * Begins with none.
   *
   * @param search finds more; asked once, when a place is asked for that is not installed
   */
  public Contents(Supplier<? extends Collection<PipeProvider>> search) {
    this.search = search;
  }

  /** Installs a place. */
  public void add(PipeProvider provider) {
    installed.add(provider);
  }

  /** Removes one, which has ended what it opened, or will. */
  public void remove(PipeProvider provider) {
    installed.remove(provider);
  }

  /** All keys of all places, and those that every place has. */
  public SortedSet<String> keys() {
    SortedSet<String> all = new TreeSet<>(OURS);
    searchOnce();
    installed.forEach(each -> each.schemes().forEach(one -> all.addAll(each.optionKeys(one))));
    return all;
  }

  private void searchOnce() {
    if (searched.compareAndSet(false, true)) {
      installed.addAll(search.get());
    }
  }

  private Optional<PipeProvider> look(String scheme) {
    return installed.stream().filter(each -> each.schemes().contains(scheme)).findFirst();
  }

  private PipeProvider find(Endpoint location) throws NotSupportedException {
    Optional<PipeProvider> found = look(location.scheme());
    if (found.isEmpty()) {
      searchOnce();
      found = look(location.scheme());
    }
    return found.orElseThrow(
        () ->
            new NotSupportedException(
                location.name(),
                "keeping a pipe at '" + location.scheme() + ":'",
                installed.isEmpty()
                    ? "install io.penstock.durable for file:"
                    : "there are "
                        + String.join(
                            ", ", installed.stream().flatMap(p -> p.schemes().stream()).toList())));
  }

  /** Reads a location that stands behind another scheme or a key. */
  public static Endpoint location(String text, String shown) throws AddressException {
    int colon = text.indexOf(':');
    if (colon < 1 || text.length() == colon + 1) {
      throw new AddressException(
          AddressException.Kind.INVALID,
          shown,
          "expected where the bytes are kept, such as file:/var/spool/orders",
          null);
    }
    // What is decoded is not decoded again.
    return Endpoint.parse(text.substring(0, colon + 1) + "x")
        .withAddress(text.substring(colon + 1));
  }

  /** The options that the keys of a pipe are. */
  public static ChannelOptions options(Map<String, String> keys) {
    ChannelOptions options = ChannelOptions.defaults();
    for (Map.Entry<String, String> key : keys.entrySet()) {
      if (ChannelOptions.COMMON_KEYS.contains(key.getKey())) {
        throw new IllegalArgumentException(
            "option '" + key.getKey() + "' is not one of what keeps a pipe");
      }
      options = options.with(key.getKey(), key.getValue());
    }
    return options;
  }

  /**
   * Checks a location and its keys.
   *
   * @param options without those of the location
   * @throws IOException if there is no such place, or the location has another form
   * @throws IllegalArgumentException if a key or its value is not allowed
   */
  public void check(Endpoint location, ChannelOptions options) throws IOException {
    PipeProvider provider = find(location);
    SortedSet<String> known = new TreeSet<>(provider.optionKeys(location.scheme()));
    known.addAll(OURS);
    for (String key : options.extra().keySet()) {
      if (!known.contains(key)) {
        throw new IllegalArgumentException(
            "option '"
                + key
                + "' is unknown to "
                + location.scheme()
                + ":, which knows "
                + String.join(", ", known)
                + Messages.didYouMean(key, known));
      }
    }
    boolean unused = isAuto(options);
    long bytes = capacity(options);
    provider.check(location, options.with(CAPACITY, String.valueOf(bytes)));
    String takeover = options.extra().getOrDefault(TAKEOVER, "false");
    if (!takeover.equals("true") && !takeover.equals("false")) {
      throw Messages.refused(TAKEOVER, takeover, "true or false");
    }
  }

  private static boolean isAuto(ChannelOptions options) {
    String text = options.extra().getOrDefault(COMMIT, "auto");
    return switch (text) {
      case "auto" -> true;
      case "manual" -> false;
      default -> throw Messages.refused(COMMIT, text, "auto or manual");
    };
  }

  private static long capacity(ChannelOptions options) {
    String text = options.extra().get(CAPACITY);
    if (text == null) {
      return DEFAULT_CAPACITY;
    }
    if (text.equals("unbounded")) {
      return Long.MAX_VALUE;
    }
    long bytes;
    try {
      bytes = Units.bytes(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(CAPACITY + ": " + e.getMessage(), e);
    }
    if (bytes < 1) {
      throw Messages.refused(CAPACITY, text, "1 byte or more, or unbounded");
    }
    return bytes;
  }

  /**
   * Opens.
   *
   * @param options without those of the location; a direction leaves the other half out
   * @return completes with what is between the ends of a pipe
   */
  public CompletionStage<ContentPipe> open(
      Endpoint location, ChannelOptions options, PipeContext context) {
    try {
      check(location, options);
      long capacity = capacity(options);
      boolean auto = isAuto(options);
      ChannelOptions asked = options.with(CAPACITY, String.valueOf(capacity));
      boolean reads = options.direction().map(each -> each == Direction.INPUT).orElse(true);
      boolean writes = options.direction().map(each -> each == Direction.OUTPUT).orElse(true);
      CompletableFuture<ContentPipe> made = new CompletableFuture<>();
      CompletableFuture<? extends PipeContent> opening =
          find(location).open(location, asked, context).toCompletableFuture();
      CompletionStage<Void> unused =
          opening.handle(
              (content, failure) -> {
                if (failure != null) {
                  made.completeExceptionally(failure);
                } else if (!made.complete(
                    new ContentPipe(context.name(), content, reads, writes, auto, capacity))) {
                  // Given up meanwhile.
                  content.close();
                }
                return null;
              });
      return made;
    } catch (IOException | RuntimeException | LinkageError e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** What a pipe, which is no channel, lends to what keeps it. */
  public static PipeContext context(String name, Engine engine) {
    return new PipeContext() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public Executor executor() {
        return engine;
      }

      @Override
      public Future<?> after(Duration delay, Runnable task) {
        return engine.schedule(delay, task);
      }
    };
  }
}
