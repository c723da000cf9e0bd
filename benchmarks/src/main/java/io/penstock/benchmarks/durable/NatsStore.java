// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import io.nats.client.Connection;
import io.nats.client.ConsumeOptions;
import io.nats.client.ConsumerContext;
import io.nats.client.IterableConsumer;
import io.nats.client.JetStream;
import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.PublishOptions;
import io.nats.client.PurgeOptions;
import io.nats.client.api.AckPolicy;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.DiscardPolicy;
import io.nats.client.api.PublishAck;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A stream by the library of NATS alone: replicas and discarding are those of Penstock's pipe. With
 * fencing, each record names the one that it follows, as each of Penstock's does. With
 * acknowledgements, the servers keep the reader's place and remove what it has read, as often as
 * Penstock's reader commits.
 */
final class NatsStore implements Store {
  /** The server's number of the error that a record does not follow the one that it names. */
  private static final int WRONG_LAST = 10071;

  /** The same of one that the stream is not there. */
  private static final int NO_STREAM = 10059;

  private static final int REPLICAS = 3;
  private static final Duration SILENCE = Duration.ofSeconds(30);
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(120);
  private static final long PAUSE = 50;
  private static final int MOST_PENDING = 100_000;
  private static final long MOST_UNACKNOWLEDGED = 8 << 20;
  private static final long REMOVED_AT_ONCE = 16 << 20;
  private static final long LATEST = TimeUnit.MILLISECONDS.toNanos(100);

  private final Connection connection;
  private final JetStream stream;
  private final String name;
  private final boolean fenced;
  private final boolean acknowledged;
  private final Window window = new Window();
  private long last;
  private int size = WINDOW;
  private @Nullable IterableConsumer reader;
  private CompletableFuture<Void> removal = CompletableFuture.completedFuture(null);
  private long read;
  private long unacknowledged;
  private long since;

  NatsStore(String servers, String name, boolean fenced, boolean acknowledged)
      throws IOException, InterruptedException, JetStreamApiException {
    this.name = name;
    this.fenced = fenced;
    this.acknowledged = acknowledged;
    this.connection =
        Nats.connect(
            new Options.Builder()
                .servers(servers.split(","))
                .maxReconnects(-1)
                .reconnectWait(Duration.ofMillis(100))
                .build());
    this.stream = connection.jetStream();
    this.last =
        connection
            .jetStreamManagement()
            .addStream(
                StreamConfiguration.builder()
                    .name(name)
                    .subjects(subject())
                    .storageType(StorageType.File)
                    .replicas(REPLICAS)
                    .discardPolicy(DiscardPolicy.New)
                    .build())
            .getStreamState()
            .getLastSequence();
  }

  private ConsumerContext consumer() throws IOException, JetStreamApiException {
    ConsumerConfiguration.Builder made = ConsumerConfiguration.builder();
    if (acknowledged) {
      made.durable("reader").ackPolicy(AckPolicy.All).maxAckPending(MOST_PENDING);
    } else {
      made.ackPolicy(AckPolicy.None);
    }
    return connection.getStreamContext(name).createOrUpdateConsumer(made.build());
  }

  private String subject() {
    return "bench." + name;
  }

  private PublishOptions options() {
    PublishOptions.Builder made = PublishOptions.builder();
    return fenced ? made.expectedLastSequence(last).build() : made.build();
  }

  @Override
  public void append(byte[] record) throws Exception {
    size = record.length;
    window.enter(record.length);
    PublishOptions options = options();
    last++;
    CompletableFuture<PublishAck> unused =
        stream
            .publishAsync(subject(), record, options)
            .whenComplete((ack, failure) -> window.leave(record.length, failure));
  }

  @Override
  public void flush() throws Exception {
    window.drain();
  }

  @Override
  public void put(byte[] record) throws Exception {
    long end = System.nanoTime() + PATIENCE;
    IOException first = null;
    while (true) {
      try {
        last = stream.publish(subject(), record, options()).getSeqno();
        return;
      } catch (JetStreamApiException e) {
        if (e.getApiErrorCode() == WRONG_LAST && first != null) {
          // It was taken, and the answer was lost.
          last++;
          return;
        }
        first = again(first, new IOException(e), end);
      } catch (IOException | IllegalStateException e) {
        first = again(first, new IOException(e), end);
      }
    }
  }

  /** Nothing tells when a leader is there: a user, too, asks again after a while. */
  private static IOException again(@Nullable IOException first, IOException now, long end)
      throws IOException, InterruptedException {
    if (System.nanoTime() > end) {
      throw now;
    }
    boolean unused = new CountDownLatch(1).await(PAUSE, TimeUnit.MILLISECONDS);
    return first == null ? now : first;
  }

  @Override
  public void read(long bytes, Content content) throws Exception {
    IterableConsumer from = reader;
    if (from == null) {
      from =
          consumer()
              // In messages: an iterator that asks for bytes stands still now and then.
              .iterate(ConsumeOptions.builder().batchSize(Math.max(1, WINDOW / size)).build());
      reader = from;
    }
    for (long left = bytes; left > 0; ) {
      Message message = from.nextMessage(SILENCE);
      if (message == null) {
        throw new IOException("no message came for " + SILENCE + ", expected " + left + " bytes");
      }
      left -= message.getData().length;
      content.check(ByteBuffer.wrap(message.getData()));
      if (acknowledged) {
        acknowledge(message);
      }
    }
    if (removal.isCompletedExceptionally()) {
      // It would be compared as one that removes.
      Void unused = removal.join();
    }
  }

  /** The message, and with it all before it. */
  private void acknowledge(Message message) {
    unacknowledged += message.getData().length;
    long now = System.nanoTime();
    if (unacknowledged >= MOST_UNACKNOWLEDGED || now - since >= LATEST) {
      read += unacknowledged;
      unacknowledged = 0;
      since = now;
      message.ack();
      if (read >= REMOVED_AT_ONCE) {
        read = 0;
        long before = message.metaData().streamSequence();
        // The library waits for the answer of the servers.
        removal = removal.thenRunAsync(() -> remove(before));
      }
    }
  }

  private void remove(long before) {
    try {
      Object unused =
          connection
              .jetStreamManagement()
              .purgeStream(name, PurgeOptions.builder().sequence(before).build());
    } catch (IOException | JetStreamApiException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Removes streams. */
  // An interrupt ends the run.
  @SuppressWarnings("try")
  static void remove(String servers, List<String> streams) throws Exception {
    try (Connection connection =
        Nats.connect(Options.builder().servers(servers.split(",")).build())) {
      for (String each : streams) {
        // A server that has just come back may leave a question without an answer.
        boolean unused = Servers.await(() -> isRemoved(connection, each), "the removal of " + each);
      }
    }
  }

  private static boolean isRemoved(Connection connection, String stream)
      throws IOException, JetStreamApiException {
    try {
      return connection.jetStreamManagement().deleteStream(stream);
    } catch (JetStreamApiException e) {
      // Another try has removed it, and its answer was lost.
      if (e.getApiErrorCode() == NO_STREAM) {
        return true;
      }
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    try {
      connection.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a connection was closed");
    }
  }
}
