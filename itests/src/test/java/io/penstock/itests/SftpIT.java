// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** SFTP from its own bundle, without that of SSH. */
@InContainer(
    value = {ContainerKind.FELIX, ContainerKind.EQUINOX},
    bundles = {
      "slf4j.api",
      "ch.qos.logback.core",
      "ch.qos.logback.classic",
      "org.apache.sshd.osgi",
      "io.penstock.sftp"
    })
class SftpIT {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  @TempDir Path folder;

  @Test
  void fileIsServed(BundleContext context) throws Exception {
    Bundle bundle = Penstock.bundle(context, "io.penstock.sftp");
    ChannelFactory factory = Services.any(context, ChannelFactory.class, "");
    Files.writeString(folder.resolve("file"), "content");
    try (Channel channel =
        factory.open(
            Endpoint.parse("sftp-server:" + folder + "?read-only=true"),
            ChannelOptions.defaults(),
            SOON)) {
      ByteBuffer version = ask(channel, 1, ByteBuffer.allocate(4).putInt(3));
      assertEquals(2, version.get());
      assertEquals(3, version.getInt());
      ByteBuffer handle =
          ask(channel, 3, ByteBuffer.allocate(20).putInt(7).put(text("file")).putInt(1).putInt(0));
      assertEquals(102, handle.get());
      assertEquals(7, handle.getInt());
      ByteBuffer data =
          ask(
              channel,
              5,
              ByteBuffer.allocate(4 + handle.remaining() + 12)
                  .putInt(8)
                  .put(handle)
                  .putLong(0)
                  .putInt(99));
      assertEquals(103, data.get());
      assertEquals(8, data.getInt());
      assertEquals("content", StandardCharsets.UTF_8.decode(data.position(9)).toString());
      bundle.stop();
      assertFalse(channel.isOpen(), "what the bundle made goes with it");
    } finally {
      bundle.start();
    }
    assertTrue(factory.schemes().contains("sftp-server"));
  }

  private static byte[] text(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes).array();
  }

  private static ByteBuffer ask(Channel channel, int type, ByteBuffer body) throws Exception {
    body.flip();
    ByteBuffer message = ByteBuffer.allocate(5 + body.remaining());
    message.putInt(1 + body.remaining()).put((byte) type).put(body).flip();
    channel.sink().writeFully(message, SOON);
    ByteBuffer length = ByteBuffer.allocate(4);
    channel.source().readFully(length, SOON);
    ByteBuffer answer = ByteBuffer.allocate(length.flip().getInt());
    channel.source().readFully(answer, SOON);
    return answer.flip();
  }
}
