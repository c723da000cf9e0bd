// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.registry;

import io.penstock.channel.Endpoint;
import io.penstock.error.NotSupportedException;
import io.penstock.remote.spi.Answer;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.osgi.service.component.annotations.Component;

/**
 * A list that stands in the configuration: {@code static:NAME=ENDPOINT;rank=N;TAG=VALUE}. Its
 * entries are always there. Nothing can be published in it.
 */
@Component(service = RegistryFactory.class, property = RegistryFactory.SCHEME + "=static")
public final class StaticRegistryFactory implements RegistryFactory {
  private static final String SCHEME_NAME = "static";
  private static final String FORM = "NAME=ENDPOINT;rank=NUMBER;TAG=VALUE, the last two optional";

  /** For Declarative Services and {@link java.util.ServiceLoader}. */
  public StaticRegistryFactory() {}

  @Override
  public String scheme() {
    return SCHEME_NAME;
  }

  @Override
  public Registry open(String node, RegistrySettings settings, RegistryListener listener) {
    List<RemoteEntry> entries = new ArrayList<>();
    for (String server : settings.servers()) {
      String text = server.startsWith("static:") ? server.substring("static:".length()) : server;
      if (!text.isBlank()) {
        entries.add(read(text.strip(), entries.size()));
      }
    }
    return new Listed(entries, listener);
  }

  static RemoteEntry read(String text, int id) {
    String[] parts = text.split(";", -1);
    int equals = parts[0].indexOf('=');
    if (equals < 1) {
      throw new IllegalArgumentException(
          "servers: 'static:" + parts[0] + "' names no endpoint; expected " + FORM);
    }
    int rank = 0;
    Map<String, String> tags = new LinkedHashMap<>();
    for (int i = 1; i < parts.length; i++) {
      int sign = parts[i].indexOf('=');
      if (sign < 1) {
        throw new IllegalArgumentException(
            "servers: '" + parts[i] + "' in 'static:" + text + "' is no tag; expected " + FORM);
      }
      String key = parts[i].substring(0, sign).strip();
      String value = parts[i].substring(sign + 1).strip();
      if (key.equals("rank")) {
        try {
          rank = Integer.parseInt(value);
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(
              "servers: rank '" + value + "' in 'static:" + text + "'; expected a number", e);
        }
      } else if (tags.putIfAbsent(key, value) != null) {
        throw new IllegalArgumentException(
            "servers: the tag '" + key + "' is given twice in 'static:" + text + "'");
      }
    }
    try {
      Endpoint endpoint = Endpoint.parse(parts[0].substring(equals + 1).strip());
      return new RemoteEntry(
          SCHEME_NAME, id, parts[0].substring(0, equals).strip(), endpoint, rank, tags, Map.of());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("servers: 'static:" + text + "': " + e.getMessage(), e);
    }
  }

  private record Listed(List<RemoteEntry> entries, RegistryListener listener) implements Registry {
    Listed {
      listener.connected();
    }

    @Override
    public boolean beats() {
      return false;
    }

    @Override
    public CompletionStage<Void> put(RemoteEntry entry) {
      return CompletableFuture.failedFuture(
          new NotSupportedException(
              entry.name(),
              "publishing in a static list",
              "add it to the lists of the other containers, or use a registry with servers"));
    }

    @Override
    public CompletionStage<Void> remove(RemoteEntry entry) {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public void watch(String name) {
      for (RemoteEntry entry : entries) {
        if (name.equals(ALL) || name.equals(entry.name())) {
          listener.stored(entry);
        }
      }
      listener.known(name);
    }

    @Override
    public void unwatch(String name) {}

    @Override
    public void beat() {}

    @Override
    public void follow(String node) {}

    @Override
    public void unfollow(String node) {}

    @Override
    public CompletionStage<Answer> probe(String node, Duration limit) {
      return CompletableFuture.completedFuture(Answer.ALIVE);
    }

    @Override
    public void close() {}
  }
}
