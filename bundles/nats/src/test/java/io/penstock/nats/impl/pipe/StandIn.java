// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.nats.client.Connection;
import io.nats.client.Dispatcher;
import io.nats.client.Message;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import io.nats.client.support.JsonParseException;
import io.nats.client.support.JsonParser;
import io.nats.client.support.JsonValueUtils;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.Replies;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Answers in place of JetStream for one pipe, on a server that has none: what the leader has, and
 * what a consumer leaves out of it.
 */
final class StandIn {
  /** A client must not say where a message has its place; a proxy says it in its stead. */
  static final String SAID = "$JS.AKK";

  static final String HEARD = "$JS.ACK";

  private static final long NONE = -1;

  private final String pipe;
  private final Connection connection;
  private final Map<String, byte[]> keys = new ConcurrentHashMap<>();
  private final AtomicInteger changes = new AtomicInteger();

  /** What the leader has, by the numbers of messages. */
  final NavigableMap<Long, Entry> entries = new ConcurrentSkipListMap<>();

  /** The messages that consumers leave out. */
  final Set<Long> leftOut = ConcurrentHashMap.newKeySet();

  /** Those of them that are not as a writer of the pipe has made them. */
  private final Set<Long> foreign = ConcurrentHashMap.newKeySet();

  /** How many consumers were made. */
  final AtomicInteger consumers = new AtomicInteger();

  /** The number of the last message that the leader tells of; 0 for that of the last one. */
  volatile long tells;

  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock: the consumers that were asked while they were to give nothing.
  private final Queue<String> inboxes = new ArrayDeque<>();
  private boolean holding;

  /** The message of which the leader tells only when it is let go on. */
  private volatile long slow = NONE;

  private final BlockingQueue<Message> unanswered = new LinkedBlockingQueue<>();

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
    all.subscribe(Replies.API + ">")
        .subscribe("penstock.key." + pipe + ".*")
        .subscribe("penstock.pipe." + pipe);
    connection.flush(java.time.Duration.ofSeconds(5));
  }

  /** The leader has this, as the next message. */
  void add(Entry entry) {
    entries.put(entries.isEmpty() ? 1L : entries.lastKey() + 1, entry);
  }

  /** The leader has a message, as the next one, that is no entry. */
  void addForeign() {
    add(Entry.open(0, 0, 0));
    foreign.add(entries.lastKey());
  }

  /** The servers' copy of their last entry is corrupt. */
  void spoilLast() {
    foreign.add(entries.lastKey());
  }

  /** From now on consumers give nothing. */
  void hold() {
    lock.lock();
    try {
      holding = true;
    } finally {
      lock.unlock();
    }
  }

  /** Consumers give what there is. */
  void goOn() {
    lock.lock();
    try {
      holding = false;
      inboxes.forEach(this::deliver);
      inboxes.clear();
    } finally {
      lock.unlock();
    }
  }

  /** The leader does not tell of a message until it is asked to. */
  void keepQuietOf(long sequence) {
    slow = sequence;
  }

  /** Waits until the leader was asked for that message. */
  void awaitAsked() throws InterruptedException {
    Message question = unanswered.poll(30, TimeUnit.SECONDS);
    assertNotNull(question, "nobody asks for message " + slow);
    unanswered.add(question);
  }

  /** The leader tells of that message, too. */
  void tell() {
    slow = NONE;
    for (Message question = unanswered.poll(); question != null; question = unanswered.poll()) {
      tell(question);
    }
  }

  private void heard(Message question) throws Exception {
    String subject = question.getSubject();
    String stream = "penstock-" + pipe;
    if (subject.equals("penstock.pipe." + pipe)) {
      written(question);
    } else if (subject.startsWith("penstock.key.")) {
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
      if (asked(question) == slow) {
        unanswered.add(question);
      } else {
        tell(question);
      }
    } else if (subject.startsWith(Replies.API + "STREAM.UPDATE.")) {
      Replies.answer(connection, question, info(subject.endsWith("-keys")));
    } else if (subject.startsWith(Replies.API + "STREAM.PURGE.")) {
      Replies.answer(connection, question, "{\"success\":true,\"purged\":0}");
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
      next(question.getReplyTo());
    }
  }

  /** A message of a writer is taken behind the one that it names. */
  private void written(Message message) {
    long last = entries.isEmpty() ? 0 : entries.lastKey();
    String expected = message.getHeaders().getFirst("Nats-Expected-Last-Sequence");
    boolean taken = expected.equals(Long.toString(last));
    if (taken) {
      add(Objects.requireNonNull(Entry.read(message.getHeaders(), message.getData())));
    }
    Replies.answer(
        connection,
        message,
        taken
            ? "{\"stream\":\"penstock-" + pipe + "\",\"seq\":" + (last + 1) + "}"
            : Replies.error(Api.WRONG_LAST));
  }

  private long asked(Message question) throws JsonParseException {
    return JsonValueUtils.readLong(
        JsonParser.parse(question.getData()), "seq", entries.isEmpty() ? 0 : entries.lastKey());
  }

  private void tell(Message question) {
    long sequence;
    try {
      sequence = asked(question);
    } catch (JsonParseException e) {
      throw new IllegalStateException(e);
    }
    Entry entry = entries.get(sequence);
    Replies.answer(
        connection,
        question,
        entry == null
            ? Replies.error(Api.NO_MESSAGE)
            : Replies.message(sequence, entry.bytes(), headers(sequence, entry)));
  }

  private @Nullable Headers headers(long sequence, Entry entry) {
    return foreign.contains(sequence) ? null : entry.headers(sequence - 1);
  }

  private void next(String inbox) {
    lock.lock();
    try {
      if (holding) {
        inboxes.add(inbox);
      } else {
        deliver(inbox);
      }
    } finally {
      lock.unlock();
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
                .headers(headers(each.getKey(), each.getValue()))
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
