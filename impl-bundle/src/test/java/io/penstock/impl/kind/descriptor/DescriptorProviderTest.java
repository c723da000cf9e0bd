// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.descriptor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Handle;
import io.penstock.channel.HandlePair;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.channel.facet.CredentialsFacet;
import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.impl.posix.FaultyPosix;
import io.penstock.impl.posix.FaultyPosix.Fault;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.Opened;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.standalone.Penstock;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DescriptorProviderTest {
  private static final int ROUNDS = 100;
  private static final long UNLOCK_TERMINAL = 0x40045431L;
  private static final long TERMINAL_NUMBER = 0x80045430L;

  @TempDir Path folder;

  private final List<Peers> opened = new ArrayList<>();

  private Peers peers(PosixAccess access) {
    Peers peers = new Peers(new DescriptorProvider(access));
    opened.add(peers);
    return peers;
  }

  @AfterEach
  void close() throws IOException {
    for (Peers each : opened) {
      each.close();
    }
  }

  private static Stream<PosixAccess> modes() {
    return Modes.all();
  }

  private static Posix calls(PosixAccess access) throws IOException {
    return access.calls("test", "a test");
  }

  private static String name() {
    return "penstock-fd-" + Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36);
  }

  private static String own(int fd) {
    return "fd:" + fd + "?own=true";
  }

  private static boolean isOpen(Posix calls, int fd) {
    return calls.fcntl(fd, Linux.F_GETFD, 0) >= 0;
  }

  @ParameterizedTest
  @MethodSource("modes")
  void aPipeGoesOneWayAndItsEndIsSeen(PosixAccess access) throws Exception {
    int[] ends = Opened.fifo(calls(access), folder.resolve("f"));
    Peers peers = peers(access);
    Peer reader = peers.connect(own(ends[0]));
    Peer writer = peers.connect(own(ends[1]));
    assertNull(reader.driver().sink());
    assertNull(writer.driver().source());
    writer.write("through");
    assertEquals("through", reader.read(7));
    writer.write("the end");
    writer.sink().end();
    assertEquals("the end", reader.readAll());
  }

  @ParameterizedTest
  @MethodSource("modes")
  void aFullPipeIsWaitedForAndAClosedOneBreaks(PosixAccess access) throws Exception {
    int[] ends = Opened.fifo(calls(access), folder.resolve("f"));
    Peers peers = peers(access);
    Peer reader = peers.connect(own(ends[0]));
    Peer writer = peers.connect(own(ends[1]));
    Thread thread =
        new Thread(
            () -> {
              try {
                writer.writeZeros(1 << 20);
                writer.sink().end();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    thread.start();
    assertEquals(1 << 20, reader.readAll().length());
    thread.join();

    int[] others = Opened.fifo(calls(access), folder.resolve("g"));
    Peer lonely = peers.connect(own(others[1]));
    calls(access).close(others[0]);
    assertThrows(BrokenPipeException.class, () -> lonely.write("x"));
  }

  @ParameterizedTest
  @MethodSource("modes")
  void whoSharesAPipeKeepsItBlocking(PosixAccess access) throws Exception {
    Posix calls = calls(access);
    int[] ends = Opened.fifo(calls, folder.resolve("f"));
    int shared = calls.fcntl(ends[0], Linux.F_DUPFD_CLOEXEC, 0);
    Peers peers = peers(access);
    Peer reader = peers.connect(own(ends[0]));
    assertEquals(0, calls.fcntl(shared, Linux.F_GETFL, 0) & Linux.O_NONBLOCK);
    reader.close();
    calls.close(shared);
    calls.close(ends[1]);
  }

  @ParameterizedTest
  @MethodSource("modes")
  void aSocketIsAChannelWithHalfCloseAndCredentials(PosixAccess access) throws Exception {
    Posix calls = calls(access);
    int[] ends = Opened.sockets(calls, name());
    int shared = calls.fcntl(ends[0], Linux.F_DUPFD_CLOEXEC, 0);
    Peers peers = peers(access);
    Peer client = peers.connect(own(ends[0]));
    Peer server = peers.connect(own(ends[1]));
    assertTrue(client.driver().capabilities().contains(Capability.HALF_CLOSE));
    client.write("question");
    client.sink().end();
    assertEquals("question", server.readAll());
    server.write("answer");
    server.sink().end();
    assertEquals("answer", client.readAll());
    assertEquals(
        ProcessHandle.current().pid(),
        client
            .driver()
            .facet(CredentialsFacet.class)
            .orElseThrow()
            .peerCredentials()
            .pid()
            .orElseThrow());
    client.close();
    // A socket cannot be opened again, so it is non-blocking for all; not for longer than needed.
    assertEquals(0, calls.fcntl(shared, Linux.F_GETFL, 0) & Linux.O_NONBLOCK);
    calls.close(shared);
  }

  @ParameterizedTest
  @MethodSource("modes")
  void aSocketHasTheBuffersThatAreAskedFor(PosixAccess access) throws Exception {
    int[] ends = Opened.sockets(calls(access), name());
    Peers peers = peers(access);
    ChannelOptions sizes =
        ChannelOptions.defaults().withReceiveBuffer(48 << 10).withSendBuffer(40 << 10);
    for (String handles : List.of("", "&handles=true")) {
      int end = ends[handles.isEmpty() ? 0 : 1];
      BufferFacet buffers =
          peers.connect(own(end) + handles, sizes).facet(BufferFacet.class).orElseThrow();
      assertEquals(48 << 10, buffers.receiveBuffer());
      assertEquals(40 << 10, buffers.sendBuffer());
    }
  }

  /** What is in it does not fit, or the user may not have as much. */
  @ParameterizedTest
  @MethodSource("modes")
  void aPipeWhoseSizeIsRefusedStaysAsItIs(PosixAccess access) throws Exception {
    byte[] inside = new byte[8192];
    int[] ends = Opened.fifo(calls(access), folder.resolve("f"));
    Peers peers = peers(access);
    peers.connect(own(ends[1])).sink().writeFully(ByteBuffer.wrap(inside), Peers.LIMIT);
    Peer reader = peers.connect(own(ends[0]) + "&receiveBuffer=4KiB");
    BufferFacet buffer = reader.facet(BufferFacet.class).orElseThrow();
    int size = buffer.receiveBuffer();
    assertThrows(IOException.class, () -> buffer.receiveBuffer(4096));
    assertEquals(inside.length, reader.read(inside.length).length());
    int[] others = Opened.fifo(calls(access), folder.resolve("g"));
    Peer large = peers.connect(own(others[0]) + "&receiveBuffer=4MiB");
    calls(access).close(others[1]);
    assertTrue(large.facet(BufferFacet.class).orElseThrow().receiveBuffer() >= size);
  }

  @ParameterizedTest
  @MethodSource("modes")
  void aPipeThatIsPassedOnLosesNothingToASizeThatIsRefused(PosixAccess access) throws Exception {
    try (Penstock penstock = Modes.open(access.wish())) {
      HandlePair pipe = penstock.channels().handles().pipe();
      try (Channel out = pipe.sink().channel(ChannelOptions.defaults())) {
        out.sink().writeFully(ByteBuffer.allocate(8192), Peers.LIMIT);
        try (Channel in =
            pipe.source().channel(ChannelOptions.defaults().withReceiveBuffer(4096))) {
          in.source().readFully(ByteBuffer.allocate(8192), Peers.LIMIT);
        }
      }
    }
  }

  /** The number that the source had is soon another's. */
  @ParameterizedTest
  @MethodSource("modes")
  void aDescriptorOfWhichOneDirectionIsClosedIsStillItself(PosixAccess access) throws Exception {
    Path file = Files.createFile(folder.resolve("both")).toRealPath();
    for (boolean source : new boolean[] {true, false}) {
      List<FileInputStream> others = new ArrayList<>();
      try (Penstock penstock = Modes.open(access.wish());
          Channel both =
              penstock
                  .channels()
                  .handles()
                  .file(file, StandardOpenOption.READ, StandardOpenOption.WRITE)
                  .channel(ChannelOptions.defaults())) {
        DescriptorFacet facet = both.facet(DescriptorFacet.class).orElseThrow();
        if (source) {
          both.source().close();
        } else {
          both.sink().close();
        }
        for (int i = 0; i < 64; i++) {
          others.add(new FileInputStream("/dev/null"));
        }
        AtomicReference<Path> lent = new AtomicReference<>();
        try (Handle handle = facet.handle()) {
          handle.lend(fd -> lent.set(target(fd)));
        }
        assertEquals(file, lent.get());
      } finally {
        for (FileInputStream each : others) {
          each.close();
        }
      }
    }
  }

  private static Path target(int fd) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @MethodSource("modes")
  void aFileIsReadFromWhereItIsAndIsAlwaysReady(PosixAccess access) throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "first second");
    Posix calls = calls(access);
    Peers peers = peers(access);
    Peer reader = peers.connect(own(Opened.path(calls, file, Linux.O_RDONLY)));
    assertNull(reader.driver().source().selectable());
    assertEquals("first second", reader.readAll());
    Peer writer = peers.connect(own(Opened.path(calls, file, Linux.O_WRONLY)));
    writer.write("FIRST");
    writer.sink().end();
    assertEquals("FIRST second", Files.readString(file));
    Peer nothing = peers.connect(own(Opened.path(calls, Path.of("/dev/null"), Linux.O_RDWR)));
    nothing.write("gone");
    assertEquals("", nothing.readAll());
  }

  @ParameterizedTest
  @MethodSource("modes")
  void aTerminalIsReadAndWrittenFromBothItsSides(PosixAccess access) throws Exception {
    Posix calls = calls(access);
    int outer = Opened.path(calls, Path.of("/dev/ptmx"), Linux.O_RDWR | Linux.O_NOCTTY);
    ByteBuffer number = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder());
    assertEquals(0, calls.with(number, at -> calls.ioctl(outer, UNLOCK_TERMINAL, at)));
    assertEquals(0, calls.with(number, at -> calls.ioctl(outer, TERMINAL_NUMBER, at)));
    Path inner = Path.of("/dev/pts/" + number.getInt(0));
    int fd = Opened.path(calls, inner, Linux.O_RDWR | Linux.O_NOCTTY);
    int shared = calls.fcntl(fd, Linux.F_DUPFD_CLOEXEC, 0);
    Peers peers = peers(access);
    Peer program = peers.connect(own(fd));
    Peer screen = peers.connect(own(outer));
    assertEquals(0, calls.fcntl(shared, Linux.F_GETFL, 0) & Linux.O_NONBLOCK);
    screen.write("typed\n");
    assertEquals("typed\n", program.read(6));
    assertEquals("typed\r\n", screen.read(7));
    program.write("shown");
    assertEquals("shown", screen.read(5));
    calls.close(shared);
    program.write("last");
    program.close();
    assertEquals("last", screen.readAll());
    assertEquals(-1, screen.readOnce());
  }

  private static AddressException.Kind kindOf(Peers peers, String endpoint) {
    return assertThrows(AddressException.class, () -> peers.connect(endpoint)).kind();
  }

  @ParameterizedTest
  @MethodSource("modes")
  void whatIsNotTakenStaysOpenAndIsSaid(PosixAccess access) throws Exception {
    Posix calls = calls(access);
    Peers peers = peers(access);
    int fd = Opened.path(calls, Path.of("/dev/null"), Linux.O_RDWR);
    IllegalArgumentException unsaid =
        assertThrows(IllegalArgumentException.class, () -> peers.connect("fd:" + fd));
    assertTrue(unsaid.getMessage().contains("own=true"), unsaid.getMessage());
    assertTrue(isOpen(calls, fd));
    calls.close(fd);
    assertEquals(AddressException.Kind.NOT_FOUND, kindOf(peers, own(fd)));

    int directory = Opened.path(calls, folder, Linux.O_RDONLY);
    assertEquals(AddressException.Kind.INVALID, kindOf(peers, own(directory)));
    int path = Opened.path(calls, folder.resolve("."), Linux.O_PATH);
    assertEquals(AddressException.Kind.INVALID, kindOf(peers, own(path)));
    int alone = calls.socket(Linux.AF_UNIX, Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC, 0);
    assertEquals(AddressException.Kind.NOT_CONNECTED, kindOf(peers, own(alone)));
    int messages = calls.socket(Linux.AF_UNIX, 2 | Linux.SOCK_CLOEXEC, 0);
    assertEquals(AddressException.Kind.INVALID, kindOf(peers, own(messages)));
    for (int each : new int[] {directory, path, alone, messages}) {
      assertTrue(isOpen(calls, each));
      calls.close(each);
    }
    for (String text : List.of("fd:", "fd:x", "fd:-1", "fd:99999999999")) {
      assertEquals(AddressException.Kind.INVALID, kindOf(peers, text));
    }
    for (int number = 0; number < 3; number++) {
      assertEquals(AddressException.Kind.INVALID, kindOf(peers, own(number)));
    }
  }

  /** At whatever call it fails: its owner may close it then, and nobody else does. */
  @Test
  void whatCannotBeTakenIsItsOwnersStill() throws Exception {
    FaultyPosix faulty = new FaultyPosix();
    Posix calls = calls(new PosixAccess(null));
    Peers peers = peers(faulty.access());
    for (boolean socket : new boolean[] {true, false}) {
      faulty.count();
      peers.connect(own(open(calls, socket))).close();
      List<String> made = faulty.made();
      assertTrue(made.contains("dup3") && made.contains("fcntl"), made.toString());
      int refused = 0;
      for (String call : made) {
        for (int nth = 1; ; nth++) {
          int fd = open(calls, socket);
          Path what = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd));
          faulty.arm(call, Fault.EMFILE, nth);
          boolean taken;
          try {
            peers.connect(own(fd)).close();
            taken = true;
          } catch (IOException e) {
            taken = false;
          }
          boolean struck = faulty.disarm();
          if (!taken) {
            refused++;
            assertEquals(what, Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)), call + nth);
            calls.close(fd);
          }
          if (!struck) {
            break;
          }
        }
      }
      assertTrue(refused > 3, refused + " refused, of " + made);
    }
  }

  private int open(Posix calls, boolean socket) throws Exception {
    if (!socket) {
      return Opened.path(calls, Path.of("/dev/ptmx"), Linux.O_RDWR);
    }
    int[] ends = Opened.sockets(calls, name());
    calls.close(ends[1]);
    return ends[0];
  }

  @Test
  void withoutNativeCallsTheErrorNamesTheCure() {
    Peers peers = peers(new PosixAccess("none"));
    NotSupportedException e =
        assertThrows(NotSupportedException.class, () -> peers.connect("fd:3?own=true"));
    assertTrue(e.getMessage().contains("com.sun.jna"), e.getMessage());
  }

  @ParameterizedTest
  @MethodSource("modes")
  void everythingIsGivenBack(PosixAccess access) throws Exception {
    Posix calls = calls(access);
    Peers peers = peers(access);
    peers.connect(own(Opened.sockets(calls, name())[0])).close();
    long before = Peers.descriptors();
    for (int i = 0; i < ROUNDS; i++) {
      int[] ends = Opened.sockets(calls, name());
      Peer client = peers.connect(own(ends[0]));
      Peer server = peers.connect(own(ends[1]));
      client.write("x");
      assertEquals("x", server.read(1));
      client.close();
      server.abort();
    }
    Peers.eventually("no more descriptors than before", () -> Peers.descriptors() <= before);
  }
}
