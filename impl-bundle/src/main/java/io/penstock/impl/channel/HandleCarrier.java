// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Handle;
import io.penstock.channel.HandleKind;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.posix.Arrivals;
import io.penstock.impl.posix.Cargo;
import io.penstock.impl.posix.Descriptor;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Handles that travel over a channel's two ends. */
final class HandleCarrier implements HandleFacet {
  private final String name;
  private final SourceEnd source;
  private final SinkEnd sink;
  private final Handles handles;

  HandleCarrier(String name, SourceEnd source, SinkEnd sink, Handles handles) {
    this.name = name;
    this.source = source;
    this.sink = sink;
    this.handles = handles;
  }

  @Override
  public boolean enabled() {
    return sink.carries();
  }

  private NotSupportedException disabled(String what) {
    return new NotSupportedException(
        name, what + " without the option handles=true", "open the channel with handles=true");
  }

  @Override
  public int send(ByteBuffer bytes, Wait wait, Handle... sent) throws IOException {
    Objects.requireNonNull(wait, "wait");
    try (Cargo cargo = cargo(bytes.remaining(), Arrays.asList(sent))) {
      return sink.send(bytes, cargo, wait);
    }
  }

  @Override
  public CompletionStage<Void> sendAsync(List<Handle> sent, ByteBuffer... parts) {
    long bytes = 0;
    for (ByteBuffer part : parts) {
      bytes += part.remaining();
    }
    Cargo cargo;
    try {
      cargo = cargo(bytes, sent);
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
    return sink.sendAsync(cargo, parts);
  }

  private Cargo cargo(long bytes, List<Handle> sent) throws IOException {
    if (sent.isEmpty() || sent.size() > MAX_HANDLES) {
      throw new IllegalArgumentException(
          name
              + ": "
              + sent.size()
              + " handles, expected 1 to "
              + MAX_HANDLES
              + " with one message");
    }
    if (bytes == 0) {
      throw new IllegalArgumentException(
          name + ": no bytes, expected at least one for the handles to travel with");
    }
    List<Descriptor> descriptors = Handles.descriptors(sent);
    if (!enabled()) {
      throw disabled("sending handles");
    }
    for (Descriptor each : descriptors) {
      if (each.kind() == HandleKind.OTHER) {
        throw new NotSupportedException(
            name,
            "sending " + each.kind(),
            "send a socket, an end of a pipe, a file or a terminal");
      }
    }
    try {
      return new Cargo(descriptors);
    } catch (ClosedChannelException e) {
      throw new StreamClosedException("a handle that is to be sent over " + name);
    }
  }

  @Override
  public Optional<Handle> take() throws IOException {
    Arrivals arrivals = source.arrivals();
    if (arrivals == null) {
      throw disabled("taking handles");
    }
    Descriptor next;
    try {
      next = arrivals.take();
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(name);
    }
    return next == null ? Optional.empty() : Optional.of(handles.keep(next));
  }

  @Override
  public int pending() {
    Arrivals arrivals = source.arrivals();
    return arrivals == null ? 0 : arrivals.count();
  }

  @Override
  public Optional<HandleKind> pendingKind() {
    Arrivals arrivals = source.arrivals();
    return arrivals == null ? Optional.empty() : arrivals.kind();
  }
}
