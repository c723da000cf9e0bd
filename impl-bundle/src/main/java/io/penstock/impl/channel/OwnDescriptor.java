// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Handle;
import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.DescriptorSource;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;

/** The descriptor of a channel or a listener. */
final class OwnDescriptor implements DescriptorFacet {
  /** Closes a channel or a listener. */
  @FunctionalInterface
  interface Close {
    void close() throws IOException;
  }

  private final String name;
  private final DescriptorSource own;
  private final Handles handles;
  private final Close close;

  OwnDescriptor(String name, DescriptorSource own, Handles handles, Close close) {
    this.name = name;
    this.own = own;
    this.handles = handles;
    this.close = close;
  }

  private Descriptor copy() throws IOException {
    try {
      return own.duplicate(handles.calls(name, "the descriptor of a channel"));
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(name);
    }
  }

  @Override
  public Handle handle() throws IOException {
    return handles.keep(copy());
  }

  @Override
  public Handle release() throws IOException {
    Descriptor copy = copy();
    boolean kept = false;
    try {
      own.detach();
      close.close();
      copy.lingerNot();
      kept = true;
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(name);
    } finally {
      if (!kept) {
        copy.close();
      }
    }
    return handles.keep(copy);
  }
}
