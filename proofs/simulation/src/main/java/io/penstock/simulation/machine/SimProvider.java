// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.net.ProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;

/** Whom simulated channels come from: they are made by hand, so it makes none. */
final class SimProvider extends SelectorProvider {
  static final SimProvider ONLY = new SimProvider();

  private static UnsupportedOperationException no() {
    return new UnsupportedOperationException("simulated channels are made by hand");
  }

  @Override
  public DatagramChannel openDatagramChannel() {
    throw no();
  }

  @Override
  public DatagramChannel openDatagramChannel(ProtocolFamily family) {
    throw no();
  }

  @Override
  public Pipe openPipe() {
    throw no();
  }

  @Override
  public AbstractSelector openSelector() {
    throw no();
  }

  @Override
  public ServerSocketChannel openServerSocketChannel() {
    throw no();
  }

  @Override
  public SocketChannel openSocketChannel() {
    throw no();
  }
}
