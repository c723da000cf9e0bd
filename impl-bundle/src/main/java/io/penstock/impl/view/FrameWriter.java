// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.error.WouldBlockException;
import io.penstock.stream.ByteSink;
import io.penstock.stream.FrameSink;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.CompletionStage;

/** A sink that takes frames. */
public final class FrameWriter implements FrameSink {
  private final ByteSink sink;
  private final Framing framing;

  /** A view. */
  public FrameWriter(ByteSink sink, Framing framing) {
    this.sink = sink;
    this.framing = Objects.requireNonNull(framing, "framing");
  }

  @Override
  public ByteSink sink() {
    return sink;
  }

  @Override
  public Framing framing() {
    return framing;
  }

  @Override
  public void write(ByteBuffer frame, Wait wait) throws IOException {
    ByteBuffer encoded = framing.encode(frame);
    boolean some = encoded.hasRemaining();
    if (sink.give(encoded, wait) == 0 && some) {
      throw new WouldBlockException(sink.name(), "no room for a frame now", 0);
    }
  }

  @Override
  public CompletionStage<Void> writeAsync(ByteBuffer frame) {
    return sink.writeAsync(framing.encode(frame));
  }

  @Override
  public String toString() {
    return "frames to " + sink.name() + ", " + framing;
  }
}
