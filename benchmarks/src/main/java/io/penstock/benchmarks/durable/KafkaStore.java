// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * A topic of one partition, by the client of Kafka: three replicas, of which two must have a record
 * before it is acknowledged, and an idempotent producer. Where it commits, the brokers keep the
 * reader's place and remove what it has read, as often as with Penstock's reader.
 */
final class KafkaStore implements Store {
  private static final short REPLICAS = 3;
  private static final int LIMIT = 60;

  /** Below the greatest batch that brokers take, which is 1 MiB. */
  private static final int BATCH = 512 << 10;

  private static final String LATEST_MS = "100";
  private static final long REMOVED_AT_ONCE = 16 << 20;

  private final String servers;
  private final TopicPartition topic;
  private final KafkaProducer<byte[], byte[]> producer;
  private final @Nullable Admin removing;
  private final Window window = new Window();
  private @Nullable KafkaConsumer<byte[], byte[]> reader;

  // What a poll has brought and was not asked for yet.
  private Iterator<ConsumerRecord<byte[], byte[]>> polled = Collections.emptyIterator();

  private KafkaFuture<Void> removal = KafkaFuture.completedFuture(null);
  private long read;

  KafkaStore(String servers, String name, boolean committed) throws Exception {
    this.servers = servers;
    this.removing = committed ? admin(servers) : null;
    this.topic = new TopicPartition(name, 0);
    make();
    this.producer =
        new KafkaProducer<>(
            Map.of(
                "bootstrap.servers",
                servers,
                "acks",
                "all",
                "enable.idempotence",
                "true",
                "linger.ms",
                "0",
                "batch.size",
                Integer.toString(BATCH)),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  /** Makes the topic if it is not there. */
  private void make() throws Exception {
    try (Admin admin = admin(servers)) {
      Void unused =
          admin
              .createTopics(
                  List.of(
                      new NewTopic(topic.topic(), Optional.of(1), Optional.of(REPLICAS))
                          .configs(Map.of("min.insync.replicas", "2"))))
              .all()
              .get(LIMIT, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw e;
      }
    }
  }

  static Admin admin(String servers) {
    return Admin.create(Map.of("bootstrap.servers", servers));
  }

  @Override
  public void append(byte[] record) throws Exception {
    window.enter(record.length);
    Future<RecordMetadata> unused =
        producer.send(
            new ProducerRecord<>(topic.topic(), topic.partition(), null, record),
            (taken, failure) -> window.leave(record.length, failure));
  }

  @Override
  public void flush() throws Exception {
    producer.flush();
    window.drain();
  }

  @Override
  public void put(byte[] record) throws Exception {
    // The client sends it again by itself, for two minutes.
    RecordMetadata unused =
        producer
            .send(new ProducerRecord<>(topic.topic(), topic.partition(), null, record))
            .get(2L * LIMIT, TimeUnit.SECONDS);
  }

  @Override
  public void read(long bytes, Content content) throws IOException {
    KafkaConsumer<byte[], byte[]> from = reader;
    if (from == null) {
      from =
          new KafkaConsumer<>(reading(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
      reader = from;
      from.assign(List.of(topic));
      from.seekToBeginning(List.of(topic));
    }
    for (long left = bytes; left > 0; ) {
      if (!polled.hasNext()) {
        polled = from.poll(Duration.ofSeconds(LIMIT)).iterator();
        if (!polled.hasNext()) {
          throw new IOException("no record came for " + LIMIT + " s, expected " + left + " bytes");
        }
      }
      ConsumerRecord<byte[], byte[]> next = polled.next();
      ByteBuffer record = ByteBuffer.wrap(next.value());
      left -= record.remaining();
      content.check(record);
      remove(next);
    }
    if (removal.isCompletedExceptionally()) {
      // It would be compared as one that removes.
      throw new IOException("the brokers did not remove what was read", failure(removal));
    }
  }

  private Map<String, Object> reading() {
    String most = Integer.toString(WINDOW);
    Map<String, Object> made =
        new HashMap<>(
            Map.of(
                "bootstrap.servers",
                servers,
                "max.partition.fetch.bytes",
                most,
                "fetch.max.bytes",
                most));
    if (removing != null) {
      made.put("group.id", topic.topic());
      made.put("auto.commit.interval.ms", LATEST_MS);
    }
    return made;
  }

  /** From time to time all that comes before a record. */
  private void remove(ConsumerRecord<byte[], byte[]> record) {
    Admin by = removing;
    read += record.value().length;
    if (by != null && read >= REMOVED_AT_ONCE && removal.isDone()) {
      read = 0;
      removal =
          by.deleteRecords(Map.of(topic, RecordsToDelete.beforeOffset(record.offset()))).all();
    }
  }

  private static @Nullable Throwable failure(KafkaFuture<Void> failed) {
    return failed.toCompletionStage().handle((done, why) -> why).toCompletableFuture().join();
  }

  /** Removes a topic. */
  static void remove(String servers, String name) throws Exception {
    try (Admin admin = admin(servers)) {
      Void unused = admin.deleteTopics(List.of(name)).all().get(LIMIT, TimeUnit.SECONDS);
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ZERO);
    KafkaConsumer<byte[], byte[]> from = reader;
    if (from != null) {
      from.close();
    }
    if (removing != null) {
      removing.close(Duration.ZERO);
    }
  }
}
