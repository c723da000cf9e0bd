// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.error.StreamTimeoutException;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Services;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;

/** The flight recorder finds the events of a bundle, whose class loader is not the JDK's. */
@InContainer
class FlightIT {
  @TempDir Path folder;

  @Test
  void waitIsRecorded(BundleContext context) throws Exception {
    PipeFactory pipes = Services.any(context, PipeFactory.class, "");
    Path file = folder.resolve("flight.jfr");
    try (Recording recording = new Recording();
        Pipe pipe = pipes.create(PipeOptions.defaults().withName("slow"))) {
      recording.enable("penstock.Wait").withThreshold(Duration.ofMillis(10));
      recording.start();
      // Telling the recorder of the types may take all of the first wait.
      for (int i = 0; i < 2; i++) {
        assertThrows(
            StreamTimeoutException.class,
            () -> pipe.source().read(ByteBuffer.allocate(1), Wait.millis(100)));
      }
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> waits =
        RecordingFile.readAllEvents(file).stream()
            .filter(event -> event.getEventType().getName().equals("penstock.Wait"))
            .filter(event -> "slow".equals(event.getString("name")))
            .toList();
    assertFalse(waits.isEmpty());
    assertEquals("bytes", waits.get(0).getString("awaited"));
  }
}
