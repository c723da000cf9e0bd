// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.serve.ByteHandler;
import io.penstock.serve.Connection;
import io.penstock.serve.Execution;
import io.penstock.serve.ServeOptions;
import io.penstock.serve.Server;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

/** The pieces of the page on serving. */
class ServingTest {
  private static final String ANY = "tcp-listen://127.0.0.1:0";

  private static Channel dial(Penstock penstock, Server server) throws IOException {
    String bound = server.endpoint().toString();
    Channel channel = penstock.channels().open("tcp:" + bound.substring("tcp-listen:".length()));
    channel.source().readWait(Wait.millis(20_000));
    return channel;
  }

  // snippet: serving.plain
  static Server echo(Penstock penstock, String endpoint) throws IOException {
    return penstock.serve(endpoint, (client, line) -> client.reply(line));
  }

  // end of snippet

  @Test
  void plain() throws Exception {
    try (Penstock penstock = Penstock.open();
        Server server = echo(penstock, ANY);
        Channel client = dial(penstock, server)) {
      client.sink().writeFully("tea\n");
      assertEquals("tea", client.source().readLine(UTF_8, 100));
    }
  }

  // snippet: serving.frames
  static Server reverse(Penstock penstock, Endpoint endpoint) throws IOException {
    ByteHandler handler =
        (client, frame) -> {
          ByteBuffer answer = ByteBuffer.allocate(frame.remaining());
          for (int i = frame.remaining() - 1; i >= 0; i--) {
            answer.put(frame.get(frame.position() + i));
          }
          client.reply(answer.flip());
        };
    Framing framing = Framing.lengthPrefixed(4, 1 << 20).withFrameTimeout(Duration.ofSeconds(10));
    return penstock.serveFrames(
        endpoint,
        handler,
        ServeOptions.defaults().withFraming(framing).withExecution(Execution.POOL));
  }

  // end of snippet

  @Test
  void frames() throws Exception {
    Framing framing = Framing.lengthPrefixed(4, 100);
    try (Penstock penstock = Penstock.open();
        Server server = reverse(penstock, Endpoint.parse(ANY));
        Channel client = dial(penstock, server)) {
      client.sink().writeFully(framing.encode(UTF_8.encode("tea")), Wait.millis(1000));
      ByteBuffer answer = ByteBuffer.allocate(7);
      client.source().readFully(answer, Wait.millis(20_000));
      assertEquals(framing.encode(UTF_8.encode("aet")), answer.flip());
    }
  }

  // snippet: serving.later
  static void answerLater(Connection client, String question, Executor elsewhere) {
    client.pause();
    CompletableFuture.supplyAsync(() -> question + "!", elsewhere)
        .thenAccept(client::reply)
        .whenComplete((done, failure) -> client.resume());
  }

  // end of snippet

  @Test
  void later() throws Exception {
    try (Penstock penstock = Penstock.open();
        Server server =
            penstock.serve(ANY, (client, line) -> answerLater(client, line, Runnable::run));
        Channel client = dial(penstock, server)) {
      client.sink().writeFully("tea\nwater\n");
      assertEquals("tea!", client.source().readLine(UTF_8, 100));
      assertEquals("water!", client.source().readLine(UTF_8, 100));
    }
  }
}
