// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.channel.facet.BufferFacet;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.kind.support.SystemBuffers;
import java.io.IOException;
import java.util.Optional;

/** The buffers of two streams that have nothing to do with each other. */
final class StandardBuffers implements BufferFacet {
  private final String name;
  private final Optional<SystemBuffers> in;
  private final Optional<SystemBuffers> out;

  StandardBuffers(String name, Optional<SystemBuffers> in, Optional<SystemBuffers> out) {
    this.name = name;
    this.in = in;
    this.out = out;
  }

  @Override
  public int receiveBuffer() throws IOException {
    return there(in, "standard input").receiveBuffer();
  }

  @Override
  public int receiveBuffer(int bytes) throws IOException {
    return there(in, "standard input").receiveBuffer(bytes);
  }

  @Override
  public int sendBuffer() throws IOException {
    return there(out, "standard output").sendBuffer();
  }

  @Override
  public int sendBuffer(int bytes) throws IOException {
    return there(out, "standard output").sendBuffer(bytes);
  }

  private SystemBuffers there(Optional<SystemBuffers> buffers, String stream)
      throws NotSupportedException {
    return buffers.orElseThrow(
        () ->
            new NotSupportedException(
                name, "the size of a buffer of " + stream, "only pipes and sockets have one"));
  }
}
