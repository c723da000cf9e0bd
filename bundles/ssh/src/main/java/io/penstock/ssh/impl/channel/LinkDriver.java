// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.channel.Capability;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.ssh.SshFacet;
import java.io.IOException;
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
 * A channel over a link, of whatever type and whichever side has opened it: two streams of bytes,
 * and an end that the peer has to confirm in time.
 */
public abstract class LinkDriver implements ChannelDriver, SshFacet, Link.Owner {
  protected final Link link;
  private final Duration closeLimit;
  private final CompletableFuture<Void> over = new CompletableFuture<>();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final AtomicBoolean limited = new AtomicBoolean();
  private final AtomicBoolean left = new AtomicBoolean();
  private volatile ProviderContext context;
  private volatile @Nullable Future<?> force;

  /**
   * A channel that is open, or will be.
   *
   * @param link the channel on the wire
   * @param context of the channel, or of what it belongs to until it has its own
   * @param closeLimit how long the peer may take to close it
   */
  // Only what holds memory is cut, and the link holds none before it is used.
  @SuppressWarnings("this-escape")
  protected LinkDriver(Link link, ProviderContext context, Duration closeLimit) {
    this.link = link;
    this.context = context;
    this.closeLimit = closeLimit;
    link.countTo(context.memory(this::cutFor));
  }

  /** What the product lends to it. */
  public final ProviderContext context() {
    return context;
  }

  /** The channel uses a context of its own, and its name, from now on. */
  protected final void lent(ProviderContext own) {
    context = own;
    link.rename(own.name());
    link.countTo(own.memory(this::cutFor));
  }

  /** How long the peer may take to close it. */
  public final Duration closeLimit() {
    return closeLimit;
  }

  protected final Session session() {
    return link.getSession();
  }

  // ---- the library's threads

  @Override
  public boolean request(String type, Buffer body) {
    return false;
  }

  @Override
  public void over(@Nullable IOException cause) {
    if (cause == null) {
      // A peer that reads nothing does not get our answer either.
      limitRest();
      over.complete(null);
    } else {
      over.completeExceptionally(cause);
    }
  }

  @Override
  public void released() {
    leave();
  }

  /** Completes when the peer has closed it or we have, and fails when it was cut. */
  protected final CompletionStage<Void> whenOver() {
    return over;
  }

  /** Ends the channel, which is over or counts as over; further calls do nothing. */
  protected final void leave() {
    if (left.compareAndSet(false, true)) {
      Future<?> timer = force;
      if (timer != null) {
        timer.cancel(false);
      }
      left();
    }
  }

  /** Gives back what the channel has held; called once. */
  protected abstract void left();

  /** Closes it after what was sent; further calls do nothing. */
  protected void cut() {
    if (closing.compareAndSet(false, true)) {
      link.closeByUs();
      // A peer that does not answer loses the channel all the same.
      limitRest();
    }
  }

  /** It holds more than there is memory for. */
  private void cutFor(IOException cause) {
    link.cutFor(cause);
    limitRest();
  }

  /** Sets the timer that ends what is left of the channel; further calls do nothing. */
  private void limitRest() {
    if (left.get() || !limited.compareAndSet(false, true)) {
      return;
    }
    Future<?> timer = context.after(closeLimit, this::force);
    if (timer.isCancelled()) {
      // The product has stopped.
      force();
      return;
    }
    force = timer;
    if (left.get()) {
      timer.cancel(false);
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
    return Set.of(Capability.HALF_CLOSE, Capability.ABORT);
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
  public <T> Optional<T> facet(Class<T> type) {
    return type == SshFacet.class ? Optional.of(type.cast(this)) : Optional.empty();
  }

  @Override
  public void close() {
    // Without an end of the output: that was sent before, unless the output was cut off.
    cut();
  }

  @Override
  public void abort(Throwable cause) {
    cut();
    // Nobody reads any more.
    link.input().close();
    link.errors().close();
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
    return session().getUsername();
  }

  @Override
  public String peerVersion() {
    Session session = session();
    return String.valueOf(
        session.isServerSession() ? session.getClientVersion() : session.getServerVersion());
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
