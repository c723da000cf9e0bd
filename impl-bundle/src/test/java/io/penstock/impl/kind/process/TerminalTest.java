// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.ProcessFacet;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.error.AddressException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Children that have a terminal. */
@ParameterizedClass
@MethodSource("modes")
class TerminalTest {
  private static final ChannelOptions PTY = ChannelOptions.defaults().with("pty", "true");

  @TempDir Path folder;

  private final Peers peers;

  TerminalTest(PosixAccess access) {
    peers = new Peers(new ProcessProvider(access));
  }

  static Stream<PosixAccess> modes() {
    return Modes.all();
  }

  @AfterEach
  void close() throws IOException {
    peers.close();
  }

  private Peer open(String endpoint) throws IOException {
    return peers.connect(endpoint, PTY);
  }

  private static String line(Peer peer) throws IOException {
    // A terminal shows the end of a line as a carriage return and a line feed.
    String line = peer.source().readLine(UTF_8, 1000, Terminator.STRIP, Peers.LIMIT);
    return String.valueOf(line).stripTrailing();
  }

  private static OptionalInt status(Peer peer) throws IOException {
    return facet(peer).exitStatus(Peers.LIMIT);
  }

  private static ProcessFacet facet(Peer peer) {
    return peer.driver().facet(ProcessFacet.class).orElseThrow();
  }

  private static TerminalFacet terminal(Peer peer) {
    return peer.driver().facet(TerminalFacet.class).orElseThrow();
  }

  @Test
  void aChildHasATerminalInASessionOfItsOwn() throws IOException {
    Peer child = open("shell:tty; stty size; cut -d' ' -f5,6,7,8 /proc/$$/stat; echo $$; exit 7");
    assertTrue(line(child).matches("/dev/pts/\\d+"));
    assertEquals("24 80", line(child));
    // Process group, session, terminal, and the group in the foreground.
    String[] numbers = line(child).split(" ", -1);
    String pid = String.valueOf(facet(child).pid());
    assertEquals(pid, line(child));
    assertEquals(pid, numbers[0]);
    assertEquals(pid, numbers[1]);
    assertFalse(numbers[2].equals("0"), "it has no controlling terminal");
    assertEquals(pid, numbers[3]);
    // The end of the terminal is the end of the stream, and no error.
    assertEquals(-1, child.readOnce());
    assertEquals(OptionalInt.of(7), status(child));
  }

  @Test
  void anOptionAndACallSayHowLargeItIs() throws IOException {
    Peer child =
        peers.connect(
            "shell:trap 'stty size; exit' WINCH; stty size; sleep 1000 & wait; wait; kill $!",
            PTY.with("columns", "100").with("rows", "30"));
    assertEquals("30 100", line(child));
    assertEquals(TerminalSize.of(100, 30), terminal(child).size());
    terminal(child).resize(TerminalSize.of(132, 50));
    assertEquals("50 132", line(child));
    assertEquals(TerminalSize.of(132, 50), terminal(child).size());
    // A measure that is zero stays; one that no terminal has is the largest that one has.
    terminal(child).resize(TerminalSize.of(0, 65_536));
    assertEquals(TerminalSize.of(132, TerminalSize.MAX), terminal(child).size());
    child.abort();
    assertThrows(StreamClosedException.class, () -> terminal(child).size());
    assertThrows(
        StreamClosedException.class, () -> terminal(child).resize(TerminalSize.of(80, 24)));
  }

  @Test
  void controlCEndsWhoIsInTheForeground() throws IOException {
    Peer child = open("exec:cat");
    child.write("hello\n");
    assertEquals("hello", line(child));
    assertEquals("hello", line(child));
    child.write("\3");
    assertEquals(OptionalInt.of(128 + 2), status(child));
    child.readAll();
  }

  @Test
  void whatAChildWritesLastIsRead() throws IOException {
    for (int i = 0; i < 5; i++) {
      Peer child = open("shell:head -c 200000 /dev/zero | tr '\\0' x; exit 3");
      assertEquals("x".repeat(200_000), child.readAll());
      assertEquals(OptionalInt.of(3), status(child));
      child.close();
    }
  }

  @Test
  void standardErrorIsTheTerminalToo() throws IOException {
    Peer child = open("shell:echo out; echo err >&2");
    assertEquals("out\r\nerr\r\n", child.readAll());
    assertThrows(
        IllegalArgumentException.class,
        () -> peers.connect("exec:cat", PTY.with("stderr", "pipe")));
  }

