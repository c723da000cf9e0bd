// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.provider;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.SshPolicy;
import io.penstock.ssh.impl.client.Connections;
import io.penstock.ssh.impl.client.ForwardListener;
import io.penstock.ssh.impl.server.Policies;
import io.penstock.ssh.impl.server.SshListener;
import java.io.IOException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Serves {@code ssh://USER@HOST:PORT}, {@code ssh-listen://HOST:PORT} and {@code
 * ssh-forward-listen://USER@HOST:PORT}.
 *
 * <p>In a container its service is registered by itself, and {@code
 * io.penstock.standalone.Penstock} finds it where this jar is on the class path or the module path.
 * A program that has policies for listeners makes one of its own, which goes before that:
 *
 * <pre>{@code
 * SshProvider ssh = new SshProvider();
 * ssh.addPolicy("guests", policy);
 * penstock.provide(ssh);
 * }</pre>
 *
 * <p>Safe for use by any thread. Its threads are daemons: a few for all client connections while
 * there is one, and a few for each listener.
 */
@ProviderType
public final class SshProvider implements ChannelProvider, AutoCloseable {
  private static final String CONNECT = "ssh";
  private static final String LISTEN = "ssh-listen";
  private static final String FORWARD = "ssh-forward-listen";

  private final Connections connections = new Connections();
  private final Policies policies = new Policies();

  /** Makes a provider; nothing is started before it is needed. */
  public SshProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of(CONNECT, LISTEN, FORWARD);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return switch (scheme) {
      case LISTEN -> SshListener.optionKeys();
      case FORWARD -> ForwardListener.optionKeys();
      default -> Connections.optionKeys();
    };
  }

  @Override
  public Set<String> requestKeys(String scheme) {
    return scheme.equals(CONNECT) ? Connections.requestKeys() : Set.of();
  }

  @Override
  public Set<String> secretKeys(String scheme) {
    return scheme.equals(LISTEN) ? SshListener.secretKeys() : Connections.secretKeys();
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    switch (endpoint.scheme()) {
      case LISTEN -> SshListener.check(endpoint, options);
      case FORWARD -> ForwardListener.check(endpoint, options);
      default -> Connections.check(endpoint, options);
    }
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    return connections.connect(endpoint, options, context);
  }

  @Override
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    return endpoint.scheme().equals(FORWARD)
        ? connections.listen(endpoint, options, context)
        : SshListener.listen(endpoint, options, context, policies);
  }

  /**
   * Gives a policy to listeners that name it by their option {@code policy}. In a container a
   * service with that name as its property {@link SshPolicy#NAME} does the same. Of several with
   * one name the first counts.
   *
   * @param name of the policy
   * @param policy asked from now on, also by existing listeners
   */
  public void addPolicy(String name, SshPolicy policy) {
    policies.add(Objects.requireNonNull(name, "name"), Objects.requireNonNull(policy, "policy"));
  }

  /**
   * Takes a policy back. Listeners that name it refuse everything, unless there is another one of
   * that name.
   *
   * @param name of the policy
   * @param policy no longer asked; nothing happens if it is not there
   */
  public void removePolicy(String name, SshPolicy policy) {
    policies.remove(Objects.requireNonNull(name, "name"), Objects.requireNonNull(policy, "policy"));
  }

  /** Cuts connections that are shared and persist without channels. Idempotent. */
  @Override
  public void close() {
    connections.close();
  }
}
