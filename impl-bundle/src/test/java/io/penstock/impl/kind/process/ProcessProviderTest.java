// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.channel.facet.ProcessFacet;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ExitException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.impl.poller.SelectorPoller;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Children over pipes of the system's, once started by us and once by the JDK, and children over
 * the JDK's streams.
 */
class ProcessProviderTest {
  @Nested
  class Spawned extends OverPipes {
    Spawned() {
      super(PosixAccess.AUTO);
    }

    @Test
    void noThreadOfTheJdkWaitsForAChild() throws IOException {
      Peer child = connect("exec:cat");
      String reaper = "process reaper (pid " + facet(child).pid() + ")";
      assertFalse(Peers.threadLives(reaper));
      child.sink().end();
      gone(child);
    }

    @Test
    void aScriptThatDoesNotSayWhoseIsTheShells() throws IOException {
      Path script = Files.writeString(folder.resolve("script"), "echo \"$0 $1\"\n");
      assertTrue(script.toFile().setExecutable(true));
      assertEquals(script + " x\n", connect("exec:" + script + " x").readAll());
    }

    @Test
    void anEnlargedPipeIsReadToItsEndAfterTheExit() throws IOException {
      int size = 3_000_000;
      ChannelOptions large = ChannelOptions.defaults().withReceiveBuffer(4 << 20);
      Peer child = peers().connect("shell:head -c " + size + " /dev/zero", large);
      int pipe = child.facet(BufferFacet.class).orElseThrow().receiveBuffer();
      assumeTrue(pipe >= size, "needs root, with the privilege of more than 1 MiB for a pipe");
      assertEquals(OptionalInt.of(0), facet(child).exitStatus(Peers.LIMIT));
      assertEquals(size, child.readAll().length());
    }

    @Test
    void aFolderWithNulIsNone() {
      ChannelOptions cut = ChannelOptions.defaults().with("cwd", folder + "\0x");
      AddressException e =
          assertThrows(AddressException.class, () -> peers().connect("exec:true", cut));
      assertEquals(AddressException.Kind.NOT_FOUND, e.kind());
    }

    @Test
    void tooManyWordsAreAnErrorOfTheSystem() {
      IOException e =
          assertThrows(IOException.class, () -> connect("exec:true " + "x".repeat(1 << 18)));
      assertTrue(String.valueOf(e.getMessage()).contains("Argument list too long"));
    }
  }

  @Nested
  class OverSystemPipes extends OverPipes {
    OverSystemPipes() {
      super("none");
    }
  }

  abstract static class OverPipes extends Cases {
    OverPipes(String mode) {
      super(Child::start, mode);
    }

    /** Ends a process that the child has left behind. */
    private void kill(String pid) {
      assertTrue(ProcessHandle.of(Long.parseLong(pid.strip())).orElseThrow().destroy());
    }

    @Test
    void theEndIsWhatTheChildItselfHasWritten() throws IOException {
      Peer child = connect("shell:sleep 1000 2>/dev/null & echo $!; exit 3");
      kill(child.readAll());
      ExitException e = assertThrows(ExitException.class, () -> gone(child));
      assertEquals(3, e.status());
    }

    @Test
    void goneDoesNotWaitForAGrandchildAndItsOutputIsComplete() throws IOException {
      Peer child = connect("shell:head -c 60000 /dev/zero; (while :; do echo more; done) & exit 0");
      gone(child);
      String output = child.readAll();
      assertTrue(output.startsWith("\0".repeat(60_000)), "length " + output.length());
      child.abort();
    }

