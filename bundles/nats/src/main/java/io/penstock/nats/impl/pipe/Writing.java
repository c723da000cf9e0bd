// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.StorageException;
import io.penstock.error.StorageException.Kind;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import io.penstock.nats.impl.pipe.KeyStore.Stored;
import io.penstock.spi.content.Block;
import io.penstock.spi.content.Mark;
import io.penstock.spi.content.Outgoing;
import io.penstock.spi.content.Outgoing.Batch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The writer's half. Each entry says which message it follows, so that none is taken twice and none
 * of a writer that was fenced. Several are on their way at a time. After any doubt the leader is
 * asked for its last entry, and what is behind it is sent again as it was.
 */
final class Writing {
  /** How many entries are on their way at the most; bounds how far an opener must look back. */
  static final int MOST_ON_THE_WAY = 64;

  /** With so many on their way, an entry waits until it is full. */
  private static final int FEW_ON_THE_WAY = 2;

  private static final Duration SHORTEST_ANSWER = Duration.ofSeconds(1);
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(4);
  private static final Duration ROOM = Duration.ofMillis(500);

  private final NatsContent content;
  private final PipeSettings settings;
  private final Link link;
  private final KeyStore store;
  private final Claim claim;
  private final long openSequence;
  private final ReentrantLock lock;
  private final AtomicBoolean pumpAsked = new AtomicBoolean();

  // Guarded by the lock; what is volatile may be read without.
  private final Outgoing outgoing;
  private final Flushes flushes = new Flushes();
  private volatile long written;
  private volatile long acknowledged;
  private volatile long released;
  private boolean endedForGood;

  // Only on the link's thread.
  private final Deque<Sent> sent = new ArrayDeque<>();
  private long nextNumber = 1;
  private long ackedNumber;
  private long marks;
  private long sentEnd;
  private long lastSequence;
  private int generation;
  private boolean streaming;
  private boolean probing;
  private String missing = "";
  private boolean full;
  private int refusals;
  private int conflicts;
  private String refusal = "";
  private final Patience patience = new Patience(SHORTEST_ANSWER, LONGEST_ANSWER);
  private final Alarm alarm;
  private final Bound bound;
  private @Nullable CursorWatch cursor;

  /** An entry on its way. */
  private static final class Sent {
    final Entry entry;
    final long version;
    long sequence;
    boolean done;

    Sent(Entry entry, long version) {
      this.entry = entry;
      this.version = version;
    }
  }

  /**
   * Continues behind an entry.
   *
   * @param opened the entry that has opened this epoch, and its number
   */
  Writing(NatsContent content, KeyStore store, Claim claim, Stored opened, Entry open) {
    this.content = content;
    this.settings = content.settings;
    this.link = content.link;
    this.lock = content.lock;
    this.store = store;
    this.claim = claim;
    this.openSequence = opened.sequence();
    this.lastSequence = opened.sequence();
    this.alarm = new Alarm(link, settings.ackTimeout(), this::late);
    this.bound = new Bound(link, settings, this::roomMayBe);
    this.outgoing = new Outgoing(settings.block(), settings.sync() == PipeSettings.Sync.EACH);
    this.written = open.position();
    this.acknowledged = open.position();
    this.sentEnd = open.position();
    this.marks = open.stream();
    this.endedForGood = !settings.renew() && marks > 0;
  }

  /**
   * Begins; on the link's thread.
   *
   * @param watched tells how far the reader is; null if the reader is in this process
   */
  void begin(long releasedBefore, @Nullable CursorWatch watched) {
    released = releasedBefore;
    cursor = watched;
    streaming = true;
    claim.onDoubt(this::verifyClaim);
    pump();
  }

  // ---- callers

  int append(ByteBuffer src) throws IOException {
    int n;
    lock.lock();
    try {
      if (endedForGood) {
        throw new BrokenPipeException(
            content.name, "the stream has ended, and with onEnd=stay no other follows", 0);
      }
      n = (int) Math.min(src.remaining(), roomNow());
      if (n > 0) {
        outgoing.append(written, src, n, flushes.changed());
        long end = written + n;
        written = end;
      }
    } finally {
      lock.unlock();
    }
    if (n > 0) {
      askPump();
    }
    return n;
  }

  private long roomNow() {
    if (outgoing.isFull()) {
      return 0;
    }
    long room =
        Math.min(
            settings.capacity() - (written - released),
            settings.window() - (written - acknowledged));
    return Math.max(0, room);
  }

  long room() {
    lock.lock();
    try {
      return roomNow();
    } finally {
      lock.unlock();
    }
  }

  long written() {
    return written;
  }

  long acknowledged() {
    return acknowledged;
  }

  long oldest() {
    CursorWatch watched = cursor;
    return watched == null ? released : watched.position();
  }

  void mark(@Nullable String cut) {
    lock.lock();
    try {
      outgoing.mark(new Mark(written, cut), flushes.changed());
      endedForGood = !settings.renew();
    } finally {
      lock.unlock();
    }
    askPump();
  }

