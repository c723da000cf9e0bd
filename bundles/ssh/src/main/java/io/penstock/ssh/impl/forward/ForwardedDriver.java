// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import io.penstock.spi.ProviderContext;
import io.penstock.ssh.SshForwardFacet;
import io.penstock.ssh.SshOriginFacet;
import io.penstock.ssh.impl.channel.Acceptable;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.channel.Refusal;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * A channel that the peer has opened for a connection made elsewhere, and that our side will
 * accept.
 */
public final class ForwardedDriver extends Acceptable implements SshForwardFacet {
  /** Keeps the channels that were not accepted yet. No method may wait. */
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

  private enum Stage {
    ADMITTED,
    OFFERED,
    OVER
  }

  private final Gate gate;
  private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.ADMITTED);
  private volatile @Nullable Wanted wanted;

  /** A channel that is not open yet. */
  public ForwardedDriver(Link link, Gate gate, Duration closeLimit, ProviderContext listening) {
    super(link, listening, closeLimit);
    this.gate = gate;
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
    // Unless it was over before the peer was told.
    if (stage.compareAndSet(Stage.ADMITTED, Stage.OFFERED)) {
      gate.offer(this);
    }
  }

  @Override
  protected void left() {
    gate.left(this, stage.getAndSet(Stage.OVER) == Stage.OFFERED);
  }

  // ---- the driver

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return type == SshForwardFacet.class || type == SshOriginFacet.class
        ? Optional.of(type.cast(this))
        : super.facet(type);
  }

  // ---- the facet

  @Override
  public SocketAddress target() {
    return wanted().target().address();
  }

  @Override
  public String type() {
    return link.getChannelType();
  }

  @Override
  public Optional<InetSocketAddress> originator() {
    return wanted().originator();
  }
}
