// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.memory;

import io.penstock.channel.ChannelOptions;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.spi.ChannelDriver;

/**
 * Two drivers that are each other's peer.
 *
 * @param left one
 * @param right the other
 */
public record MemoryPair(ChannelDriver left, ChannelDriver right) {
  /**
   * Makes a pair.
   *
   * @param name of both channels, for errors
   * @param options whose send buffer bounds what the left one has written and the right one has not
   *     read, and whose receive buffer the opposite; 64 KiB each by default
   * @return a connected pair
   */
  public static MemoryPair create(String name, ChannelOptions options) {
    MemoryPipe toRight = pipe(name, options.sendBuffer(), options);
    MemoryPipe toLeft = pipe(name, options.receiveBuffer(), options);
    return new MemoryPair(new MemoryDriver(toLeft, toRight), new MemoryDriver(toRight, toLeft));
  }

  static MemoryPipe pipe(String name, int size, ChannelOptions options) {
    long capacity = size > 0 ? size : PipeOptions.DEFAULT_CAPACITY;
    return new MemoryPipe(name, capacity, false, MemoryPipe.looks(options.spin()));
  }
}
