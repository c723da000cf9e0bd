// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.runtime.PenstockControl;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;

/** Streams of a Penstock without OSGi, and the control of an operator over them. */
abstract class OperatedStreams {
  static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  final Penstock penstock = Penstock.open();
  final PenstockControl control = penstock.control();

  @AfterEach
  void close() {
    penstock.close();
  }

  Pipe pipe(String name, int capacity) {
    return penstock.pipes().create(PipeOptions.defaults().withName(name).withCapacity(capacity));
  }

  /** Two ends of a connection; what is written at the first comes out at the second. */
  Channel[] connection() throws IOException {
    Listener listener = penstock.channels().listen("tcp-listen://127.0.0.1:0");
    Channel client =
        penstock.channels().open(listener.endpoint().toString().replace("-listen", ""));
    Channel server = listener.accept(SOON);
    return new Channel[] {client, server};
  }

  String number(Channel channel) {
    // The address of the one is the peer of the other.
    return penstock.runtime().runtime().channels().stream()
        .filter(
            each ->
                channel.local().get().toString().equals(each.local())
                    && channel.peer().get().toString().equals(each.peer()))
        .map(each -> "#" + each.id())
        .findFirst()
        .get();
  }

  static <T> CompletableFuture<T> started(String thread, Callable<T> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    new Thread(
            () -> {
              try {
                result.complete(task.call());
              } catch (Exception e) {
                result.completeExceptionally(e);
              }
            },
            thread)
        .start();
    return result;
  }

  static String text(ByteBuffer bytes) {
    return StandardCharsets.US_ASCII.decode(bytes).toString();
  }

  static String read(ByteSource source, int n) throws IOException {
    ByteBuffer got = ByteBuffer.allocate(n);
    source.readFully(got, SOON);
    return text(got.flip());
  }
}
