// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.facet.ProcessFacet;
import io.penstock.error.ExitException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Trait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Nested;

/** A child process that copies its input to its output. */
class ExecTest {
  private static Kind mirror() {
    return Kind.of("exec", () -> Bench.mirror("exec:cat"))
        .without(Trait.TWO_PARTIES, "the peer sends back what it gets")
        .without(Trait.LISTENS, "it is connected to only")
        .without(Trait.CONNECT_REFUSED, "it is always there")
        .without(Trait.ABORT_DELIVERED, "both ends are the channel's own and fail at once")
        .without(Trait.IMMEDIATE, "bytes go through another program")
        .without(Trait.COUNTED, "bytes go through another program")
        .without(Trait.UNAIDED, "another program carries the bytes")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_BREAKS_WRITER, "what still arrives is dropped");
  }

  @Nested
  class Ends extends ContractSuite {
    @Override
    protected Kind kind() {
      return mirror();
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return mirror();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }

  private static Channel child(String endpoint) throws IOException {
    return Bench.open(endpoint, ChannelOptions.defaults());
  }

  private static ProcessFacet facet(Channel channel) {
    return channel.facet(ProcessFacet.class).orElseThrow();
  }

  @Case
  void exitStatusIsReadyOnceTheChildHasEnded() throws Exception {
    Channel channel = child("shell:read line; exit 7");
    assertEquals(OptionalInt.empty(), facet(channel).exitStatus(Wait.none()));
    assertTrue(facet(channel).pid() > 0);
    channel.sink().writeFully("go\n", Bench.SOON);
    assertEquals(OptionalInt.of(7), facet(channel).exitStatus(Bench.SOON));
    assertEquals(OptionalInt.of(7), facet(channel).exitStatus(Wait.none()), "and again");
    ExecutionException failed =
        assertThrows(
            ExecutionException.class,
            () -> channel.gone().toCompletableFuture().get(20, TimeUnit.SECONDS));
    assertEquals(7, assertInstanceOf(ExitException.class, failed.getCause()).status());
    channel.close();
  }

  @Case
  void waitingForTheExitStatusHasALimitOfItsOwn() throws Exception {
    Channel channel = child("exec:cat");
    channel.source().readWait(Wait.none());
    assertThrows(
        StreamTimeoutException.class,
        () -> facet(channel).exitStatus(Wait.upTo(Duration.ofMillis(20))));
    channel.sink().end();
    assertEquals(OptionalInt.of(0), facet(channel).exitStatus(Bench.SOON));
    channel.gone().toCompletableFuture().get(20, TimeUnit.SECONDS);
    channel.close();
  }

  @Case
  void aCloseOfOursWakesWhoWaitsForTheExitStatus() throws Exception {
    Channel channel =
        Bench.open(
            "exec:sleep 1000", ChannelOptions.defaults().withCloseTimeout(Duration.ofMinutes(1)));
    ProcessFacet facet = facet(channel);
    CompletableFuture<IOException> told = new CompletableFuture<>();
    Thread waiter =
        new Thread(
            () ->
                told.complete(
                    assertThrows(IOException.class, () -> facet.exitStatus(Wait.forever()))));
    waiter.setDaemon(true);
    waiter.start();
    while (!waitsForAFuture(waiter)) {
      assertTrue(waiter.isAlive(), "it waits");
      LockSupport.parkNanos(1_000_000);
    }
    try {
      channel.close();
      // Long before the child is asked to end.
      IOException end = told.get(20, TimeUnit.SECONDS);
      assertInstanceOf(StreamClosedWhileWaitingException.class, end);
    } finally {
      facet.terminate();
    }
  }

  private static boolean waitsForAFuture(Thread thread) {
    return thread.getState() == Thread.State.WAITING
        && Arrays.stream(thread.getStackTrace())
            .anyMatch(frame -> frame.getClassName().equals(CompletableFuture.class.getName()));
  }

  @Case
  void aChildEndedByASignalSaysWhich() throws Exception {
    Channel channel = child("exec:cat");
    facet(channel).terminate();
    assertEquals(OptionalInt.of(128 + 15), facet(channel).exitStatus(Bench.SOON));
    channel.close();
  }

  @Case
  void standardErrorIsASecondInput() throws Exception {
    Channel channel =
        Bench.open(
            "shell:echo out; echo err >&2; cat >&2",
            ChannelOptions.defaults().with("stderr", "pipe"));
    ByteSource errors = facet(channel).errorSource().orElseThrow();
    assertEquals("out", line(channel.source()));
    assertEquals("err", line(errors));
    assertFalse(errors.readable().isSet());
    channel.sink().writeFully("more\n", Bench.SOON);
    errors.readable().await(Bench.SOON);
    assertEquals("more", line(errors));
    assertThrows(
        StreamTimeoutException.class,
        () -> errors.read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofMillis(20))));
    channel.sink().end();
    assertEquals(-1, errors.read(ByteBuffer.allocate(1), Bench.SOON));
    channel.close();
    assertFalse(errors.isOpen(), "the second input is closed with its channel");
  }

  private static String line(ByteSource source) throws IOException {
    return String.valueOf(
        source.readLine(StandardCharsets.UTF_8, 99, Terminator.STRIP, Bench.SOON));
  }

  @Case
  void outputIsDeliveredBeforeTheVerdictIsTheEnd() throws Exception {
    Channel channel = child("shell:echo last words; exit 7");
    assertEquals(OptionalInt.of(7), facet(channel).exitStatus(Bench.SOON));
    ByteBuffer all = channel.source().readAll(99, Bench.SOON);
    assertEquals("last words\n", StandardCharsets.UTF_8.decode(all).toString());
    channel.close();
  }

  @Case
  void neitherOutputStallsTheOther() throws Exception {
    Channel channel =
        Bench.open(
            "shell:head -c 2000000 /dev/zero >&2; echo out",
            ChannelOptions.defaults().with("stderr", "pipe"));
    assertEquals("out", line(channel.source()));
    ByteSource errors = facet(channel).errorSource().orElseThrow();
    assertEquals(2_000_000, errors.readAll(3_000_000, Bench.SOON).remaining());
    channel.close();
  }

  @Case
  void allThreeStreamsGoToOnePoller() throws Exception {
    Channel channel =
        Bench.open("shell:cat; echo over >&2", ChannelOptions.defaults().with("stderr", "pipe"));
    try (Poller poller = Bench.PENSTOCK.poller()) {
      Registration errors =
          poller.register(facet(channel).errorSource().orElseThrow(), Framing.lines(99));
      Registration output = poller.register(channel.source(), Framing.lines(99));
      poller.register(channel.sink()).wantWritable();
      List<String> told = new ArrayList<>();
      ChannelHandler handler =
          new ChannelHandler() {
            @Override
            public void writable(SinkRegistration from) throws IOException {
              channel.sink().writeFully("line\n", Wait.none());
              channel.sink().end();
            }

            @Override
            public void data(Registration from, ByteBuffer frame) {
              told.add((from == errors ? "err " : "out ") + StandardCharsets.UTF_8.decode(frame));
            }

            @Override
            public void ended(Registration from) {
              if (from == errors || from == output) {
                told.add(from == errors ? "err ended" : "out ended");
              }
            }
          };
      while (told.size() < 4) {
        assertTrue(poller.poll(Bench.SOON, handler) > 0, "nothing happened");
      }
      told.sort(null);
      assertEquals(List.of("err ended", "err over\n", "out ended", "out line\n"), told);
    }
    assertEquals(OptionalInt.of(0), facet(channel).exitStatus(Bench.SOON));
    channel.close();
  }
}
