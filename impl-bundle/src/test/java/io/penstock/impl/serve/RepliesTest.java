// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.serve.ByteHandler;
import io.penstock.serve.ServeOptions;
import io.penstock.serve.Server;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Replies are made in one buffer, and none of them meets the bytes of another. */
class RepliesTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final Framing LINES = Framing.lines(9999);

  private final Spare spare = new Spare();

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  private static String text(ByteBuffer bytes) {
    return UTF_8.decode(bytes.duplicate()).toString();
  }

  @Test
  void oneBufferIsUsedAgain() {
    ByteBuffer first = spare.encode(LINES, bytes("one"));
    assertEquals("one\n", text(first));
    spare.free(first);
    ByteBuffer second = spare.encode(LINES, bytes("the second"));
    assertSame(first, second);
    assertEquals("the second\n", text(second));
  }

  @Test
  void aReplyBesideAnotherHasItsOwn() {
    ByteBuffer first = spare.encode(LINES, bytes("one"));
    ByteBuffer second = spare.encode(LINES, bytes("two"));
    assertEquals("one\n", text(first));
    assertEquals("two\n", text(second));
    spare.free(second);
    assertNotSame(first, spare.encode(LINES, bytes("three")));
    assertEquals("one\n", text(first));
  }

  @Test
  void aRestThatIsKeptStaysAsItIs() {
    ByteBuffer first = spare.encode(LINES, bytes("one"));
    ByteBuffer rest = spare.kept(first.position(1));
    spare.free(first);
    ByteBuffer second = spare.encode(LINES, bytes("two"));
    assertSame(first, second);
    assertEquals("ne\n", text(rest));
  }

  @Test
  void aLongReplyAndARefusedOneLeaveItFree() {
    String fits = "x".repeat(4095);
    for (String each : new String[] {fits, fits + "x", fits + "xx"}) {
      ByteBuffer encoded = spare.encode(LINES, bytes(each));
      assertEquals(each + "\n", text(encoded));
      spare.free(encoded);
    }
    assertThrows(IllegalArgumentException.class, () -> spare.encode(LINES, bytes("a\nb")));
    ByteBuffer first = spare.encode(LINES, bytes("one"));
    spare.free(first);
    assertSame(first, spare.encode(LINES, bytes("two")));
  }

  @Test
  void repliesThatWaitStayAsTheyAreWhileOthersAreMade() throws Exception {
    int many = 10_000;
    String filling = "x".repeat(1000);
    ByteHandler handler =
        (client, frame) -> {
          int count = Integer.parseInt(text(frame).strip());
          for (int i = 0; i < count; i++) {
            client.reply(bytes(i + filling + count));
          }
        };
    try (Penstock penstock = Penstock.open();
        Server server =
            penstock.serveFrames(
                Endpoint.parse("tcp-listen://127.0.0.1:0"),
                handler,
                ServeOptions.defaults().withFraming(LINES));
        Channel slow = dial(penstock, server);
        Channel fast = dial(penstock, server)) {
      // More than the system takes for a peer that does not read.
      slow.sink().writeFully(many + "\n");
      for (int round = 0; round < 100; round++) {
        fast.sink().writeFully("2\n");
        assertEquals("0" + filling + 2, fast.source().readLine(UTF_8, 9999));
        assertEquals("1" + filling + 2, fast.source().readLine(UTF_8, 9999));
      }
      for (int i = 0; i < many; i++) {
        assertEquals(i + filling + many, slow.source().readLine(UTF_8, 9999));
      }
    }
  }

  private static Channel dial(Penstock penstock, Server server) throws IOException {
    Channel channel =
        penstock.channels().open(server.endpoint().toString().replace("tcp-listen:", "tcp:"));
    channel.source().readWait(SOON);
    channel.sink().writeWait(SOON);
    return channel;
  }
}
