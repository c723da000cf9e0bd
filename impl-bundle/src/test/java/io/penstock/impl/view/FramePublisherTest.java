// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.core.SourceEnd;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framer;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A publisher of frames whose tasks run when the test says so. */
class FramePublisherTest {
  private static final Wait SOON = Wait.millis(20_000);
  private static final Framing LINES = Framing.lines(8);

  private final Penstock penstock = Penstock.open();
  private final Pipe pipe = penstock.pipes().create(PipeOptions.defaults());
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private final List<Future<?>> alarms = new ArrayList<>();

  @AfterEach
  void close() throws IOException {
    pipe.close();
    penstock.close();
  }

  private FrameView frames(Framing framing) {
    SourceEnd source = (SourceEnd) pipe.source();
    return new FrameView(
        source,
        framing,
        new FrameView.Access(
            source::unread,
            ready -> {},
            () -> tasks::add,
            System::nanoTime,
            (delay, task) -> {
              Future<?> alarm = new CompletableFuture<>();
              alarms.add(alarm);
              return alarm;
            }));
  }

  private void run() {
    while (true) {
      Runnable task = tasks.poll();
      if (task == null) {
        return;
      }
      task.run();
    }
  }

  private void write(String text) throws IOException {
    pipe.sink().writeFully(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)), SOON);
  }

  private static String text(@Nullable ByteBuffer bytes) {
    return StandardCharsets.ISO_8859_1.decode(Objects.requireNonNull(bytes)).toString();
  }

  /** Asks for so many frames, and notes what it is told. */
  private static final class Noting implements Flow.Subscriber<ByteBuffer> {
    private final List<String> told = new ArrayList<>();
    private final int asks;
    private Flow.@Nullable Subscription subscription;

    Noting(int asks) {
      this.asks = asks;
    }

    void cancel() {
      Objects.requireNonNull(subscription).cancel();
    }

    @Override
    public void onSubscribe(Flow.Subscription to) {
      subscription = to;
      if (asks > 0) {
        to.request(asks);
      }
    }

    @Override
    public void onNext(ByteBuffer frame) {
      told.add(text(frame));
    }

    @Override
    public void onError(Throwable cause) {
      told.add(cause.getClass().getSimpleName());
    }

    @Override
    public void onComplete() {
      told.add("complete");
    }
  }

  /** Finds lines, and does something when it has seen so many bytes. */
  private static Framing lines(int seen, Runnable then) {
    Framer lines = LINES.newFramer();
    boolean[] done = new boolean[1];
    return Framing.custom(
        8,
        () ->
            bytes -> {
              if (bytes.remaining() == seen && !done[0]) {
                done[0] = true;
                then.run();
              }
              lines.forget();
              return lines.frame(bytes);
            });
  }

  @Test
  void whatWasGatheredIsReadableWhenTheCancelReturns() throws Exception {
    Noting noting = new Noting(1);
    frames(LINES).publisher().subscribe(noting);
    write("ab");
    run();
    write("c\n");
    noting.cancel();
    assertEquals("abc\n", text(pipe.source().drain()));
    write("d");
    run();
    assertEquals("d", text(pipe.source().drain()));
    assertEquals(List.of(), noting.told);
  }

  @Test
  void cancelledSubscriptionLeavesTheNextCallerAlone() throws Exception {
    Noting noting = new Noting(1);
    FrameView frames = frames(lines(4, this::run));
    frames.publisher().subscribe(noting);
    write("ab");
    run();
    noting.cancel();
    write("c\n");
    assertEquals("abc\n", text(frames.next(SOON)));
    assertEquals("", text(pipe.source().drain()));
  }

  @Test
  void refusedSubscriberLeavesTheCallerInsideAlone() throws Exception {
    Noting noting = new Noting(1);
    FrameView[] frames = new FrameView[1];
    Framing subscribes =
        lines(
            4,
            () -> {
              frames[0].publisher().subscribe(noting);
              run();
            });
    Framer inner = subscribes.newFramer();
    Framing grows =
        Framing.custom(
            8,
            () ->
                bytes -> {
                  if (bytes.remaining() == 2) {
                    more("c\n");
                  }
                  return inner.frame(bytes);
                });
    frames[0] = frames(grows);
    write("ab");
    assertEquals("abc\n", text(frames[0].next(SOON)));
    assertEquals(List.of("IllegalStateException"), noting.told);
    assertEquals("", text(pipe.source().drain()));
  }

  private void more(String text) {
    try {
      write(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void frameThatWasTakenDuringTheCancelGoesBack() throws Exception {
    Noting noting = new Noting(1);
    FrameView frames = frames(lines(3, noting::cancel));
    frames.publisher().subscribe(noting);
    write("ab\n");
    run();
    assertEquals(List.of(), noting.told);
    assertEquals("ab\n", text(frames.next(SOON)));
  }

  @Test
  void alarmOfASubscriptionThatIsOverIsCancelled() throws Exception {
    Noting first = new Noting(1);
    FrameView frames = frames(LINES.withFrameTimeout(Duration.ofHours(1)));
    frames.publisher().subscribe(first);
    write("ab");
    run();
    assertFalse(alarms.get(0).isCancelled());
    first.cancel();
    run();
    assertTrue(alarms.get(0).isCancelled());
    // The first task of the next subscription may come before the last of the cancelled one.
    Noting second = new Noting(1);
    frames.publisher().subscribe(second);
    run();
    Noting third = new Noting(1);
    Objects.requireNonNull(second.subscription).cancel();
    frames.publisher().subscribe(third);
    run();
    assertFalse(alarms.get(alarms.size() - 1).isCancelled());
    pipe.sink().end();
    Objects.requireNonNull(third.subscription).request(1);
    run();
    assertEquals(List.of("ab", "complete"), third.told);
    assertTrue(alarms.stream().allMatch(Future::isCancelled));
  }
}
