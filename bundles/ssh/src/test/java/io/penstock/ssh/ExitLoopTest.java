// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.StreamTimeoutException;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The loop of docs/ssh.md that never hangs on an exit status, which the page shows. */
class ExitLoopTest {
  /** Four times what the window is by default. */
  private static final int MUCH = 8 << 20;

  private static final int limit = 2 * MUCH;
  private static final ChannelFactory channels = Bench.CHANNELS;
  private static final ChannelOptions options = ChannelOptions.defaults();
  private static final Wait wait = Bench.SOON;

  private static ByteBuffer readAll(ByteSource source) {
    try {
      return source.readAll(limit, wait);
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  private record Outcome(ByteBuffer output, ByteBuffer errors, SshExit end) {}

  private static Outcome run(Endpoint endpoint) throws Exception {
    // snippet: ssh.loop
    // The endpoint has stderr=pipe.
    try (Channel channel = channels.open(endpoint, options, wait)) {
      SshClientFacet session = channel.facet(SshClientFacet.class).orElseThrow();
      // The program gets no input.
      channel.sink().end();
      // On another thread, or in a poller.
      CompletableFuture<ByteBuffer> errors =
          CompletableFuture.supplyAsync(() -> readAll(session.errorSource().orElseThrow()));
      ByteBuffer output = channel.source().readAll(limit, wait);
      ByteBuffer said = errors.join();
      SshExit end = session.exit(Wait.upTo(Duration.ofSeconds(10)));
      return new Outcome(output, said, end);
    }
    // end of snippet
  }

  /** The loop, for a program that says "out" and much else on standard error. */
  private static void loop(Endpoint endpoint) throws Exception {
    Outcome outcome = run(endpoint);
    assertEquals("out\n", StandardCharsets.UTF_8.decode(outcome.output()).toString());
    assertEquals(MUCH, outcome.errors().remaining());
    assertEquals(SshExit.of(3), outcome.end());
  }

  @Test
  void programThatWritesMuchToItsErrorsBeforeItsOutput() throws Exception {
    try (OpenSsh.Server server = OpenSsh.Server.start()) {
      String command = "head -c " + MUCH + " /dev/zero >&2; echo out; exit 3";
      loop(server.exec(command, "stderr=pipe"));
      // A caller that reads only one of the two waits for ever, and the status does not come.
      try (Channel channel = Bench.open(server.exec(command, "stderr=pipe"))) {
        SshClientFacet session = Bench.client(channel);
        assertThrows(
            StreamTimeoutException.class, () -> session.exit(Wait.upTo(Duration.ofMillis(300))));
        assertEquals(0, channel.source().available());
        channel.abort(new IOException("seen enough"));
      }
    }
  }

  @Test
  void programOfOursThatDoesSo() throws Exception {
    try (Listener listener = Bench.listen()) {
      CompletableFuture<Void> program =
          CompletableFuture.runAsync(
              () -> {
                try (Channel channel = listener.accept(wait)) {
                  SshServerFacet session = Bench.server(channel);
                  session.errorSink().writeFully(ByteBuffer.allocate(MUCH), wait);
                  channel.sink().writeFully("out\n", wait);
                  session.sendExitStatus(3);
                } catch (IOException e) {
                  throw new CompletionException(e);
                }
              },
              task -> new Thread(task, "program").start());
      loop(Bench.connecting(listener.endpoint(), "stderr=pipe"));
      program.get(20, TimeUnit.SECONDS);
    }
  }
}
