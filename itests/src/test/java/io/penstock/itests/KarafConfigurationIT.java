// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.penstock.error.StreamTimeoutException;
import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Services;
import io.penstock.pipe.Pipe;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleContext;

/** Configurations from {@code .cfg} files in Karaf's {@code etc}. */
@InContainer(ContainerKind.KARAF)
class KarafConfigurationIT {

  @Test
  void aFileInEtcIsAConfigurationForAsLongAsItIsThere(BundleContext context) throws Exception {
    Path file = file("karaf");

    Files.writeString(
        file, "capacity = 128KiB\nreadTimeout = 250ms\nwriteTimeout = PT2S\ndirect = true\n");
    Pipe pipe = Services.named(context, Pipe.class, "karaf");

    assertEquals(128 * 1024, pipe.sink().room());
    assertEquals(Wait.upTo(Duration.ofMillis(250)), pipe.source().readWait());
    assertEquals(Wait.upTo(Duration.ofSeconds(2)), pipe.sink().writeWait());

    Files.delete(file);
    Services.awaitGone(context, Pipe.class, "karaf");
  }

  @Test
  void aChangedFileReachesThoseWhoWait(BundleContext context) throws Exception {
    Path file = file("edited");
    Files.writeString(file, "capacity = 128KiB\n");
    Pipe pipe = Services.named(context, Pipe.class, "edited");
    CompletableFuture<Object> read = new CompletableFuture<>();
    Thread reader =
        new Thread(
            () -> {
              try {
                read.complete(pipe.source().read(ByteBuffer.allocate(1)));
              } catch (IOException problem) {
                read.complete(problem);
              }
            },
            "test-reader");
    reader.setDaemon(true);
    reader.start();

    Files.writeString(file, "capacity = 128KiB\nreadTimeout = 100ms\n");

    assertInstanceOf(StreamTimeoutException.class, read.get(20, TimeUnit.SECONDS));
    assertSame(pipe, Services.named(context, Pipe.class, "edited"));
    Files.delete(file);
    Services.awaitGone(context, Pipe.class, "edited");
  }

  /** The hyphen is File Install's own way to write a factory configuration: PID, name. */
  private static Path file(String name) {
    return Path.of(System.getProperty("karaf.etc"), "io.penstock.Pipe-" + name + ".cfg");
  }
}
