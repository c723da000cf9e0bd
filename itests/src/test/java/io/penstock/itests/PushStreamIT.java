// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Services;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.pushstream.PushStreams;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleContext;
import org.osgi.util.promise.Promise;
import org.osgi.util.pushstream.PushStreamProvider;

/** The optional bundle beside the others: it resolves, and joins two pipes by a PushStream. */
@InContainer(
    value = {ContainerKind.FELIX, ContainerKind.EQUINOX},
    bundles = {"io.penstock.pushstream", "org.osgi.util.pushstream"})
class PushStreamIT {

  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  @Test
  void pushStreamCarriesBytesAndTheEndFromPipeToPipe(BundleContext context) throws Exception {
    PipeFactory pipes = Services.any(context, PipeFactory.class, "");
    try (Pipe from = pipes.create(PipeOptions.defaults());
        Pipe to = pipes.create(PipeOptions.defaults())) {
      Promise<Long> done =
          new PushStreamProvider()
              .createStream(PushStreams.source(from.source()))
              .forEachEvent(PushStreams.consumer(to.sink()));

      from.sink().writeFully("carried", SOON);
      from.sink().end();

      ByteBuffer all = to.source().readAll(100, SOON);
      assertEquals("carried", StandardCharsets.UTF_8.decode(all).toString());
      assertNull(done.getFailure());
    }
  }
}