  CompletableFuture<Void> flush() {
    CompletableFuture<Void> done;
    lock.lock();
    try {
      done = flushes.flush();
    } finally {
      lock.unlock();
    }
    askPump();
    return done;
  }

  /** The reader has given room; true if that is news. */
  boolean release(long position) {
    lock.lock();
    try {
      boolean news = position != released;
      released = position;
      return news;
    } finally {
      lock.unlock();
    }
  }

  boolean isSettled() {
    lock.lock();
    try {
      return flushes.isSettled();
    } finally {
      lock.unlock();
    }
  }

  // ---- the link's thread

  private void askPump() {
    if (pumpAsked.compareAndSet(false, true)) {
      link.run(
          () -> {
            pumpAsked.set(false);
            pump();
          });
    }
  }

  /** Sends what there is. */
  void pump() {
    if (!streaming) {
      awaitServers();
    }
    while (streaming && !content.isOver() && sent.size() < MOST_ON_THE_WAY) {
      Batch batch = next();
      if (batch == null) {
        return;
      }
      if (!batch.marks().isEmpty()) {
        Entry entry =
            Entry.mark(claim.epoch(), nextNumber, batch.marks().get(0), marks, ackedNumber);
        marks++;
        take(entry, batch.version());
      } else {
        List<Block> blocks = batch.blocks();
        for (int i = 0; i < blocks.size(); i++) {
          Entry entry = Entry.data(claim.epoch(), nextNumber, blocks.get(i), marks, ackedNumber);
          take(entry, i == blocks.size() - 1 ? batch.version() : 0);
        }
      }
    }
  }

  private @Nullable Batch next() {
    lock.lock();
    try {
      boolean small =
          settings.sync() != PipeSettings.Sync.EACH
              && sent.size() >= FEW_ON_THE_WAY
              && written - sentEnd < settings.block();
      return outgoing.isEmpty() || small ? null : outgoing.next(flushes.version());
    } finally {
      lock.unlock();
    }
  }

  private void take(Entry entry, long version) {
    nextNumber++;
    sentEnd = entry.end();
    Sent one = new Sent(entry, version);
    sent.add(one);
    alarm.arm();
    send(one);
  }

  private void send(Sent one) {
    long last = lastSequence;
    lastSequence++;
    one.sequence = lastSequence;
    int mine = generation;
    long since = System.nanoTime();
    Api.end(
        link,
        link.ask(settings.subject(), one.entry.headers(last), one.entry.bytes(), patience.limit())
            .thenCompose(answer -> Api.parsed("a record", answer.getData())),
        (answer, failure) -> {
          if (mine == generation && !content.isOver()) {
            patience.learn(System.nanoTime() - since, failure);
            answered(one, last + 1, answer, failure);
          }
        });
  }

  private void answered(
      Sent one, long expected, @Nullable JsonValue answer, @Nullable Throwable failure) {
    if (answer != null && JsonValueUtils.readLong(answer, "seq", -1) == expected) {
      one.done = true;
      drop();
      if (probing) {
        probing = false;
        streaming = true;
        List.copyOf(sent).forEach(this::send);
      }
      pump();
      content.releaseIfDone();
    } else {
      doubt(failure);
    }
  }

  /** What is acknowledged up to a gap is settled. */
  private void drop() {
    List<CompletableFuture<Void>> over = List.of();
    boolean any = false;
    Reading reading = content.reading();
    lock.lock();
    try {
      long settled = 0;
      while (!sent.isEmpty() && sent.element().done) {
        Sent first = sent.remove();
        if (reading != null) {
          reading.own(first.entry, first.sequence);
        }
        acknowledged = first.entry.end();
        ackedNumber = first.entry.number();
        settled = Math.max(settled, first.version);
        any = true;
      }
      if (any) {
        over = flushes.settle(settled);
      }
    } finally {
      lock.unlock();
    }
    if (any) {
      refusals = 0;
      conflicts = 0;
      refusal = "";
      alarm.disarm();
      if (!sent.isEmpty()) {
        alarm.arm();
      }
      over.forEach(each -> each.complete(null));
      content.tell();
    }
  }

  /** It is not known how far the stream is. */
  private void doubt(@Nullable Throwable failure) {
    halt();
    int code = failure == null ? 0 : Api.code(failure);
    refusal = failure == null || code == 0 ? refusal : "; " + Api.cause(failure).getMessage();
    if (code == Api.FULL) {
      // The stream has no room: its reader has to go on first.
      full = true;
      alarm.disarm();
      content.purging.again();
      // What was read may be on its way out; only where that is of no use, it gathers.
      if (++refusals > 1 && released >= acknowledged) {
        bound.grow();
      }
      // That there is room again is told by a message, which may be lost or come too early.
      later(ROOM);
      return;
    }
    if (failure != null && code != Api.WRONG_LAST && !Tries.passes(failure)) {
      refused(failure);
      return;
    }
    if (failure != null && Api.cause(failure) instanceof LinkException known) {
      if (known.kind() == LinkException.Kind.DOWN && !link.isUp()) {
        // Goes on when the link is up.
        return;
      }
      // The first time at once; then its own record may be on its way among the servers.
      if (code != Api.WRONG_LAST || ++conflicts > 1) {
        later(Tries.PAUSE);
        return;
      }
    }
    settle();
  }

