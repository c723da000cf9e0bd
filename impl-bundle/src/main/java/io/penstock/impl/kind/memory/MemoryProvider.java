// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.memory;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Peers in memory, which meet by name inside one provider, and an echo, which gives back what it
 * gets and its end.
 */
public final class MemoryProvider implements ChannelProvider {
  private static final String CONNECT = "mem";
  private static final String LISTEN = "mem-listen";
  private static final String ECHO = "echo";

  private final ConcurrentMap<String, MemoryListener> listeners = new ConcurrentHashMap<>();

  @Override
  public Set<String> schemes() {
    return Set.of(CONNECT, LISTEN, ECHO);
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    if (endpoint.scheme().equals(ECHO)) {
      if (!endpoint.address().isEmpty()) {
        throw new AddressException(
            Kind.INVALID, endpoint.name(), "expected echo: and nothing after it", null);
      }
    } else {
      String unused = name(endpoint);
    }
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    check(endpoint, options);
    if (endpoint.scheme().equals(ECHO)) {
      MemoryPipe pipe = MemoryPair.pipe(context.name(), options.sendBuffer(), options);
      return CompletableFuture.completedFuture(new MemoryDriver(pipe, pipe));
    }
    MemoryListener listener = listeners.get(name(endpoint));
    if (listener == null) {
      throw MemoryListener.refused(endpoint.name());
    }
    return listener.connect(endpoint.name(), MemoryPair.create(context.name(), options));
  }

  private static String name(Endpoint endpoint) throws AddressException {
    if (endpoint.address().isEmpty()) {
      throw new AddressException(
          Kind.INVALID, endpoint.name(), "expected a name, such as mem:orders", null);
    }
    return endpoint.address();
  }

  @Override
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    String name = name(endpoint);
    MemoryListener listener =
        new MemoryListener(endpoint, options.backlog(), () -> listeners.remove(name));
    if (listeners.putIfAbsent(name, listener) != null) {
      throw new AddressException(
          Kind.IN_USE, endpoint.name(), "somebody listens to that name", null);
    }
    return listener;
  }
}
