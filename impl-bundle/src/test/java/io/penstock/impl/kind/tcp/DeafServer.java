// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/** An address whose backlog is full: it neither answers nor refuses. */
public final class DeafServer implements AutoCloseable {
  private final ServerSocket server;
  private final List<Socket> fillers = new ArrayList<>();

  /** Fills the backlog of a server at that address; port 0 lets the system choose. */
  public DeafServer(InetAddress address, int port) throws IOException {
    server = new ServerSocket(port, 1, address);
    while (true) {
      Socket filler = new Socket();
      fillers.add(filler);
      try {
        filler.connect(server.getLocalSocketAddress(), 300);
      } catch (SocketTimeoutException e) {
        return;
      }
    }
  }

  /** The port that it has. */
  public int port() {
    return ((InetSocketAddress) server.getLocalSocketAddress()).getPort();
  }

  @Override
  public void close() throws IOException {
    for (Socket filler : fillers) {
      filler.close();
    }
    server.close();
  }
}