  private void refused(Throwable failure) {
    Throwable cause = Api.cause(failure);
    content.fail(
        new StorageException(
            Tries.kind(failure),
            settings.shown(),
            "the servers refuse a record: "
                + cause.getMessage()
                + "; what was acknowledged, up to position "
                + acknowledged
                + ", is kept",
            acknowledged,
            cause));
  }

  private void later(Duration pause) {
    int mine = generation;
    Future<?> unused =
        link.after(
            pause,
            () -> {
              if (mine == generation) {
                settle();
              }
            });
  }

  /** No answer that is still to come counts. */
  private void halt() {
    generation++;
    streaming = false;
    probing = false;
  }

  /** The connection is lost: answers that were on their way do not come. */
  void lost() {
    halt();
    awaitServers();
  }

  /** What cannot be sent now waits no longer than what was; for room it waits for the reader. */
  private void awaitServers() {
    if (!full && !content.isOver() && hasMore()) {
      alarm.arm();
    }
  }

  private boolean hasMore() {
    lock.lock();
    try {
      return !outgoing.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** There is a connection again. Meanwhile another one may have taken over. */
  void up() {
    verifyClaim();
    resume();
  }

  private void resume() {
    if (!streaming && !content.isOver()) {
      halt();
      settle();
    }
  }

  /** The stream has been emptied of what was read. */
  void roomMayBe() {
    if (full) {
      resume();
    }
  }

  /** Asks the leader how far the stream is. */
  private void settle() {
    int mine = generation;
    full = false;
    if (!sent.isEmpty()) {
      alarm.arm();
    }
    Api.end(
        link,
        Tail.find(store, claim.epoch(), ackedNumber, openSequence),
        (found, failure) -> {
          if (mine != generation || content.isOver()) {
            return;
          }
          if (failure != null) {
            // Nobody says any more that bytes are lost.
            missing = "";
            doubt(failure);
          } else {
            settled(found);
          }
        });
  }

  private void settled(Tail tail) {
    if (tail.newest() > claim.epoch()) {
      fence();
      return;
    }
    missing = tail.whole() ? "" : tail.told(ackedNumber);
    if (!missing.isEmpty()) {
      // A server that has been away answers for a moment as if it led still.
      alarm.arm();
      later(Tries.PAUSE);
      return;
    }
    if (sent.isEmpty()) {
      alarm.disarm();
    }
    Map<Long, Long> taken = tail.taken(ackedNumber);
    for (Sent each : sent) {
      Long sequence = taken.get(each.entry.number());
      each.done = sequence != null || each.entry.number() <= tail.removed();
      each.sequence = sequence == null ? each.sequence : sequence;
    }
    drop();
    lastSequence = tail.last();
    Sent first = sent.peek();
    if (first == null) {
      streaming = true;
      pump();
    } else {
      // One by itself: where it is not taken, those behind it must not be.
      probing = true;
      send(first);
    }
    content.releaseIfDone();
  }

  private void verifyClaim() {
    claim.verify(this::fence);
  }

  private void fence() {
    content.fenced("writer", acknowledged, written - acknowledged);
  }

  // ---- time

  private void late() {
    if (!missing.isEmpty()) {
      content.fail(
          new StorageException(
              Kind.FAILED,
              settings.shown(),
              "the servers have lost bytes that they had acknowledged, before position "
                  + acknowledged
                  + ": "
                  + missing,
              acknowledged,
              null));
      return;
    }
    content.fail(
        new StorageException(
            Kind.UNACKNOWLEDGED,
            settings.shown(),
            "the servers have not acknowledged anything for "
                + settings.ackTimeout().toMillis()
                + " ms; what was acknowledged ends at position "
                + acknowledged
                + (refusal.isEmpty() && !link.trouble().isEmpty()
                    ? "; " + link.trouble()
                    : refusal),
            acknowledged,
            null));
  }

  // ---- its end

  void failed(IOException why) {
    List<CompletableFuture<Void>> over;
    lock.lock();
    try {
      outgoing.clear();
      over = flushes.fail(why);
    } finally {
      lock.unlock();
    }
    over.forEach(each -> each.completeExceptionally(why));
  }

  CompletableFuture<Void> release() {
    halt();
    alarm.disarm();
    CursorWatch watched = cursor;
    if (watched != null) {
      watched.close();
    }
    return claim.release();
  }
}
