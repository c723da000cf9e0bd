// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.Capability;
import io.penstock.channel.ChannelOptions;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.ssh.SshFacet;
import io.penstock.ssh.impl.channel.Link;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** A channel of ours that is two streams of bytes and no more. */
class StreamDriver implements ChannelDriver, SshFacet, Link.Owner {
  final Link link;
  final ProviderContext context;
  final Connection connection;
  private final ChannelOptions options;
  private final AtomicBoolean left = new AtomicBoolean();
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile @Nullable Future<?> force;

  StreamDriver(Link link, Connection connection, ProviderContext context, ChannelOptions options) {
    this.link = link;
    this.connection = connection;
    this.context = context;
    this.options = options;
  }

  @Override
  public boolean request(String type, Buffer body) {
    return false;
  }

  @Override
  public void over(@Nullable IOException cause) {
    leave();
  }

  private void leave() {
    if (left.compareAndSet(false, true)) {
      Future<?> timer = force;
      if (timer != null) {
        timer.cancel(false);
      }
      connection.leave(context);
    }
  }

  /** How long the peer may take to close a channel. */
  final Duration closeLimit() {
    return options.closeTimeout();
  }

  /** It did not come to be, or nobody wants it. */
  void giveUp() {
    cut();
    if (!link.isInitialized() || link.getRecipient() < 0) {
      leave();
    }
  }

  private void cut() {
    if (closing.compareAndSet(false, true)) {
      link.closeByUs();
      // The peer has to answer; who does not, loses the channel all the same.
      force = context.after(options.closeTimeout(), this::force);
      if (left.get()) {
        force.cancel(false);
      }
    }
  }

  private void force() {
    Object unused = link.close(true);
    leave();
  }

  // ---- the driver

  @Override
  public SourceDriver source() {
    return link.input();
  }

  @Override
  public SinkDriver sink() {
    return link.output();
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.HALF_CLOSE);
  }

  @Override
  public Optional<SocketAddress> local() {
    return Optional.ofNullable(connection.session().getLocalAddress());
  }

  @Override
  public Optional<SocketAddress> peer() {
    return Optional.ofNullable(connection.session().getRemoteAddress());
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return type == SshFacet.class ? Optional.of(type.cast(this)) : Optional.empty();
  }

  @Override
  public void close() throws IOException {
    link.output().end();
    cut();
  }

  @Override
  public void abort(Throwable cause) {
    cut();
  }

  // ---- the facet

  @Override
  public long id() {
    return link.getChannelId();
  }

  @Override
  public long remoteId() {
    return link.getRecipient();
  }

  @Override
  public String user() {
    return connection.session().getUsername();
  }

  @Override
  public String peerVersion() {
    return String.valueOf(connection.session().getServerVersion());
  }

  @Override
  public long receiveWindow() {
    return link.getLocalWindow().getSize();
  }

  @Override
  public long sendWindow() {
    return link.getRemoteWindow().getSize();
  }
}