    @Test
    void aReadThatWaitsForAGrandchildEndsWithTheChannel() throws IOException {
      Peer child = connect("shell:sleep 1000 2>/dev/null & echo $!; exec sleep 1000");
      String grandchild = child.source().readLine(UTF_8, 100, Terminator.STRIP, Peers.LIMIT);
      CompletableFuture<Integer> reading =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return child.readOnce();
                } catch (IOException e) {
                  return -2;
                }
              });
      Peers.eventually("it is read", () -> child.source().waits() > 0);
      child.source().close();
      assertEquals(-2, Peers.get(reading));
      child.abort();
      kill(grandchild);
    }

    @Test
    void everythingIsGivenBack() throws IOException {
      Peer warm = connect("exec:cat");
      // So that the reactor has its selector, and the thread that waits has one.
      for (int millis : new int[] {1, 50}) {
        assertThrows(
            StreamTimeoutException.class,
            () -> warm.source().read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofMillis(millis))));
      }
      warm.sink().end();
      assertEquals("", warm.readAll());
      warm.close();
      Peers.eventually("no thread is left", () -> !Peers.threadLives("penstock-child"));
      startTen();
      // After a first round, in which the engine opens what it keeps.
      Peers.eventually("no thread is left", () -> !Peers.threadLives("penstock-child"));
      Peers.eventually("no reaper is left", () -> !Peers.threadLives("penstock-reaper-"));
      long before = Peers.descriptors();
      startTen();
      // The engine may have opened one more selector meanwhile, of up to three descriptors; a leak
      // of one kind of ending would be five at least.
      Peers.eventually("no more descriptors than before", () -> Peers.descriptors() < before + 5);
      Peers.eventually("no thread is left", () -> !Peers.threadLives("penstock-child"));
      Peers.eventually("no reaper is left", () -> !Peers.threadLives("penstock-reaper-"));
    }

    private void startTen() throws IOException {
      for (int i = 0; i < 10; i++) {
        Peer child = connect("exec:cat");
        child.write("x");
        assertEquals("x", child.read(1));
        if (i % 2 == 0) {
          child.close();
        } else {
          child.abort();
        }
        assertThrows(AddressException.class, () -> connect("exec:no-such-program-here"));
      }
    }
  }

  @Nested
  class SelectedOfTheJdk extends Selected {
    SelectedOfTheJdk() {
      super("none");
    }
  }

  @Nested
  class SelectedSpawned extends Selected {
    SelectedSpawned() {
      super(PosixAccess.AUTO);
    }
  }

  abstract static class Selected extends Cases {
    Selected(String mode) {
      super(Child::start, mode);
    }

    @Test
    void manyChildrenTakeNoThreadEach() throws IOException {
      int count = 40;
      ChannelOptions options = ChannelOptions.defaults().with("stderr", "pipe");
      List<Peer> all = new ArrayList<>();
      try (SelectorPoller poller = new SelectorPoller(peers().engine())) {
        Map<Registration, StringBuilder> told = new HashMap<>();
        for (int i = 0; i < count; i++) {
          Peer child =
              peers().connect("shell:while read x; do echo o$x; echo e$x >&2; done", options);
          all.add(child);
          told.put(poller.register(child.source(), Framing.bytes()), new StringBuilder());
          told.put(
              poller.register(facet(child).errorSource().orElseThrow(), Framing.bytes()),
              new StringBuilder());
        }
        for (int i = 0; i < count; i++) {
          all.get(i).write(i + "\n");
        }
        int[] ended = new int[1];
        ChannelHandler handler =
            new ChannelHandler() {
              @Override
              public void data(Registration from, ByteBuffer frame) {
                Objects.requireNonNull(told.get(from)).append(UTF_8.decode(frame));
              }

              @Override
              public void ended(Registration from) {
                ended[0]++;
              }
            };
        while (told.values().stream().anyMatch(text -> text.indexOf("\n") < 0)) {
          assertTrue(poller.poll(Peers.LIMIT, handler) > 0, "nothing came within 20 s");
        }
        assertFalse(Peers.threadLives("penstock-child-"), "a child has a thread");
        long ours =
            Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("penstock-"))
                .filter(thread -> !thread.getName().startsWith("penstock-worker"))
                .count();
        assertTrue(ours <= 4, "there are " + ours + " threads for " + count + " children");
        for (Peer child : all) {
          child.sink().end();
        }
        while (ended[0] < 2 * count) {
          assertTrue(poller.poll(Peers.LIMIT, handler) > 0, "nothing came within 20 s");
        }
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          expected.add("e" + i + "\n");
          expected.add("o" + i + "\n");
        }
        expected.sort(null);
        assertEquals(
            expected, told.values().stream().map(StringBuilder::toString).sorted().toList());
        for (Peer child : all) {
          gone(child);
        }
      }
    }

    @Test
    void whatIsReadAheadHasALimitAndThenTheChildIsStalled() throws IOException {
      ChannelOptions options =
          ChannelOptions.defaults().with("stderr", "pipe").with("readAhead", "300KiB");
      Peer child = peers().connect("shell:head -c 2000000 /dev/zero >&2; echo out", options);
      assertThrows(
          StreamTimeoutException.class,
          () -> child.source().read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofMillis(300))));
      ByteSource errors = facet(child).errorSource().orElseThrow();
      Peers.eventually("much is kept", () -> errors.available() >= 64 * 1024);
      assertTrue(errors.available() <= 300 * 1024, "more was kept than may be");
      assertEquals(2_000_000, errors.readAll(3_000_000, Peers.LIMIT).remaining());
      assertEquals("out\n", child.readAll());
    }

    @Test
    void whoseOutputsNobodyReadsIsStalled() throws IOException {
      Path done = folder.resolve("done");
      ChannelOptions options = ChannelOptions.defaults().with("stderr", "pipe");
      Peer child = peers().connect("shell:head -c 300000 /dev/zero >&2; echo > " + done, options);
      assertThrows(
          StreamTimeoutException.class,
          () -> facet(child).exitStatus(Wait.upTo(Duration.ofMillis(300))));
      assertFalse(Files.exists(done));
      assertEquals("", child.readAll());
      gone(child);
      ByteSource errors = facet(child).errorSource().orElseThrow();
      assertEquals(300_000, errors.readAll(3_000_000, Peers.LIMIT).remaining());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theEndReachesAChildWhoseInputWasFull(boolean still) throws IOException {
      Path go = folder.resolve("go");
      Peer child = connect("shell:until test -e " + go + "; do sleep 0.02; done; wc -c");
      long filled = 0;
      int n;
      while ((n = child.sink().write(ByteBuffer.allocate(4096), Wait.none())) > 0) {
        filled += n;
      }
      assertThrows(
          StreamTimeoutException.class,
          () -> child.sink().awaitWritable(Wait.upTo(Duration.ofMillis(20))));
      if (still) {
        child.sink().end();
        Files.createFile(go);
      } else {
        Files.createFile(go);
        child.sink().awaitWritable(Peers.LIMIT);
        child.sink().end();
      }
      assertEquals(filled, Long.parseLong(child.readAll().strip()));
      gone(child);
    }
  }

  @Nested
  class OverStreams extends Cases {
    OverStreams() {
      super(Child::startOverStreams, "none");
    }

    /** The JDK's stream is closed only after the write that waits, which waits for the child. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStubbornChildWhoseInputIsFullIsKilled(boolean abort) throws Exception {
      ChannelOptions brief = ChannelOptions.defaults().withCloseTimeout(Duration.ofMillis(400));
      Peer child =
          peers().connect("shell:trap '' TERM; echo ready; while :; do sleep 0.1; done", brief);
      assertEquals("ready\n", child.read(6));
      assertThrows(
          StreamTimeoutException.class,
          () ->
              child
                  .sink()
                  .writeFully(ByteBuffer.allocate(300_000), Wait.upTo(Duration.ofMillis(300))));
      try {
        CompletableFuture<Void> ending =
            CompletableFuture.runAsync(
                () -> {
                  try {
                    if (abort) {
                      child.abort();
                    } else {
                      child.driver().close();
                    }
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                });
        ending.get(10, TimeUnit.SECONDS);
        ExitException e = assertThrows(ExitException.class, () -> gone(child));
        assertEquals(137, e.status());
      } finally {
        facet(child).signal("KILL");
      }
      String threads = "penstock-child-" + facet(child).pid();
      Peers.eventually("no thread is left", () -> !Peers.threadLives(threads));
    }
  }

  abstract static class Cases {
    @TempDir Path folder;

    private final Peers peers;

    Cases(ProcessProvider.Starter starter, String mode) {
      this.peers = new Peers(new ProcessProvider(starter, new PosixAccess(mode)));
    }

    @AfterEach
    void close() throws IOException {
      peers.close();
    }

    Peers peers() {
      return peers;
    }

    Peer connect(String endpoint) throws IOException {
      return peers.connect(endpoint);
    }

    static void gone(Peer peer) throws IOException {
      Peers.get(peer.driver().gone().toCompletableFuture());
    }

    static ProcessFacet facet(Peer peer) {
      return peer.driver().facet(ProcessFacet.class).orElseThrow();
    }

    @Test
    void bytesGoThroughAChild() throws IOException {
      Peer child = connect("exec:tr a-z A-Z");
      child.write("hello\n");
      child.sink().end();
      assertEquals("HELLO\n", child.readAll());
      assertEquals(-1, child.readOnce());
      gone(child);
      assertEquals(OptionalInt.of(0), facet(child).exitStatus(Wait.none()));
      assertTrue(child.driver().capabilities().contains(Capability.VERDICT));
      assertTrue(child.driver().capabilities().contains(Capability.HALF_CLOSE));
    }

    @Test
    void manyBytesGoThroughAChild() throws IOException {
      Peer child = connect("exec:cat");
      CompletableFuture<Void> writing =
          CompletableFuture.runAsync(
              () -> {
                try {
                  child.writeZeros(20_000_000);
                  child.sink().end();
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      assertEquals(20_000_000, child.readAll().length());
      Peers.get(writing);
      gone(child);
    }

    @Test
    void aShellExpands() throws IOException {
      assertEquals("3 x\n", connect("shell:echo $((1 + 2)) 'x'").readAll());
      assertEquals("$((1 + 2))\n", connect("exec:echo '$((1 + 2))'").readAll());
    }

    @ParameterizedTest
    @CsvSource({
      "exit 7, 7, exited with status 7",
      "kill -9 $$, 137, was ended by signal 9 (SIGKILL)",
      "kill -TERM $$, 143, was ended by signal 15 (SIGTERM)",
      "exit 200, 200, exited with status 200"
    })
    void aFailureIsTold(String command, int status, String text) throws IOException {
      Peer child = connect("shell:echo output; " + command);
      ExitException e = assertThrows(ExitException.class, () -> gone(child));
      assertEquals(status, e.status());
      assertEquals("shell:echo output; " + command + ": " + text, e.getMessage());
      assertEquals(OptionalInt.of(status), facet(child).exitStatus(Peers.LIMIT));
      assertEquals("output\n", child.readAll());
    }

    @Test
    void writingToWhoDoesNotReadIsABrokenPipe() throws IOException {
      Peer child = connect("shell:exec 0</dev/null; echo closed; exec sleep 1000");
      assertEquals("closed\n", child.read(7));
      assertThrows(BrokenPipeException.class, () -> child.writeZeros(1_000_000));
    }

    @Test
    void aProgramThatDoesNotExistIsNamed() {
      AddressException e =
          assertThrows(AddressException.class, () -> connect("exec:no-such-program-here -x"));
      assertEquals(AddressException.Kind.NOT_FOUND, e.kind());
      assertTrue(e.getMessage().contains("'no-such-program-here' on the PATH"), e.getMessage());
    }

    @Test
    void aProgramThatMayNotBeExecutedIsNamed() throws IOException {
      Path file = Files.createFile(folder.resolve("file"));
      AddressException e = assertThrows(AddressException.class, () -> connect("exec:" + file));
      assertEquals(AddressException.Kind.ACCESS, e.kind());
    }

    @ParameterizedTest
    @CsvSource({"exec:", "exec:  ", "shell: ", "exec:echo \"x"})
    void aCommandThatIsNoneIsRefused(String endpoint) {
      AddressException e = assertThrows(AddressException.class, () -> connect(endpoint));
      assertEquals(AddressException.Kind.INVALID, e.kind());
    }

    @Test
    void optionsAreHeeded() throws IOException {
      ChannelOptions options =
          ChannelOptions.defaults().with("cwd", folder.toString()).with("env.GREETING", "hello");
      Peer child = peers.connect("shell:pwd; echo $GREETING", options);
      assertEquals(folder.toRealPath() + "\nhello\n", child.readAll());

      ChannelOptions nowhere = ChannelOptions.defaults().with("cwd", folder + "/none");
      AddressException e =
          assertThrows(AddressException.class, () -> peers.connect("exec:true", nowhere));
      assertTrue(e.getMessage().contains(folder + "/none"), e.getMessage());
      assertThrows(
          IllegalArgumentException.class,
          () -> peers.connect("exec:true", ChannelOptions.defaults().with("stderr", "null")));
    }

    @Test
    void standardErrorCanBeASecondSource() throws IOException {
      ChannelOptions options = ChannelOptions.defaults().with("stderr", "pipe");
      Peer child = peers.connect("shell:echo out; echo err >&2", options);
      ByteSource errors = facet(child).errorSource().orElseThrow();
      assertEquals("err\n", UTF_8.decode(errors.readAll(100, Peers.LIMIT)).toString());
      assertEquals("out\n", child.readAll());
      assertTrue(facet(connect("exec:true")).errorSource().isEmpty());
    }

    @ParameterizedTest
    @CsvSource({"1>&2, 2>/dev/null", "2>/dev/null, 1>&2"})
    void neitherOutputStallsTheOther(String first, String second) throws IOException {
      ChannelOptions options = ChannelOptions.defaults().with("stderr", "pipe");
      int size = 3_000_000;
      Peer child =
          peers.connect(
              "shell:head -c "
                  + size
                  + " /dev/zero "
                  + first
                  + "; head -c "
                  + size
                  + " /dev/zero "
                  + second
                  + "; echo x; echo y >&2",
              options);
      ByteSource errors = facet(child).errorSource().orElseThrow();
      // The one that comes last is read first.
      boolean output = first.equals("1>&2");
      ByteSource one = output ? child.source() : errors;
      ByteSource two = output ? errors : child.source();
      assertEquals(size + 2, one.readAll(2 * size, Peers.LIMIT).remaining());
      assertEquals(size + 2, two.readAll(2 * size, Peers.LIMIT).remaining());
      gone(child);
    }

    @Test
    void theEnvironmentCanBeItsOwn() throws IOException {
      ChannelOptions options =
          ChannelOptions.defaults().with("env.B", "b c").with("env.A", "").with("clearEnv", "true");
      Peer child = peers.connect("exec:/usr/bin/env", options);
      assertEquals(List.of("A=", "B=b c"), child.readAll().lines().sorted().toList());
      ChannelOptions added = ChannelOptions.defaults().with("env.B", "b c");
      String all = peers.connect("exec:/usr/bin/env", added).readAll();
      assertTrue(all.contains("B=b c\n") && all.contains("PATH="), all);
    }

    @Test
    void aCommandCanBeAList() throws IOException {
      List<String> words =
          List.of("a b", "", "it's", "'", "\"$HOME\" \\", "\n", "*", "#", "~", "-x=ü", "%20?");
      List<String> command = new ArrayList<>(List.of("printf", "<%s>"));
      command.addAll(words);
      Endpoint endpoint = Endpoint.exec(command);
      assertEquals(endpoint, Endpoint.parse(endpoint.toString()));
      assertEquals(
          words.stream().map(word -> "<" + word + ">").collect(Collectors.joining()),
          connect(endpoint.toString()).readAll());
    }

    @Test
    void nobodyIsLeftAsAZombie() throws IOException {
      List<Long> pids = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        Peer child = connect(i % 3 == 0 ? "exec:true" : "exec:cat");
        pids.add(facet(child).pid());
        if (i % 3 == 1) {
          child.abort();
        } else if (i % 3 == 2) {
          child.close();
        }
      }
      // Nobody has asked any of them for its status.
      for (long pid : pids) {
        Peers.eventually(pid + " is gone", () -> !Files.exists(Path.of("/proc/" + pid)));
      }
    }

    @Test
    void aCloseEndsTheInputThenTerminatesThenKills() throws IOException {
      Path log = folder.resolve("log");
      ChannelOptions brief = ChannelOptions.defaults().withCloseTimeout(Duration.ofSeconds(4));
      Peer child =
          peers.connect(
              "shell:trap 'echo terminated' TERM; echo ready; exec >>"
                  + log
                  + "; cat; echo ended; while :; do sleep 0.05; done",
              brief);
      assertEquals("ready\n", child.read(6));
      child.close();
      ExitException e = assertThrows(ExitException.class, () -> gone(child));
      assertEquals(137, e.status());
      assertEquals("ended\nterminated\n", Files.readString(log));
    }

    @Test
    void waitingForTheStatusHasLimitsOfItsOwn() throws IOException {
      Peer child = connect("exec:sleep 1000");
      ProcessFacet facet = facet(child);
      assertEquals(OptionalInt.empty(), facet.exitStatus(Wait.none()));
      assertThrows(
          StreamTimeoutException.class, () -> facet.exitStatus(Wait.upTo(Duration.ofMillis(1))));
      assertThrows(
          StreamTimeoutException.class, () -> facet.exitStatus(Wait.until(System.nanoTime())));
      Thread.currentThread().interrupt();
      assertThrows(InterruptedIOException.class, () -> facet.exitStatus(Wait.forever()));
      assertTrue(Thread.interrupted());
      facet.terminate();
      assertEquals(OptionalInt.of(143), facet.exitStatus(Peers.LIMIT));
      facet.terminate();
    }

    /** Waits for the exit status on a thread of its own. */
    private static CompletableFuture<IOException> waitingForTheStatus(Peer child) {
      CompletableFuture<IOException> told = new CompletableFuture<>();
      Thread waiter =
          new Thread(
              () ->
                  told.complete(
                      assertThrows(
                          IOException.class, () -> facet(child).exitStatus(Wait.forever()))));
      waiter.setDaemon(true);
      waiter.start();
      Peers.eventually(
          "it waits for a future",
          () ->
              waiter.getState() == Thread.State.WAITING
                  && Arrays.stream(waiter.getStackTrace())
                      .anyMatch(
                          frame -> frame.getClassName().equals(CompletableFuture.class.getName())));
      return told;
    }

    /** Parity CH-28, CH-11. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCloseOfOursWakesWhoWaitsForTheStatus(boolean abort) throws IOException {
      ChannelOptions patient = ChannelOptions.defaults().withCloseTimeout(Duration.ofMinutes(2));
      // An abort asks the child to end, and this one does not heed it.
      Peer child =
          peers.connect("shell:trap '' TERM; echo ready; while :; do sleep 0.05; done", patient);
      assertEquals("ready\n", child.read(6));
      ProcessFacet facet = facet(child);
      try {
        CompletableFuture<IOException> told = waitingForTheStatus(child);
        if (abort) {
          child.abort();
        } else {
          child.driver().closing();
        }
        assertInstanceOf(StreamClosedWhileWaitingException.class, Peers.get(told));
        assertEquals(OptionalInt.empty(), facet.exitStatus(Wait.none()), "it runs still");
        IOException late = assertThrows(IOException.class, () -> facet.exitStatus(Peers.LIMIT));
        assertEquals(StreamClosedException.class, late.getClass());
      } finally {
        facet.signal("KILL");
      }
      assertThrows(ExitException.class, () -> gone(child));
      assertEquals(OptionalInt.of(137), facet.exitStatus(Peers.LIMIT));
    }

    @Test
    void aCloseLetsTheChildFinish() throws IOException {
      Path file = folder.resolve("file");
      Peer child = connect("shell:sleep 0.3; cat > " + file);
      child.write("everything");
      child.sink().end();
      child.close();
      gone(child);
      assertEquals("everything", Files.readString(file));
    }

    @Test
    void aClosedChildMaySayWhatNobodyHears() throws IOException {
      Path file = folder.resolve("file");
      Peer child = connect("shell:cat; head -c 300000 /dev/zero && echo done > " + file);
      child.write("x");
      child.close();
      gone(child);
      assertEquals("done\n", Files.readString(file));
      Peers.eventually(
          "no thread is left", () -> !Peers.threadLives("penstock-child-" + facet(child).pid()));
    }

    @Test
    void aClosedStubbornChildIsKilled() throws IOException {
      ChannelOptions brief = ChannelOptions.defaults().withCloseTimeout(Duration.ofMillis(400));
      Peer child =
          peers.connect("shell:trap '' TERM; echo ready; while :; do sleep 0.1; done", brief);
      assertEquals("ready\n", child.read(6));
      child.close();
      ExitException e = assertThrows(ExitException.class, () -> gone(child));
      assertEquals(137, e.status());
    }

    @Test
    void anAbortTerminatesTheChild() throws IOException {
      Peer child = connect("exec:sleep 1000");
      child.abort();
      ExitException e = assertThrows(ExitException.class, () -> gone(child));
      assertEquals(143, e.status());
    }

    @Test
    void whoIsNotReadIsStalled() throws IOException {
      Path count = folder.resolve("count");
      Peer child =
          connect("shell:dd if=/dev/zero bs=1000 count=2000 2>/dev/null; echo done > " + count);
      assertEquals(1, child.source().read(ByteBuffer.allocate(1), Peers.LIMIT));
      assertNull(
          CompletableFuture.supplyAsync(
                  () -> {
                    try {
                      return facet(child).exitStatus(Wait.upTo(Duration.ofMillis(300)));
                    } catch (IOException e) {
                      return null;
                    }
                  })
              .join());
      assertFalse(Files.exists(count));
      assertEquals(1_999_999, child.readAll().length());
      gone(child);
    }
  }
}
