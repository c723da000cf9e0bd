// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.component.config.ChannelKeys;
import io.penstock.impl.component.config.ChannelSettings;
import io.penstock.impl.component.config.Keys;
import io.penstock.impl.component.config.Kinds;
import io.penstock.impl.core.End;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * A channel that is registered while it is connected, and connected again when it is lost: when it
 * was closed or aborted, when a failure of the transport was met, or when the end of its input was.
 * In the last case an answer may still be sent within the close limit. Both are met also while
 * nobody reads, but an end not before the bytes in front of it were read.
 */
final class ConfiguredChannel extends Configured<ChannelSettings, Channel> {
  private final Channels channels;
  private final Kinds kinds;
  private final Registrar services;

  ConfiguredChannel(
      Engine engine, Names names, Channels channels, Kinds kinds, Registrar services, String pid) {
    super(engine, names, pid);
    this.channels = channels;
    this.kinds = kinds;
    this.services = services;
  }

  @Override
  String address(ChannelSettings values) {
    return values.endpoint().anonymous().toString();
  }

  @Override
  String kind() {
    return "channel";
  }

  @Override
  String name(ChannelSettings values) {
    return values.name();
  }

  @Override
  void begin() {
    ChannelSettings values = settings();
    try {
      adopt(connect(values));
    } catch (IOException e) {
      failed(e);
    } catch (IllegalArgumentException e) {
      complain(Level.ERROR, pid() + ": " + e.getMessage() + "; it is not connected");
    }
  }

  private Channel connect(ChannelSettings values) throws IOException {
    Map<String, String> known =
        kinds.accepted(
            values.endpoint().scheme(), values.extra(), Keys.names(ChannelKeys.class), this::warn);
    ChannelOptions options =
        values
            .secrets()
            .into(
                values.options(known),
                kinds,
                values.endpoint().scheme(),
                ChannelSettings.SECRETS,
                this::warn);
    channels.check(values.endpoint(), options);
    return channels.connect(values.endpoint(), options);
  }

  private void adopt(Channel channel) {
    if (!slot.put(channel)) {
      discard(channel, false);
      return;
    }
    channel
        .connected()
        .thenAccept(any -> serially(() -> connected(channel)))
        .exceptionally(failure -> null);
    channel.closed().whenComplete((done, failure) -> serially(() -> lost(channel, failure)));
    if (channel.source() instanceof SourceEnd in && channel.sink() instanceof End out) {
      in.whenMet(why -> serially(() -> inputOver(channel, why)));
      out.whenMet(why -> serially(() -> broken(channel, why)));
      in.watchEnd();
    }
    channel.gone().whenComplete((done, failure) -> serially(() -> peerGone(channel)));
  }

  private void connected(Channel channel) {
    if (slot.get() != channel) {
      return;
    }
    alive("connected");
    slot.publish(
        channel,
        () ->
            services.registerWith(
                "penstock.connected", Channel.class, channel, properties(channel)));
  }

  private static Map<String, Object> properties(Channel channel) {
    Map<String, Object> properties = new LinkedHashMap<>();
    properties.put(Channel.NAME, channel.name());
    properties.put(Channel.KIND, channel.endpoint().scheme());
    properties.put(Channel.ENDPOINT, channel.endpoint().anonymous().toString());
    channel.peer().ifPresent(peer -> properties.put(Channel.PEER, text(peer)));
    return properties;
  }

  /** An address as an endpoint would have it. */
  static String text(SocketAddress address) {
    if (address instanceof InetSocketAddress internet && !internet.isUnresolved()) {
      String host = internet.getAddress().getHostAddress();
      return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + internet.getPort();
    }
    return address.toString();
  }

  private void inputOver(Channel channel, @Nullable IOException failure) {
    if (slot.get() == channel) {
      if (!channel.source().ended()) {
        broken(channel, failure);
        return;
      }
      // First: what is said of the end must not be older than what is done about it.
      boolean gone = channel.gone().toCompletableFuture().isDone();
      peerEnded(channel);
      if (gone || channel.sink().ended() || !channel.capabilities().contains(Capability.OUTPUT)) {
        leave(channel);
      } else {
        discardLater(channel);
      }
    }
  }

