// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets.echo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Lines echoed with a thread for each connection. A line has no limit. */
final class EchoByServerSocket implements AutoCloseable {
  final ServerSocket listener;

  EchoByServerSocket(int port) throws IOException {
    listener = new ServerSocket(port);
    new Thread(this::accept).start();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        new Thread(() -> echo(client)).start();
      }
    } catch (IOException e) {
      if (!listener.isClosed()) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static void echo(Socket client) {
    try (client) {
      var in = new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8);
      BufferedReader lines = new BufferedReader(in);
      Writer out = new OutputStreamWriter(client.getOutputStream(), StandardCharsets.UTF_8);
      String line;
      while ((line = lines.readLine()) != null) {
        out.write(line + "\n");
        out.flush();
      }
    } catch (IOException e) {
      System.err.println(e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
