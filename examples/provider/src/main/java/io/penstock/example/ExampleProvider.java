// SPDX-License-Identifier: Apache-2.0
package io.penstock.example;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.stream.Units;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.osgi.service.component.annotations.Component;

/**
 * Serves {@code example:NAME} and {@code example-listen:NAME}, which meet inside one container.
 * Options of the listener: {@code window}, the credit of each direction in bytes (1 to 1 MiB,
 * default 16 KiB), and {@code grant}, the requests that it grants, separated by commas (default
 * none).
 */
// snippet: kinds.provider
@Component(
    service = ChannelProvider.class,
    property = {
      ChannelProvider.SCHEME + "=" + ExampleProvider.CONNECT,
      ChannelProvider.SCHEME + "=" + ExampleProvider.LISTEN
    })
public final class ExampleProvider implements ChannelProvider {
  static final String CONNECT = "example";
  static final String LISTEN = "example-listen";
  private static final int WINDOW = 16 * 1024;
  private static final int MAX_WINDOW = 1024 * 1024;

  private final ConcurrentMap<String, ExampleListener> listeners = new ConcurrentHashMap<>();

  /** Made by Declarative Services, or by hand without them. */
  public ExampleProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of(CONNECT, LISTEN);
  }

  // end of snippet

  @Override
  public Set<String> optionKeys(String scheme) {
    return scheme.equals(LISTEN) ? Set.of("window", "grant") : Set.of();
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    String unused = name(endpoint);
    if (endpoint.listening()) {
      long unusedToo = window(options);
    }
  }

  // snippet: kinds.connect
  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    ExampleListener listener = listeners.get(name(endpoint));
    if (listener == null) {
      return CompletableFuture.failedStage(
          new AddressException(
              AddressException.Kind.REFUSED, endpoint.name(), "nobody listens to that name", null));
    }
    try {
      return CompletableFuture.completedStage(listener.connect(endpoint, context));
    } catch (AddressException refused) {
      return CompletableFuture.failedStage(refused);
    }
  }

  // end of snippet

  @Override
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    String name = name(endpoint);
    long window = window(options);
    Set<String> granted = new TreeSet<>();
    for (String each : options.extra().getOrDefault("grant", "").split(",", -1)) {
      if (!each.isBlank()) {
        granted.add(each.strip());
      }
    }
    ExampleListener listener =
        new ExampleListener(
            endpoint, options.backlog(), (int) window, granted, () -> listeners.remove(name));
    if (listeners.putIfAbsent(name, listener) != null) {
      throw new AddressException(
          AddressException.Kind.IN_USE, endpoint.name(), "somebody listens to that name", null);
    }
    return listener;
  }

  private static long window(ChannelOptions options) {
    String asked = options.extra().get("window");
    long window = asked == null ? WINDOW : Units.bytes(asked);
    if (window < 1 || window > MAX_WINDOW) {
      throw new IllegalArgumentException("window: '" + asked + "' is not 1 byte to 1MiB");
    }
    return window;
  }

  private static String name(Endpoint endpoint) throws AddressException {
    if (endpoint.address().isEmpty()) {
      throw new AddressException(
          AddressException.Kind.INVALID, endpoint.name(), "expected a name after the colon", null);
    }
    return endpoint.address();
  }
}