  @Test
  void theEndOfTheInputIsTyped() throws IOException {
    assertEquals(
        Set.of(Capability.HALF_CLOSE, Capability.ABORT, Capability.VERDICT), capabilities());
    for (String typed : new String[] {"", "a line\n", "half a line"}) {
      Peer child = open("shell:stty -echo; echo; cat; echo ended");
      line(child);
      child.write(typed);
      child.sink().end();
      assertEquals(typed.replace("\n", "\r\n") + "ended\r\n", child.readAll());
      assertEquals(OptionalInt.of(0), status(child));
    }
  }

  private Set<Capability> capabilities() throws IOException {
    return open("exec:true").driver().capabilities();
  }

  @Test
  void aCloseHangsUp() throws IOException {
    Path file = folder.resolve("hung up");
    Peer child =
        open("shell:trap 'echo > \"" + file + "\"; exit 9' HUP; echo x; sleep 1000 & wait");
    assertEquals("x", line(child));
    child.close();
    Peers.eventually("the child has heard of it", () -> Files.exists(file));
    assertEquals(OptionalInt.of(9), status(child));
  }

  /** Programs that are left behind cannot keep the output open. */
  @Test
  void theOutputEndsWithTheChild() throws IOException {
    Peer child = open("shell:trap '' HUP; sleep 1000 & echo $!");
    String left = line(child);
    assertEquals(-1, child.readOnce());
    assertTrue(ProcessHandle.of(Long.parseLong(left)).orElseThrow().destroyForcibly());
  }

  @Test
  void everythingIsGivenBackAndThereAreNoThreads() throws IOException {
    Peer warm = open("exec:cat");
    // So that the reactor has its selector, and the thread that waits has one.
    for (int millis : new int[] {1, 300}) {
      assertThrows(
          StreamTimeoutException.class,
          () -> warm.source().read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofMillis(millis))));
    }
    use(warm);
    Peers.eventually("no thread is left", () -> !Peers.threadLives("penstock-reaper"));
    long before = Peers.descriptors();
    for (int i = 0; i < 10; i++) {
      Peer child = open("exec:cat");
      assertFalse(Peers.threadLives("penstock-child-"));
      use(child);
    }
    Peers.eventually("no more descriptors than before", () -> Peers.descriptors() <= before);
  }

  private static void use(Peer child) throws IOException {
    child.write("x\n");
    assertEquals("x", line(child));
    child.close();
    status(child);
  }

  @Test
  void whatCannotBeStartedIsRefused() throws IOException {
    AddressException none =
        assertThrows(AddressException.class, () -> open("exec:/nowhere/nothing x"));
    assertEquals(AddressException.Kind.NOT_FOUND, none.kind());
    assertTrue(none.getMessage().contains("/nowhere/nothing"), none.getMessage());
    assertThrows(AddressException.class, () -> open("exec:no-such-program-anywhere"));
    Path file = Files.createFile(folder.resolve("file"));
    AddressException access = assertThrows(AddressException.class, () -> open("exec:" + file));
    assertEquals(AddressException.Kind.ACCESS, access.kind());
    for (String size : new String[] {"0", "-1", "65536", "wide"}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> peers.connect("exec:cat", PTY.with("columns", size)));
    }
    IllegalArgumentException without =
        assertThrows(
            IllegalArgumentException.class,
            () -> peers.connect("exec:cat", ChannelOptions.defaults().with("rows", "24")));
    assertTrue(without.getMessage().contains("pty=true"), without.getMessage());
    try (Peers others = new Peers(new ProcessProvider(new PosixAccess("none")))) {
      NotSupportedException calls =
          assertThrows(NotSupportedException.class, () -> others.connect("exec:cat", PTY));
      assertTrue(calls.getMessage().contains("a terminal for a child"), calls.getMessage());
      assertTrue(calls.getMessage().contains("com.sun.jna"), calls.getMessage());
    }
  }

  @Test
  void withoutTheProgramThatMakesSessionsTheErrorNamesIt() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    NotSupportedException e =
        assertThrows(
            NotSupportedException.class, () -> TerminalStart.setsid(List.of(empty.toString())));
    assertTrue(e.getMessage().contains("pty=true"), e.getMessage());
    assertTrue(e.getMessage().contains("without the program setsid"), e.getMessage());
    assertTrue(e.getMessage().contains("install util-linux"), e.getMessage());
    Path program = Files.createFile(empty.resolve("setsid"));
    assertThrows(
        NotSupportedException.class, () -> TerminalStart.setsid(List.of(empty.toString())));
    assertTrue(program.toFile().setExecutable(true));
    assertEquals(program.toString(), TerminalStart.setsid(List.of("/nowhere", empty.toString())));
  }
}
