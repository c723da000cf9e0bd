// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets.echo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.serve.Server;
import io.penstock.snippets.Echo;
import io.penstock.standalone.Penstock;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How long an echo server of lines is, by what it is written with; and that each one echoes. */
class EchoLinesTest {
  private static final Path SOURCES = Path.of("src/test/java/io/penstock/snippets");
  private static final Path PAGE = Path.of("../../docs/serving.md");

  private static void asks(int port) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(20_000);
      BufferedReader answers =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      for (String line : List.of("tea", "water")) {
        socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        assertEquals(line, answers.readLine());
      }
    }
  }

  @Test
  void eachEchoes() throws Exception {
    try (EchoByServerSocket echo = new EchoByServerSocket(0)) {
      asks(echo.listener.getLocalPort());
    }
    try (EchoByNio echo = new EchoByNio(0)) {
      asks(echo.listener.socket().getLocalPort());
    }
    try (EchoByNetty echo = new EchoByNetty(0)) {
      asks(((InetSocketAddress) echo.listener.localAddress()).getPort());
    }
    try (Penstock penstock = Penstock.open();
        Server echo = penstock.serve("tcp-listen://127.0.0.1:0", new Echo())) {
      asks(Integer.parseInt(echo.endpoint().address().replaceFirst(".*:", "")));
    }
  }

  /** Without the head of the file, comments and empty lines. */
  private static long lines(String file) throws IOException {
    return Files.readAllLines(SOURCES.resolve(file)).stream()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.matches("(//|/\\*\\*|\\*|import |package ).*"))
        .count();
  }

  @Test
  void pageHasTheCounts() throws Exception {
    String page = Files.readString(PAGE);
    long ours = lines("Echo.java");
    assertTrue(ours <= 10, () -> "our echo server has " + ours + " lines");
    for (String row :
        List.of(
            "| Penstock | " + ours + " |",
            "| `ServerSocket` | " + lines("echo/EchoByServerSocket.java") + " |",
            "| Netty | " + lines("echo/EchoByNetty.java") + " |",
            "| NIO | " + lines("echo/EchoByNio.java") + " |")) {
      assertTrue(page.contains(row), () -> "the page lacks " + row);
    }
  }
}
