// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.provider;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.NotSupportedException;
import io.penstock.remote.impl.node.OnRemoved;
import io.penstock.remote.impl.node.RemoteNode;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.runtime.RemoteDTO;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.RemoteReport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Serves {@code remote:NAME}: connects to one of those that publish the name, in the order of their
 * rank, and goes on to the next when one fails, within the same time-out.
 *
 * <p>Safe for use by any thread. One thread for each registry that is in use, until it is closed.
 */
public final class RemoteKind implements ChannelProvider, RemoteReport, AutoCloseable {
  /** The scheme. */
  public static final String SCHEME_NAME = "remote";

  private record Opened(RegistrySettings settings, RemoteNode node) {}

  private final Function<String, Optional<ChannelProvider>> below;
  private final Function<String, Optional<RegistryFactory>> registries;
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  // By what endpoints say, which is less than what their files of secrets have.
  private final Map<RegistrySettings, Opened> nodes = new HashMap<>();
  private @Nullable RemoteNode configured;
  private boolean closed;

  /**
   * Builds on other kinds.
   *
   * @param below gives the provider of a scheme, such as {@code tcp}; asked at each connection
   * @param registries gives the factory of a registry's scheme, such as {@code static}
   */
  public RemoteKind(
      Function<String, Optional<ChannelProvider>> below,
      Function<String, Optional<RegistryFactory>> registries) {
    this.below = below;
    this.registries = registries;
  }

  /** A name for this container, for this run. */
  public static String newNode() {
    return UUID.randomUUID().toString();
  }

  /** Sets what endpoints without servers of their own use; still the caller's to close. */
  public void use(@Nullable RemoteNode node) {
    lock.lock();
    try {
      configured = node;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Set<String> schemes() {
    return Set.of(SCHEME_NAME);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    Set<String> keys = new TreeSet<>(RemoteOptions.KEYS);
    for (String each : RemoteEntry.SCHEMES) {
      below.apply(each).ifPresent(kind -> keys.addAll(kind.optionKeys(each)));
    }
    return keys;
  }

  @Override
  public Set<String> secretKeys(String scheme) {
    Set<String> keys = new TreeSet<>();
    for (String each : RemoteEntry.SCHEMES) {
      below.apply(each).ifPresent(kind -> keys.addAll(kind.secretKeys(each)));
    }
    return keys;
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    Object unused = RemoteOptions.of(endpoint, options);
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    RemoteOptions wanted = RemoteOptions.of(endpoint, options);
    RemoteNode node = node(endpoint, wanted);
    return new Failover(endpoint, wanted, options, context, node, below).begin();
  }

  private RemoteNode node(Endpoint endpoint, RemoteOptions wanted) throws IOException {
    RegistrySettings named = wanted.servers().orElse(null);
    RegistrySettings settings =
        named == null ? null : RemoteOptions.withSecrets(named, endpoint.name());
    RemoteNode replaced = null;
    RemoteNode next = null;
    lock.lock();
    try {
      if (closed) {
        throw new IOException(endpoint.name() + ": the kind remote was closed");
      }
      if (named == null || settings == null) {
        if (configured == null) {
          throw new AddressException(
              AddressException.Kind.NOT_FOUND,
              endpoint.name(),
              "there is no registry to look in; expected a configuration io.penstock.Remote, or the"
                  + " option servers",
              null);
        }
        return configured;
      }
      Opened present = nodes.get(named);
      if (present == null || !present.settings.equals(settings)) {
        String scheme = RemoteOptions.scheme(settings.servers().get(0));
        RegistryFactory factory =
            registries
                .apply(scheme)
                .orElseThrow(
                    () ->
                        new NotSupportedException(
                            endpoint.name(),
                            "the registry '" + scheme + "'",
                            "install its bundle, such as io.penstock.nats for nats"));
        // Opening does not wait, and calls nothing that needs this lock.
        RemoteNode before = present == null ? null : present.node;
        RemoteNode fresh =
            new RemoteNode(
                newNode(),
                factory,
                settings,
                OnRemoved.ABORT_IF_SILENT,
                before == null ? null : before.channels());
        replaced = before;
        next = fresh;
        present = new Opened(settings, fresh);
        nodes.put(named, present);
      }
      return present.node;
    } finally {
      lock.unlock();
      if (replaced != null) {
        // A secret has changed: it would go on with the old one, and be refused.
        replaced.close();
      }
      if (replaced != null && next != null) {
        next.inherit();
      }
    }
  }

  @Override
  public List<RemoteDTO> remotes() {
    return all().stream().map(RemoteNode::describe).toList();
  }

  /** With the lock. */
  private List<RemoteNode> opened() {
    return nodes.values().stream().map(Opened::node).toList();
  }

  private List<RemoteNode> all() {
    lock.lock();
    try {
      List<RemoteNode> all = new ArrayList<>(opened());
      if (configured != null) {
        all.add(0, configured);
      }
      return all;
    } finally {
      lock.unlock();
    }
  }

  /** Disconnects from the registries that endpoints have named. Channels stay. Idempotent. */
  @Override
  public void close() {
    List<RemoteNode> gone;
    lock.lock();
    try {
      closed = true;
      configured = null;
      gone = opened();
      nodes.clear();
    } finally {
      lock.unlock();
    }
    gone.forEach(RemoteNode::close);
  }
}
