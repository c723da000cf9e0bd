// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SocketName;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Subject;
import io.penstock.testing.contract.Trait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Descriptors that the test has opened and gives away: the ends of a FIFO, and of a socket. */
class DescriptorTest {
  @TempDir static Path folder;

  private static final PosixAccess ACCESS = new PosixAccess(null);
  private static final String PREFIX =
      "penstock-" + Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36) + "-";

  private static Channel adopt(int fd) throws IOException {
    return Bench.PENSTOCK
        .channels()
        .open(Endpoint.parse("fd:" + fd + "?own=true"), ChannelOptions.defaults(), Bench.SOON);
  }

  private static int open(Posix calls, Path path, int flags) throws IOException {
    ByteBuffer name = StandardCharsets.UTF_8.encode(path + "\0");
    ByteBuffer memory = ByteBuffer.allocateDirect(name.remaining()).put(name);
    return Linux.check(
        "open", calls.with(memory, at -> calls.open(at, flags | Linux.O_CLOEXEC, 0)));
  }

  private static Subject fifo() throws Exception {
    Posix calls = ACCESS.calls("test", "a test");
    Path path = folder.resolve(Bench.fresh("fifo"));
    if (new ProcessBuilder("mkfifo", path.toString()).start().waitFor() != 0) {
      throw new IOException("mkfifo " + path);
    }
    int both = open(calls, path, Linux.O_RDWR);
    int reader = open(calls, path, Linux.O_RDONLY);
    int writer = open(calls, path, Linux.O_WRONLY);
    Channel in = adopt(reader);
    Channel out = adopt(writer);
    calls.close(both);
    return Subject.of(out, in);
  }

  private static Subject socket() throws Exception {
    Posix calls = ACCESS.calls("test", "a test");
    int type = Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC;
    ByteBuffer name = SocketName.ofAbstract(Bench.fresh(PREFIX));
    int listener = Linux.check("socket", calls.socket(Linux.AF_UNIX, type, 0));
    Linux.check("bind", calls.with(name, at -> calls.bind(listener, at, name.limit())));
    Linux.check("listen", calls.listen(listener, 1));
    int client = Linux.check("socket", calls.socket(Linux.AF_UNIX, type, 0));
    Linux.check("connect", calls.with(name, at -> calls.connect(client, at, name.limit())));
    int server = Linux.check("accept4", calls.accept4(listener, 0, 0, Linux.SOCK_CLOEXEC));
    calls.close(listener);
    return Subject.of(adopt(client), adopt(server));
  }

  private static Kind pipes() {
    return Kind.of("fd-pipe", DescriptorTest::fifo)
        .without(Trait.DUPLEX, "a pipe goes one way")
        .without(Trait.HALF_CLOSE, "a pipe goes one way")
        .without(Trait.LISTENS, "it is open already")
        .without(Trait.CONNECT_REFUSED, "it is open already")
        .without(Trait.IMMEDIATE, "bytes go through the system")
        .without(Trait.COUNTED, "bytes go through the system")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_DRAINS, "the system breaks the pipe")
        .without(Trait.ABORT_DELIVERED, "the system has no way to say so")
        .without(Trait.ABORT_SEEN, "the system has no way to say so")
        .without(Trait.VERDICT, "there is no peer of its own");
  }

  private static Kind sockets() {
    return Kind.of("fd-socket", DescriptorTest::socket)
        .without(Trait.LISTENS, "it is open already")
        .without(Trait.CONNECT_REFUSED, "it is open already")
        .without(Trait.IMMEDIATE, "bytes are on their way for a while, uncounted")
        .without(Trait.COUNTED, "bytes are on their way for a while, uncounted")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_BREAKS_WRITER, "what still arrives is dropped")
        .without(Trait.ABORT_DELIVERED, "a Unix socket has no reset: the peer reads an end")
        .without(Trait.ABORT_SEEN, "a Unix socket has no reset: the peer reads an end")
        .without(Trait.VERDICT, "the peer is a socket and no program");
  }

  @Case
  void descriptorThatIsGivenAwayIsClosedWithItsChannel() throws Exception {
    Posix calls = ACCESS.calls("test", "a test");
    int fd = open(calls, Path.of("/dev/null"), Linux.O_RDONLY);
    try (Channel channel = adopt(fd)) {
      assertEquals(Set.of(Capability.INPUT, Capability.DESCRIPTOR), channel.capabilities());
      assertEquals(-Linux.EBADF, calls.fcntl(fd, Linux.F_GETFD, 0));
    }
  }

  @Case
  void descriptorThatIsNotGivenAwayIsLeftAlone() throws Exception {
    Posix calls = ACCESS.calls("test", "a test");
    int fd = open(calls, Path.of("/dev/null"), Linux.O_RDONLY);
    assertThrows(IllegalArgumentException.class, () -> Bench.open("fd:" + fd));
    assertEquals(Linux.FD_CLOEXEC, calls.fcntl(fd, Linux.F_GETFD, 0));
    calls.close(fd);
    AddressException gone =
        assertThrows(AddressException.class, () -> Bench.open("fd:" + fd + "?own=true"));
    assertEquals(AddressException.Kind.NOT_FOUND, gone.kind());
  }

  /** Sockets and descriptors of every kind wait in one selector, that of the poller's caller. */
  @Case
  void onePollerServesSocketsNamesAndDescriptors() throws Exception {
    Endpoint name = Endpoint.parse("unix-listen:@" + Bench.fresh(PREFIX));
    try (Poller poller = Bench.PENSTOCK.poller();
        Subject tcp =
            Bench.clientToServer(Endpoint.parse("tcp-listen://127.0.0.1:0"), Bench::connecting);
        Subject named = Bench.clientToServer(name, Bench::connecting);
        Subject pipe = fifo();
        Subject socket = socket()) {
      List<Subject> all = List.of(tcp, named, pipe, socket);
      for (Subject each : all) {
        poller.register(each.source(), Framing.lines(80));
      }
      assertEquals(List.of(), poller.poll(Wait.none()));
      Set<String> before = threads();
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < all.size(); i++) {
          all.get(i).sink().writeFully(round + "." + i + "\n", Bench.SOON);
        }
        Set<String> lines = new TreeSet<>();
        while (lines.size() < all.size()) {
          for (PollEvent event : poller.poll(Bench.SOON)) {
            lines.add(
                StandardCharsets.UTF_8.decode(((PollEvent.Data) event).bytes()).toString().strip());
          }
        }
        String now = round + ".";
        assertEquals(Set.of(now + 0, now + 1, now + 2, now + 3), lines);
      }
      Set<String> more = threads();
      more.removeAll(before);
      assertEquals(Set.of(), more, "no thread of its own for any of them");
    }
  }

  private static Set<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("penstock-") && !name.startsWith("penstock-worker"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Nested
  class PipeEnds extends ContractSuite {
    @Override
    protected Kind kind() {
      return pipes();
    }
  }

  @Nested
  class WholePipe extends ChannelSuite {
    @Override
    protected Kind kind() {
      return pipes();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }

  @Nested
  class SocketEnds extends ContractSuite {
    @Override
    protected Kind kind() {
      return sockets();
    }
  }

  @Nested
  class WholeSocket extends ChannelSuite {
    @Override
    protected Kind kind() {
      return sockets();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }
}
