// SPDX-License-Identifier: Apache-2.0
package io.penstock.awkward;

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
 * Serves {@code awkward:NAME} and {@code awkward-listen:NAME}, which meet inside one container.
 * Options of the listener: {@code window}, the credit of each direction in bytes (1 to 1 MiB,
 * default 16 KiB), and {@code grant}, the requests that it grants, separated by commas (default
 * none).
 */
@Component(
    service = ChannelProvider.class,
    property = {
      ChannelProvider.SCHEME + "=" + AwkwardProvider.CONNECT,
      ChannelProvider.SCHEME + "=" + AwkwardProvider.LISTEN
    })
public final class AwkwardProvider implements ChannelProvider {
  static final String CONNECT = "awkward";
  static final String LISTEN = "awkward-listen";
  private static final int WINDOW = 16 * 1024;
  private static final int MAX_WINDOW = 1024 * 1024;

  private final ConcurrentMap<String, AwkwardListener> listeners = new ConcurrentHashMap<>();

  /** Made by Declarative Services, or by hand without them. */
  public AwkwardProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of(CONNECT, LISTEN);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return scheme.equals(LISTEN) ? Set.of("window", "grant") : Set.of();
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    AwkwardListener listener = listeners.get(name(endpoint));
    if (listener == null) {
      return CompletableFuture.failedStage(
          new AddressException(
              AddressException.Kind.REFUSED,
              endpoint.toString(),
              "nobody listens to that name",
              null));
    }
    try {
      return CompletableFuture.completedStage(listener.connect(endpoint, context));
    } catch (AddressException refused) {
      return CompletableFuture.failedStage(refused);
    }
  }

  @Override
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    String name = name(endpoint);
    long window = WINDOW;
    String asked = options.extra().get("window");
    if (asked != null) {
      window = Units.bytes(asked);
    }
    if (window < 1 || window > MAX_WINDOW) {
      throw new IllegalArgumentException("window: '" + asked + "' is not 1 byte to 1MiB");
    }
    Set<String> granted = new TreeSet<>();
    for (String each : options.extra().getOrDefault("grant", "").split(",", -1)) {
      if (!each.isBlank()) {
        granted.add(each.strip());
      }
    }
    AwkwardListener listener =
        new AwkwardListener(
            endpoint, options.backlog(), (int) window, granted, () -> listeners.remove(name));
    if (listeners.putIfAbsent(name, listener) != null) {
      throw new AddressException(
          AddressException.Kind.IN_USE, endpoint.toString(), "somebody listens to that name", null);
    }
    return listener;
  }

  private static String name(Endpoint endpoint) throws AddressException {
    if (endpoint.address().isEmpty()) {
      throw new AddressException(
          AddressException.Kind.INVALID,
          endpoint.toString(),
          "expected a name after the colon",
          null);
    }
    return endpoint.address();
  }
}
