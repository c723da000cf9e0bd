// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.nats.client.Connection;
import io.nats.client.Dispatcher;
import io.nats.client.Message;
import io.nats.client.impl.NatsMessage;
import io.nats.client.support.JsonParser;
import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.Replies;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Answers in place of JetStream for one pipe, on a server that has none: what the leader has, and
 * what a consumer leaves out of it.
 */
final class StandIn {
  /** A client must not say where a message has its place; a proxy says it in its stead. */
  static final String SAID = "$JS.AKK";

  static final String HEARD = "$JS.ACK";

  private final String pipe;
  private final Connection connection;
  private final Map<String, byte[]> keys = new ConcurrentHashMap<>();
  private final AtomicInteger changes = new AtomicInteger();

  /** What the leader has, by the numbers of messages. */
  final NavigableMap<Long, Entry> entries = new ConcurrentSkipListMap<>();

  /** The messages that consumers leave out. */
  final Set<Long> leftOut = ConcurrentHashMap.newKeySet();

  /** How many consumers were made. */
  final AtomicInteger consumers = new AtomicInteger();

  /** The number of the last message that the leader tells of; 0 for that of the last one. */
  volatile long tells;

  private volatile long start;

  StandIn(String server, String pipe) throws Exception {
    this.pipe = pipe;
    connection = NatsCluster.connect(server);
    Dispatcher all =
        connection.createDispatcher(
            question -> {
              try {
                heard(question);
              } catch (Exception e) {
                throw new IllegalStateException("the stand-in fails at " + question, e);
              }
            });
    all.subscribe(Replies.API + ">").subscribe("penstock.key." + pipe + ".*");
    connection.flush(java.time.Duration.ofSeconds(5));
  }

  /** The leader has this, as the next message. */
  void add(Entry entry) {
    entries.put(entries.isEmpty() ? 1L : entries.lastKey() + 1, entry);
  }

  private void heard(Message question) throws Exception {
    String subject = question.getSubject();
    String stream = "penstock-" + pipe;
    if (subject.startsWith("penstock.key.")) {
      keys.put(subject, question.getData());
      Replies.answer(
          connection, question, "{\"stream\":\"k\",\"seq\":" + changes.incrementAndGet() + "}");
    } else if (subject.startsWith(Replies.API + "STREAM.INFO.")) {
      Replies.answer(connection, question, info(subject.endsWith("-keys")));
    } else if (subject.equals(Replies.API + "STREAM.MSG.GET." + stream + "-keys")) {
      String key = JsonValueUtils.readString(JsonParser.parse(question.getData()), "last_by_subj");
      byte[] value = keys.get(key);
      Replies.answer(
          connection,
          question,
          value == null
              ? Replies.error(Api.NO_MESSAGE)
              : Replies.message(changes.get(), value, null));
    } else if (subject.equals(Replies.API + "STREAM.MSG.GET." + stream)) {
      JsonValue asked = JsonParser.parse(question.getData());
      long sequence =
          JsonValueUtils.readLong(asked, "seq", entries.isEmpty() ? 0 : entries.lastKey());
      Entry entry = entries.get(sequence);
      Replies.answer(
          connection,
          question,
          entry == null
              ? Replies.error(Api.NO_MESSAGE)
              : Replies.message(sequence, entry.bytes(), entry.headers(sequence - 1)));
    } else if (subject.equals(Replies.API + "CONSUMER.CREATE." + stream)) {
      start =
          JsonValueUtils.readLong(
              JsonValueUtils.readObject(JsonParser.parse(question.getData()), "config"),
              "opt_start_seq",
              1);
      Replies.answer(
          connection,
          question,
          "{\"name\":\"c" + consumers.incrementAndGet() + "\",\"num_pending\":1}");
    } else if (subject.startsWith(Replies.API + "CONSUMER.MSG.NEXT." + stream)) {
      deliver(question.getReplyTo());
    }
  }

  private void deliver(String inbox) {
    int number = 0;
    for (var each : entries.tailMap(start).entrySet()) {
      if (!leftOut.contains(each.getKey())) {
        number++;
        String place = SAID + ".s.c.1." + each.getKey() + "." + number + ".1.0";
        connection.publish(
            NatsMessage.builder()
                .subject(inbox)
                .replyTo(place)
                .headers(each.getValue().headers(each.getKey() - 1))
                .data(each.getValue().bytes())
                .build());
      }
    }
    start = Long.MAX_VALUE;
  }

  private String info(boolean ofKeys) {
    long first = ofKeys || entries.isEmpty() ? 1 : entries.firstKey();
    long last = ofKeys || entries.isEmpty() ? 0 : entries.lastKey();
    return "{\"config\":{\"storage\":\"file\",\"max_bytes\":1073741824,\"num_replicas\":1},"
        + "\"state\":{\"first_seq\":"
        + first
        + ",\"last_seq\":"
        + (tells == 0 ? last : tells)
        + "}}";
  }

  void close() throws InterruptedException {
    connection.close();
  }
}
