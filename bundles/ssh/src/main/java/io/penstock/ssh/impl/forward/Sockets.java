// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/** How sockets are closed. */
public final class Sockets {
  private static final Logger LOG = Messages.log("ssh.forward");

  private Sockets() {}

  /** Closes one, if there is one, and gives its descriptor back. */
  public static void closeQuietly(@Nullable SelectableChannel socket, ProviderContext context) {
    if (socket == null || !socket.isOpen()) {
      return;
    }
    try {
      socket.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a socket could not be closed", e);
    }
    context.forgetClosed();
  }

  /** Closes one so that, where the transport can, its peer does not take a part for the whole. */
  static void cut(SocketChannel socket, ProviderContext context) {
    try {
      if (socket.isOpen() && socket.supportedOptions().contains(StandardSocketOptions.SO_LINGER)) {
        socket.setOption(StandardSocketOptions.SO_LINGER, 0);
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a socket could not be cut", e);
    }
    closeQuietly(socket, context);
  }
}
