// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.StreamClosedException;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.pipe.Pipe;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** A pipe in a file, from its own bundle. */
@InContainer(bundles = {"com.h2database.mvstore", "io.penstock.durable"})
class DurableIT {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  @TempDir Path folder;
  private Configurations configurations;

  @BeforeEach
  void begin(BundleContext context) {
    configurations = new Configurations(context);
  }

  @AfterEach
  void end() throws Exception {
    configurations.close();
  }

  @Test
  void aConfiguredPipeSurvivesTheStopOfEachBundle(BundleContext context) throws Exception {
    Path file = folder.resolve("orders");
    configurations.create(
        Penstock.PIPE,
        "orders",
        Map.of("durable", "file:" + file, "keep", "1KiB", "capacity", "1MiB"));
    String kept = "";
    for (String name : new String[] {"io.penstock.durable", "io.penstock.impl"}) {
      Bundle bundle = Penstock.bundle(context, name);
      Pipe pipe = Services.named(context, Pipe.class, "orders");
      pipe.sink().writeFully(name, SOON);
      pipe.sink().flush(SOON);
      kept += name;
      assertEquals(
          kept.length(), pipe.facet(DurableFacet.class).orElseThrow().acknowledged(), name);
      bundle.stop();
      assertThrows(
          StreamClosedException.class, () -> pipe.source().read(ByteBuffer.allocate(1), SOON));
      assertFree(file);
      bundle.start();
      Services.fresh(context, Pipe.class, "orders", pipe);
    }
    Pipe last = Services.named(context, Pipe.class, "orders");
    ByteBuffer all = ByteBuffer.allocate(kept.length());
    last.source().readFully(all, SOON);
    assertEquals(kept, text(all.flip()));
  }

  @Test
  void anEndpointLeadsToTheSameFileAndTheBundleLeavesNoThread(BundleContext context)
      throws Exception {
    Path file = folder.resolve("spool");
    ChannelFactory factory = Services.any(context, ChannelFactory.class, "");
    assertTrue(factory.schemes().contains("durable"));
    try (Channel writer = open(factory, file, "write")) {
      writer.sink().writeFully("through a file", SOON);
    }
    try (Channel reader = open(factory, file, "read")) {
      assertEquals("through a file", text(reader.source().readAll(99, SOON)));
    }
    Bundle bundle = Penstock.bundle(context, "io.penstock.durable");
    bundle.stop();
    try {
      assertFree(file);
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        if (thread.getName().startsWith("H2-")) {
          // A pool counts as ended before its last thread has.
          thread.join(20_000);
          assertFalse(thread.isAlive(), "the library has left the thread " + thread.getName());
        }
      }
    } finally {
      bundle.start();
    }
  }

  private static Channel open(ChannelFactory factory, Path file, String mode) throws Exception {
    return factory.open(
        Endpoint.parse("durable:file:" + file + "?mode=" + mode), ChannelOptions.defaults(), SOON);
  }

  /** A lock that is still held in this process is an exception, and one of another is null. */
  private static void assertFree(Path file) throws Exception {
    try (FileChannel raw = FileChannel.open(file, StandardOpenOption.WRITE);
        FileLock lock = raw.tryLock()) {
      assertNotNull(lock, "the file is still locked");
    }
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }
}