  /** What was to be read may wait for a reader still: then its end is what counts. */
  private void peerGone(Channel channel) {
    boolean writes = !channel.capabilities().contains(Capability.INPUT);
    if (slot.get() == channel && (writes || channel.source().ended())) {
      peerEnded(channel);
      leave(channel);
    }
  }

  private void peerEnded(Channel channel) {
    died();
    CompletableFuture<Void> gone = channel.gone().toCompletableFuture();
    String why =
        gone.isCompletedExceptionally()
            ? gone.handle((done, failure) -> Reasons.of(failure)).join()
            : "the peer has ended the connection";
    deplore(Level.INFO, pid() + ": " + why + next());
  }

  private String next() {
    return settings().reconnect()
        ? "; connecting again"
        : "; not connecting again, because reconnect is false";
  }

  /** The channel fails by itself from now on: its users are to see why before it is closed. */
  private void broken(Channel channel, @Nullable IOException why) {
    if (slot.get() == channel) {
      died();
      deplore(
          Level.WARNING,
          pid() + ": " + (why == null ? "the connection is broken" : Reasons.of(why)) + next());
      leave(channel);
    }
  }

  /** Its readers are to see how it ended, which a close at once would hide. */
  private void leave(Channel channel) {
    if (slot.take(channel)) {
      discardLater(channel);
      again();
    }
  }

  private void discardLater(Channel channel) {
    Duration patience = settings().merged().closeTimeout();
    Future<?> unused = engine.schedule(patience, () -> discard(channel, true));
  }

  private void lost(Channel channel, @Nullable Throwable failure) {
    if (!slot.take(channel)) {
      return;
    }
    died();
    if (failure == null) {
      LOG.log(Level.DEBUG, "{0}: the channel was closed", pid());
      again();
    } else {
      failed(failure);
    }
  }

  private void failed(Throwable failure) {
    complain(
        Level.WARNING,
        pid()
            + ": "
            + Reasons.of(failure)
            + (settings().reconnect()
                ? "; trying again until it succeeds"
                : "; not trying again, because reconnect is false"));
    again();
  }

  private void again() {
    ChannelSettings values = settings();
    if (values.reconnect()) {
      later(values.reconnectMin(), values.reconnectMax());
    }
  }

  @Override
  ChannelSettings changed(ChannelSettings old, ChannelSettings next) {
    Channel channel = slot.get();
    if (channel == null) {
      return next;
    }
    if (!old.sameConnection(next)) {
      return replaced(channel, old, next);
    }
    retime(channel, old, next);
    return next;
  }

  /** Changes the limits of a live channel. */
  static void retime(Channel channel, ChannelSettings old, ChannelSettings next) {
    Wait read = next.merged().readWait();
    Wait write = next.merged().writeWait();
    // Only what the configuration changes: a consumer may have set the other one.
    if (!read.equals(old.merged().readWait())) {
      channel.source().readWait(read);
    }
    if (!write.equals(old.merged().writeWait())) {
      channel.sink().writeWait(write);
    }
  }

  private ChannelSettings replaced(Channel channel, ChannelSettings old, ChannelSettings next) {
    Channel fresh;
    try {
      fresh = connect(next);
    } catch (IOException | IllegalArgumentException e) {
      keepsOld(next.endpoint(), e);
      return old;
    }
    if (slot.take(channel)) {
      died();
      discard(channel, true);
    }
    adopt(fresh);
    return next;
  }

  @Override
  void discard(Channel channel, boolean graceful) {
    if (graceful) {
      channel
          .closeAsync()
          .exceptionally(
              failure -> {
                LOG.log(Level.WARNING, "{0}: closing failed", channel.name(), failure);
                return null;
              });
    } else {
      channel.abort(new StreamClosedException(channel.name()));
    }
  }
}
