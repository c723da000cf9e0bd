// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.channel.Capability;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.ssh.SshFacet;
import io.penstock.ssh.SshOriginFacet;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * A channel beside the sessions of a connection, opened by either side: two streams of bytes, and
 * where it came from.
 */
public final class BesideDriver implements ChannelDriver, SshOriginFacet, Link.Owner {
  /** So many may wait unread. */
  public static final long WINDOW = 2 << 20;

  private final Link link;
  private final SourceDriver source;
  private final @Nullable InetSocketAddress originator;
  private final ProviderContext context;
  private final Duration closeLimit;
  private final Runnable onLeave;
  private final CompletableFuture<Void> gone = new CompletableFuture<>();
  private final AtomicBoolean left = new AtomicBoolean();
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile @Nullable Future<?> force;

  /**
   * A channel that is open.
   *
   * @param link the channel
   * @param source what comes over it
   * @param originator where it came from; null where its type does not say
   * @param context of the channel, or of the one beside which it is
   * @param closeLimit how long the peer may take to close it
   * @param onLeave run once, when it is over
   */
  public BesideDriver(
      Link link,
      SourceDriver source,
      @Nullable InetSocketAddress originator,
      ProviderContext context,
      Duration closeLimit,
      Runnable onLeave) {
    this.link = link;
    this.source = source;
    this.originator = originator;
    this.context = context;
    this.closeLimit = closeLimit;
    this.onLeave = onLeave;
  }

  // ---- the library's threads

  @Override
  public boolean request(String type, Buffer body) {
    return false;
  }

  @Override
  public void over(@Nullable IOException cause) {
    if (cause == null) {
      gone.complete(null);
    } else {
      gone.completeExceptionally(cause);
    }
    leave();
  }

  private void leave() {
    if (left.compareAndSet(false, true)) {
      Future<?> timer = force;
      if (timer != null) {
        timer.cancel(false);
      }
      onLeave.run();
    }
  }

  private void cut() {
    if (closing.compareAndSet(false, true)) {
      link.closeByUs();
      // The peer has to answer; who does not, loses the channel all the same.
      Future<?> timer = context.after(closeLimit, this::force);
      force = timer;
      if (left.get()) {
        timer.cancel(false);
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
    return source;
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
    return Optional.ofNullable(session().getLocalAddress());
  }

  @Override
  public Optional<SocketAddress> peer() {
    return Optional.ofNullable(session().getRemoteAddress());
  }

  @Override
  public CompletionStage<Void> gone() {
    return gone;
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return type == SshOriginFacet.class || type == SshFacet.class
        ? Optional.of(type.cast(this))
        : Optional.empty();
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

  private Session session() {
    return link.getSession();
  }

  @Override
  public String type() {
    return link.getChannelType();
  }

  @Override
  public Optional<InetSocketAddress> originator() {
    return Optional.ofNullable(originator);
  }

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
    return session().getUsername();
  }

  @Override
  public String peerVersion() {
    return String.valueOf(
        session().isServerSession() ? session().getClientVersion() : session().getServerVersion());
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
