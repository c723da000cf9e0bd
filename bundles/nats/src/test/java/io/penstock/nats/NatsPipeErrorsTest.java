// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.JetStreamManagement;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.api.StreamConfiguration;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.StorageException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.nats.support.NatsCluster;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the ends of a pipe on servers are told, as the table of docs/durable.md says. */
@Timeout(120)
class NatsPipeErrorsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(40));

  private Penstock penstock;

  @BeforeEach
  void begin() throws Exception {
    penstock = Penstock.open();
  }

  @AfterEach
  void end() throws Exception {
    penstock.close();
  }

  private Channel open(int port, String keys) throws IOException {
    String place = "durable:nats://127.0.0.1:" + port + "/told?replicas=1&" + keys;
    return penstock.channels().open(Endpoint.parse(place), ChannelOptions.defaults(), SOON);
  }

  private static DurableFacet facet(Channel end) {
    return end.facet(DurableFacet.class).orElseThrow();
  }

  private static void write(Channel writer, long from, int count) throws IOException {
    writer.sink().writeFully(FaultMain.bytes(from, count), SOON);
    writer.sink().flush(SOON);
  }

  private static void read(Channel reader, long from, int count) throws IOException {
    ByteBuffer some = ByteBuffer.allocate(count);
    reader.source().readFully(some, SOON);
    FaultMain.check(some.flip(), from);
  }

  /** A question that nobody answers takes longer. */
  private static void atOnce(long begun, Throwable told) {
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    assertTrue(millis < 4500, "told after " + millis + " ms: " + told);
  }

  private AddressException refused(int port, String keys) {
    long begun = System.nanoTime();
    AddressException refused = assertThrows(AddressException.class, () -> open(port, keys).close());
    // Within 5 s, and the time that a busy machine takes.
    assertTrue(System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(15), refused.toString());
    return refused;
  }

  @Test
  void noServerIsRefusedInTime() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    assertEquals(AddressException.Kind.REFUSED, refused(port, "mode=write").kind());
  }

  @Test
  void aWrongLoginIsToldInTime(@TempDir Path folder) throws Exception {
    Path right = Files.writeString(folder.resolve("right"), "right-one\n");
    Path wrong = Files.writeString(folder.resolve("wrong"), "wrong-one\n");
    String login = "authorization { user: \"gateway\", password: \"right-one\" }\n";
    try (NatsCluster server = NatsCluster.start(1, "127.0.0.1", login)) {
      String keys = "mode=write&user=gateway&passwordFile=";
      AddressException refused = refused(server.port(0), keys + wrong);
      assertTrue(refused.getMessage().contains("uthori"), refused.getMessage());
      assertFalse(refused.getMessage().contains("wrong-one"), refused.getMessage());
      try (Channel writer = open(server.port(0), keys + right)) {
        write(writer, 0, 9);
      }
    }
  }

  @Test
  void aTokenIsALogin(@TempDir Path folder) throws Exception {
    Path right = Files.writeString(folder.resolve("right"), "right-one\n");
    Path wrong = Files.writeString(folder.resolve("wrong"), "wrong-one\n");
    String login = "authorization { token: \"right-one\" }\n";
    try (NatsCluster server = NatsCluster.start(1, "127.0.0.1", login)) {
      AddressException refused = refused(server.port(0), "mode=write&tokenFile=" + wrong);
      assertTrue(refused.getMessage().contains("uthori"), refused.getMessage());
      Path empty = Files.writeString(folder.resolve("empty"), "\nright-one\n");
      AddressException none = refused(server.port(0), "mode=write&tokenFile=" + empty);
      assertEquals(AddressException.Kind.ACCESS, none.kind());
      assertTrue(none.getMessage().contains("tokenFile: the first line of"), none.getMessage());
      try (Channel writer = open(server.port(0), "mode=write&tokenFile=" + right)) {
        write(writer, 0, 9);
      }
    }
  }

  // A connection of the library's may be interrupted while it closes.
  @SuppressWarnings("try")
  @Test
  void anotherStreamWithItsSubjectIsToldOf() throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Connection admin = NatsCluster.connect(server.url(0))) {
      StreamConfiguration foreign =
          StreamConfiguration.builder().name("foreign").subjects("penstock.pipe.>").build();
      assertEquals("foreign", admin.jetStreamManagement().addStream(foreign).getConfig().getName());
      String told = refused(server.port(0), "mode=write").getMessage();
      assertTrue(told.contains("subjects overlap with an existing stream, which is not"), told);
      assertFalse(told.contains("it asks for replicas"), told);
    }
  }

  /** A server gives no answer then; it only says so. */
  @Test
  void aRightThatIsMissingIsToldAtOnce(@TempDir Path folder) throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "right-one\n");
    String rights =
        """
        authorization { users: [ { user: "writer", password: "right-one",
          permissions: { publish: { deny: [ "penstock.key.told.reader" ] } } } ] }
        """;
    try (NatsCluster server = NatsCluster.start(1, "127.0.0.1", rights)) {
      String login = "&user=writer&passwordFile=" + secret;
      open(server.port(0), "mode=write" + login).close();
      long begun = System.nanoTime();
      AddressException refused = refused(server.port(0), "mode=read" + login);
      atOnce(begun, refused);
      assertEquals(AddressException.Kind.ACCESS, refused.kind());
      assertTrue(refused.getMessage().contains("penstock.key.told.reader"), refused.getMessage());
    }
  }

  /** Waits until servers have sent a reader all that a stream has. */
  private static void awaitSent(NatsCluster server, String stream) throws Exception {
    await(
        server,
        management -> {
          long last = management.getStreamInfo(stream).getStreamState().getLastSequence();
          return management.getConsumers(stream).stream()
              .anyMatch(each -> each.getDelivered().getStreamSequence() == last);
        });
  }

  /**
   * Waits until servers have removed what was read, all but the last message; or some more, if the
   * reader has known of messages that it has not had.
   */
  private static void awaitRemoved(NatsCluster server, String stream) throws Exception {
    long[] last = {-1, 0};
    await(
        server,
        management -> {
          long count = management.getStreamInfo(stream).getStreamState().getMsgCount();
          if (count != last[0]) {
            last[0] = count;
            last[1] = System.nanoTime();
          }
          return count == 1 || System.nanoTime() - last[1] > TimeUnit.SECONDS.toNanos(3);
        });
  }

  /** A question to a server. */
  private interface Question {
    boolean ask(JetStreamManagement management) throws Exception;
  }

  @SuppressWarnings("try")
  private static void await(NatsCluster server, Question done) throws Exception {
    Options options =
        new Options.Builder()
            .server(server.url(0))
            .userInfo("both", "right-one")
            .connectionTimeout(Duration.ofSeconds(20))
            .build();
    try (Connection connection = Nats.connect(options)) {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (!done.ask(connection.jetStreamManagement())) {
        assertTrue(System.nanoTime() < end, "the server is not so far");
        LockSupport.parkNanos(5_000_000);
      }
    }
  }

  /**
   * The servers give the reader nothing for a while, and its writer gives it all. When they may
   * again, that was read and removed.
   */
  @Test
  void aReaderWhoseServersAreFarBehindItsWriterLosesNothing(@TempDir Path folder) throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "right-one\n");
    String rights =
        """
        authorization { users: [
          { user: "both", password: "right-one", permissions: { subscribe: { deny: [ %s ] } } } ] }
        """;
    // Where its messages come to; answers come elsewhere.
    String inboxes =
        IntStream.range(1, 100)
            .mapToObj(i -> "\"_INBOX.penstock.*.s" + i + "\"")
            .collect(Collectors.joining(", "));
    String keys = "?replicas=1&block=512&window=1KiB&sync=each&user=both&passwordFile=" + secret;
    try (NatsCluster server = NatsCluster.start(1, "127.0.0.1", rights.formatted("\"nothing\""));
        Pipe pipe =
            penstock
                .pipes()
                .open(
                    Endpoint.parse("nats://127.0.0.1:" + server.port(0) + "/told" + keys),
                    PipeOptions.defaults(),
                    SOON)) {
      ByteBuffer some = ByteBuffer.allocate(512);
      for (int at = 0; at < 100 * 512; at += 512) {
        if (at == 512) {
          // The first record came from them, too.
          awaitSent(server, "penstock-told");
          server.stop(0);
          server.configure(rights.formatted(inboxes));
          server.restart(0);
        }
        pipe.sink().writeFully(FaultMain.bytes(at, 512), SOON);
        pipe.sink().flush(SOON);
        pipe.source().readFully(some.clear(), SOON);
        FaultMain.check(some.flip(), at);
      }
      DurableFacet facet = pipe.facet(DurableFacet.class).orElseThrow();
      Object unused = facet.commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertTrue(facet.oldest() > 90 * 512, "oldest is " + facet.oldest());
      // Servers before 2.11.12 may lose records when they stop while others are removed.
      awaitRemoved(server, "penstock-told");
      server.stop(0);
      server.configure(rights.formatted("\"nothing\""));
      server.restart(0);
      // More than the writer may give the reader at once.
      pipe.sink().writeFully(FaultMain.bytes(100 * 512, 50 * 512), SOON);
      pipe.sink().flush(SOON);
      for (int at = 100 * 512; at < 150 * 512; at += 512) {
        pipe.source().readFully(some.clear(), SOON);
        FaultMain.check(some.flip(), at);
      }
    }
  }

  /** The end is open by then: the reader asks for records, the writer how far the reader is. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "CONSUMER.CREATE.penstock-told",
        "CONSUMER.CREATE.penstock-told-keys",
        "CONSUMER.MSG.NEXT.penstock-told.*",
        "CONSUMER.MSG.NEXT.penstock-told-keys.*"
      })
  void anEndThatMayNotGoOnFails(String subject, @TempDir Path folder) throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "right-one\n");
    String rights = denied(subject);
    String mode = subject.contains("keys") ? "mode=write" : "mode=read";
    try (NatsCluster server = NatsCluster.start(1, "127.0.0.1", rights);
        Channel end = open(server.port(0), mode + "&user=some&passwordFile=" + secret)) {
      long begun = System.nanoTime();
      StorageException failed =
          assertThrows(
              StorageException.class,
              () -> {
                if (mode.equals("mode=read")) {
                  int unused = end.source().read(ByteBuffer.allocate(1), SOON);
                } else {
                  for (long at = 0; ; at++) {
                    write(end, at, 1);
                  }
                }
              });
      atOnce(begun, failed);
      assertEquals(StorageException.Kind.FAILED, failed.kind());
      String asked = subject.replace("*", "");
      assertTrue(failed.getMessage().contains(asked), failed.getMessage());
    }
  }

  /** A user of the servers who may do all but that. */
  private static String denied(String subject) {
    return """
        authorization { users: [ { user: "some", password: "right-one",
          permissions: { publish: { deny: [ "$JS.API.%s" ] } } } ] }
        """
        .formatted(subject);
  }

  /** Else the stream would fill up, and its writer would wait for ever. */
  @Test
  void aReaderThatMayNotRemoveWhatItHasReadFails(@TempDir Path folder) throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "right-one\n");
    String login = "&user=some&passwordFile=" + secret;
    String removal = "STREAM.PURGE.penstock-told";
    try (NatsCluster server = NatsCluster.start(1, "127.0.0.1", denied(removal));
        Channel writer = open(server.port(0), "mode=write" + login);
        Channel reader = open(server.port(0), "mode=read" + login)) {
      write(writer, 0, 1000);
      read(reader, 0, 1000);
      long begun = System.nanoTime();
      StorageException failed =
          assertThrows(
              StorageException.class,
              () -> {
                int unused = reader.source().read(ByteBuffer.allocate(1), SOON);
              });
      atOnce(begun, failed);
      assertEquals(StorageException.Kind.FAILED, failed.kind());
      assertTrue(failed.getMessage().contains(removal), failed.getMessage());
      // The writer has done all that it may.
      write(writer, 1000, 1000);
    }
  }

  /** What was on its way, and what was written when the loss was known, in milliseconds. */
  @ParameterizedTest
  @ValueSource(longs = {0, 1500})
  void withoutServersTheWriterIsToldAfterItsTime(long later) throws Exception {
    try (NatsCluster server = NatsCluster.start(1)) {
      Channel writer = open(server.port(0), "mode=write&ackTimeout=5s");
      write(writer, 0, 1000);
      server.kill(0);
      boolean unused = new CountDownLatch(1).await(later, TimeUnit.MILLISECONDS);
      writer.sink().writeFully(FaultMain.bytes(1000, 1000), SOON);
      StorageException late = assertThrows(StorageException.class, () -> writer.sink().flush(SOON));
      assertEquals(StorageException.Kind.UNACKNOWLEDGED, late.kind());
      assertEquals(1000, late.count());
      writer.close();
      server.restart(0);
      try (Channel next = open(server.port(0), "mode=write");
          Channel reader = open(server.port(0), "mode=read")) {
        assertEquals(1000, facet(next).acknowledged());
        write(next, 1000, 1000);
        read(reader, 0, 2000);
      }
    }
  }

  @Test
  void withoutServersAReaderIsToldThatItsCommitIsLate() throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Channel writer = open(server.port(0), "mode=write")) {
      write(writer, 0, 3000);
      Channel reader = open(server.port(0), "mode=read&ackTimeout=2s");
      read(reader, 0, 1000);
      server.kill(0);
      long gone = System.nanoTime();
      // The rest is in its memory.
      read(reader, 1000, 2000);
      StorageException late = assertThrows(StorageException.class, () -> read(reader, 3000, 1));
      long after = System.nanoTime() - gone;
      assertEquals(StorageException.Kind.UNACKNOWLEDGED, late.kind());
      assertTrue(late.getMessage().contains("a commit for 2000 ms"), late.getMessage());
      assertTrue(late.count() <= 3000, late.toString());
      assertTrue(after > TimeUnit.MILLISECONDS.toNanos(1000), after + " ns");
      assertTrue(after < TimeUnit.SECONDS.toNanos(15), after + " ns");
      reader.close();
      server.restart(0);
      try (Channel next = open(server.port(0), "mode=read")) {
        // The server may have the commit whose answer did not come.
        long from = facet(next).position();
        assertTrue(from >= late.count() && from <= 3000, from + " after " + late);
        read(next, from, 3000 - (int) from);
      }
    }
  }

  @Test
  void withoutServersAReaderThatHasNothingToCommitWaits() throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Channel writer = open(server.port(0), "mode=write");
        Channel reader = open(server.port(0), "mode=read&ackTimeout=2s&commit=manual")) {
      write(writer, 0, 3000);
      read(reader, 0, 1000);
      server.kill(0);
      read(reader, 1000, 2000);
      ByteBuffer more = ByteBuffer.allocate(1000);
      Wait beyond = Wait.upTo(Duration.ofSeconds(4));
      assertThrows(StreamTimeoutException.class, () -> reader.source().readFully(more, beyond));
      server.restart(0);
      write(writer, 3000, 1000);
      read(reader, 3000, 1000);
    }
  }

  @Test
  void aConfiguredPipeGoesOnWhenItsServersAreThereAgain() throws Exception {
    try (NatsCluster server = NatsCluster.start(1)) {
      String place = "nats://127.0.0.1:" + server.port(0) + "/told?replicas=1";
      penstock.configure(
          "io.penstock.Pipe~told",
          Map.of("durable", place, "ackTimeout", "5s", "capacity", "1MiB"));
      Pipe first = penstock.named(Pipe.class, "told", SOON);
      first.sink().writeFully("one", SOON);
      first.sink().flush(SOON);
      server.kill(0);
      first.sink().writeFully("two", SOON);
      StorageException late = assertThrows(StorageException.class, () -> first.sink().flush(SOON));
      assertEquals(StorageException.Kind.UNACKNOWLEDGED, late.kind());
      server.restart(0);
      Pipe again;
      do {
        // The one that has failed is there until its configuration has noticed.
        again = penstock.named(Pipe.class, "told", SOON);
        Thread.onSpinWait();
      } while (again == first);
      again.sink().writeFully("three", SOON);
      again.sink().end();
      assertEquals("onethree", UTF_8.decode(again.source().readAll(99, SOON)).toString());
    }
  }

  @Test
  void noMoreThanTheWindowIsTakenWithoutAnAcknowledgement() throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Channel writer = open(server.port(0), "mode=write&window=64KiB")) {
      write(writer, 0, 1000);
      server.pause(0);
      int taken = 0;
      try {
        for (int n = 1; n > 0; taken += n) {
          n = writer.sink().write(FaultMain.bytes(1000 + taken, 10_000), Wait.none());
        }
      } finally {
        server.resume(0);
      }
      assertEquals(64 << 10, taken);
      writer.sink().flush(SOON);
      assertEquals(1000 + taken, facet(writer).acknowledged());
    }
  }

  @Test
  void whatIsNotKeptCannotBeReplayed() throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Channel writer = open(server.port(0), "mode=write&block=512");
        Channel reader = open(server.port(0), "mode=read&keep=1KiB")) {
      for (int at = 0; at < 20_480; at += 512) {
        write(writer, at, 512);
        read(reader, at, 512);
      }
      Object unused = facet(reader).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
      StorageException gone = assertThrows(StorageException.class, () -> facet(reader).replay(0));
      assertEquals(StorageException.Kind.NOT_KEPT, gone.kind());
      long oldest = facet(reader).oldest();
      assertTrue(oldest >= 18 * 1024 && oldest <= 19 * 1024, "oldest is " + oldest);
      assertEquals(oldest, gone.count());
      facet(reader).replay(oldest);
      read(reader, oldest, (int) (20_480 - oldest));
    }
  }

  @Test
  void anEndThatStaysIsForGood() throws Exception {
    try (NatsCluster server = NatsCluster.start(1)) {
      try (Channel writer = open(server.port(0), "mode=write&onEnd=stay")) {
        write(writer, 0, 3);
        writer.sink().close();
      }
      for (int left : new int[] {3, 0}) {
        try (Channel reader = open(server.port(0), "mode=read&onEnd=stay")) {
          assertEquals(left, reader.source().readAll(9, SOON).remaining());
        }
      }
      try (Channel writer = open(server.port(0), "mode=write&onEnd=stay")) {
        assertThrows(
            BrokenPipeException.class, () -> writer.sink().write(ByteBuffer.allocate(1), SOON));
      }
    }
  }
}
