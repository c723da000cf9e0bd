// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that reads no more has what it wanted, and holds nobody up. */
class RelayRefusedTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  @TempDir Path folder;

  private final Penstock penstock = Penstock.open();

  @AfterEach
  void close() {
    penstock.close();
  }

  private Relay relay(String from, String to, RelayOptions options) throws IOException {
    Relay relay = penstock.relays().create(Endpoint.parse(from), Endpoint.parse(to), options);
    relay.start();
    return relay;
  }

  private void endsWell(String from, String to, RelayOptions options) throws Exception {
    relay(from, to, options).completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private void fails(String from, String to, int status) throws Exception {
    Relay relay = relay(from, to, RelayOptions.defaults());
    ExecutionException failure =
        assertThrows(
            ExecutionException.class,
            () -> relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS));
    String message = failure.getCause().getMessage();
    assertTrue(message.endsWith("exited with status " + status), message);
  }

  @Test
  void aProgramThatWritesForEverEndsWithItsReader() throws Exception {
    endsWell("shell:yes", "shell:head -n 1", RelayOptions.defaults());
    endsWell("shell:yes", "shell:head -n 1", RelayOptions.defaults().withOneWay(true));
  }

  @Test
  void theRestIsDroppedSoThatAWriterComesToItsEnd() throws Exception {
    Path done = folder.resolve("done");
    endsWell("shell:seq 60000; echo >" + done, "shell:head -n 1", RelayOptions.defaults());
    assertTrue(Files.exists(done), "it was waited for");
  }

  @Test
  void howTheWriterEndsStillCounts() throws Exception {
    fails("shell:seq 60000; exit 3", "shell:head -n 1", 3);
  }

  @Test
  void soDoesHowTheReaderEnds() throws Exception {
    fails("shell:seq 60000", "shell:exec <&-; sleep .1; exit 7", 7);
  }

  @Test
  void aClientThatWritesAllFirstGetsTheAnswer() throws Exception {
    Path go = folder.resolve("go");
    Relay relay =
        relay(
            "tcp-listen://127.0.0.1:0",
            "shell:exec <&-; while [ ! -e " + go + " ]; do sleep .1; done; echo answer",
            RelayOptions.defaults());
    String address = relay.listeners().get(0).endpoint().address();
    try (Channel client =
        penstock
            .channels()
            .open(Endpoint.parse("tcp:" + address), ChannelOptions.defaults(), SOON)) {
      client.sink().writeFully(ByteBuffer.allocate(32 << 20), SOON);
      Files.createFile(go);
      ByteBuffer answer = ByteBuffer.allocate(6);
      client.source().readFully(answer, SOON);
      assertEquals("answer", new String(answer.array(), UTF_8));
    }
    relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }
}
