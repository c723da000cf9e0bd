// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.stream.ByteFile;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.FileMode;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** A channel that a test holds, with ends that the product has made. */
abstract class ForwardingChannel implements Channel {
  private final Channel channel;

  ForwardingChannel(Channel channel) {
    this.channel = channel;
  }

  @Override
  public ByteSource source() {
    return channel.source();
  }

  @Override
  public ByteSink sink() {
    return channel.sink();
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    return channel.read(dst);
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    return channel.write(src);
  }

  @Override
  public <L> ByteFile<L> file(FileMode<L> mode) {
    return channel.file(mode);
  }

  @Override
  public String name() {
    return channel.name();
  }

  @Override
  public Endpoint endpoint() {
    return channel.endpoint();
  }

  @Override
  public Optional<SocketAddress> local() {
    return channel.local();
  }

  @Override
  public Optional<SocketAddress> peer() {
    return channel.peer();
  }

  @Override
  public Set<Capability> capabilities() {
    return channel.capabilities();
  }

  @Override
  public CompletionStage<Channel> connected() {
    return channel.connected().thenApply(connected -> this);
  }

  @Override
  public CompletionStage<Void> gone() {
    return channel.gone();
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return channel.facet(type);
  }

  @Override
  public void abort(Throwable cause) {
    channel.abort(cause);
  }

  @Override
  public CompletionStage<Void> closeAsync() {
    return channel.closeAsync();
  }

  @Override
  public CompletionStage<Void> closed() {
    return channel.closed();
  }

  @Override
  public boolean isOpen() {
    return channel.isOpen();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  @Override
  public String toString() {
    return channel.toString();
  }
}
