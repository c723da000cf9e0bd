// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.spi.ProviderContext;
import io.penstock.spi.SourceDriver;
import io.penstock.ssh.SshOriginFacet;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A channel beside the sessions of a connection, opened by either side: two streams of bytes, and
 * where it came from.
 */
public final class BesideDriver extends LinkDriver implements SshOriginFacet {
  /** How many bytes may wait unread. */
  public static final long WINDOW = 2 << 20;

  private final SourceDriver source;
  private final @Nullable InetSocketAddress originator;
  private final Runnable onLeave;

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
    super(link, context, closeLimit);
    this.source = source;
    this.originator = originator;
    this.onLeave = onLeave;
  }

  @Override
  protected void left() {
    onLeave.run();
  }

  @Override
  public SourceDriver source() {
    return source;
  }

  @Override
  public CompletionStage<Void> gone() {
    return whenOver();
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return type == SshOriginFacet.class ? Optional.of(type.cast(this)) : super.facet(type);
  }

  @Override
  public String type() {
    return link.getChannelType();
  }

  @Override
  public Optional<InetSocketAddress> originator() {
    return Optional.ofNullable(originator);
  }
}
