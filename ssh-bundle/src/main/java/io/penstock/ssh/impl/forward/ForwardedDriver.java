// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import io.penstock.channel.Capability;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.ssh.SshFacet;
import io.penstock.ssh.SshForwardFacet;
import io.penstock.ssh.impl.channel.Acceptable;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.channel.Refusal;
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

/** A channel of the peer's for a connection made elsewhere, which somebody of us will accept. */
public final class ForwardedDriver implements Acceptable, SshForwardFacet, Link.Owner {
  /** Keeps those that nobody has accepted yet. No method may wait. */
  public interface Gate {
    /**
     * Keeps a place for it.
     *
     * @throws Refusal if it may not be opened
     */
    void admit(ForwardedDriver driver, Target target) throws Refusal;

    /** The peer was told that it is open. */
    void offer(ForwardedDriver driver);

    /**
     * It is over, or was not admitted; called once for each.
     *
     * @param offered whether it was offered before
     */
    void left(ForwardedDriver driver, boolean offered);
  }

  private final Link link;
  private final Gate gate;
  private final Duration closeLimit;
  private final ProviderContext listening;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final AtomicBoolean left = new AtomicBoolean();
  private volatile boolean offered;
  private volatile @Nullable Wanted wanted;
  private volatile @Nullable ProviderContext context;
  private volatile @Nullable Future<?> force;

  /** A channel that is not open yet. */
  public ForwardedDriver(Link link, Gate gate, Duration closeLimit, ProviderContext listening) {
    this.link = link;
    this.gate = gate;
    this.closeLimit = closeLimit;
    this.listening = listening;
  }

  @Override
  public void accepted(ProviderContext channel) {
    context = channel;
    link.rename(channel.name());
  }

  private ProviderContext context() {
    ProviderContext own = context;
    return own == null ? listening : own;
  }

  private Wanted wanted() {
    Wanted known = wanted;
    if (known == null) {
      throw new IllegalStateException("not opened yet");
    }
    return known;
  }

  // ---- the library's threads

  @Override
  public CompletionStage<?> opens(Buffer body) {
    try {
      Wanted read = Wanted.read(link.getChannelType(), body);
      wanted = read;
      gate.admit(this, read.target());
      return CompletableFuture.completedFuture(null);
    } catch (Refusal e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public void opened() {
    offered = true;
    gate.offer(this);
  }

  @Override
  public boolean request(String type, Buffer body) {
    return false;
  }

  @Override
  public void over(@Nullable IOException cause) {
    if (left.compareAndSet(false, true)) {
      Future<?> timer = force;
      if (timer != null) {
        timer.cancel(false);
      }
      gate.left(this, offered);
    }
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

  private Session session() {
    return link.getSession();
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
    return type == SshForwardFacet.class || type == SshFacet.class
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

  private void cut() {
    if (closing.compareAndSet(false, true)) {
      link.closeByUs();
      // The peer has to answer; who does not, loses the channel all the same.
      Future<?> timer = context().after(closeLimit, () -> link.close(true));
      force = timer;
      if (left.get()) {
        timer.cancel(false);
      }
    }
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

  @Override
  public SocketAddress target() {
    return wanted().target().address();
  }

  @Override
  public Optional<SocketAddress> originator() {
    return wanted().originator();
  }
}
